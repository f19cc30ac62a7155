"""Address of a study's notices."""

from django.urls import path

from . import views

urlpatterns = [path("studies/<slug:slug>/notices/", views.notices, name="study-notices")]
