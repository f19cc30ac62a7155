"""Addresses of the studies app: volunteers' pages, the workspace, the API."""

from django.urls import include, path

urlpatterns = [
    path("", include("studies.participation.urls")),
    path("", include("studies.setup.urls")),
    path("", include("studies.overview.urls")),
]
