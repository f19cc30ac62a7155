"""Addresses of preregistrations."""

from django.urls import path

from . import views

urlpatterns = [
    path(
        "studies/<slug:slug>/preregistration.<slug:ending>",
        views.preregistration,
        name="study-preregistration",
    ),
]
