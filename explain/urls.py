"""Addresses of the explain app."""

from django.urls import include, path

urlpatterns = [path("", include("explain.web.urls"))]
