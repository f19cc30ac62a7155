"""Addresses of the studies app. Each room has its own; volunteers' come first, as they ask most."""

from django.urls import include, path

ROOMS = (
    "participation",
    "setup",
    "preregistration",
    "overview",
    "inviting",
    "lifecycle",
    "monitoring",
    "notices",
    "results",
    "exports",
    "archives",
    "arena",
    "payments",
    "access",
    "api",
)

urlpatterns = [path("", include(f"studies.{room}.urls")) for room in ROOMS]
