"""Addresses of the studies app: volunteers' pages, the workspace, the API."""

from django.urls import include, path

urlpatterns = [
    path("", include("studies.volunteer_urls")),
    path("", include("studies.setup_urls")),
    path("", include("studies.workspace_urls")),
]
