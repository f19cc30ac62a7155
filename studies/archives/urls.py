"""The address of a study's archive."""

from django.urls import path

from . import views

urlpatterns = [path("studies/<slug:slug>/archive/", views.archive, name="study-archive")]
