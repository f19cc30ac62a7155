"""Addresses of the pages that set a study up."""

from django.urls import include, path

from . import preview, setup, setup_check

urlpatterns = [
    path("studies/new/", setup.new, name="setup-new"),
    path("studies/first/", setup.first, name="setup-first"),
    path("studies/<slug:slug>/set-up/check/", setup_check.check, name="setup-check"),
    path("studies/<slug:slug>/set-up/maps/", setup_check.make_maps, name="setup-maps"),
    path("studies/<slug:slug>/set-up/retry/", setup_check.retry, name="setup-retry"),
    path("studies/<slug:slug>/set-up/state.json", setup_check.state_json, name="setup-state"),
    path("studies/<slug:slug>/set-up/estimate.json", setup.estimate_json, name="setup-estimate"),
    path("studies/<slug:slug>/preview/", preview.begin, name="setup-preview"),
    path("", include(("studies.preview_urls", "preview"))),
    path("studies/<slug:slug>/set-up/<slug:step>/", setup.step, name="setup-step"),
]
