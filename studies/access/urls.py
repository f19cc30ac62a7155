"""Addresses of a study's roles and of its record."""

from django.urls import path

from . import event_log_views, role_views

urlpatterns = [
    path("studies/<slug:slug>/access/", role_views.access, name="study-access"),
    path("studies/<slug:slug>/record/", event_log_views.record, name="study-record"),
]
