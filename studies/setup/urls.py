"""Addresses of the pages that set a study up."""

from django.urls import include, path

from . import (
    copy_views,
    gallery_views,
    photo_selection_views,
    power_views,
    preview_views,
    review_views,
    views,
)

urlpatterns = [
    path("studies/new/", views.new, name="setup-new"),
    path("studies/new/designs/", gallery_views.gallery, name="setup-gallery"),
    path("studies/first/", views.first, name="setup-first"),
    path("studies/<slug:slug>/duplicate/", copy_views.duplicate, name="study-duplicate"),
    path("studies/<slug:slug>/set-up/check/", review_views.check, name="setup-check"),
    path("studies/<slug:slug>/set-up/maps/", review_views.make_maps, name="setup-maps"),
    path("studies/<slug:slug>/set-up/retry/", review_views.retry, name="setup-retry"),
    path("studies/<slug:slug>/set-up/state.json", review_views.state_json, name="setup-state"),
    path("studies/<slug:slug>/set-up/estimate.json", views.estimate_json, name="setup-estimate"),
    path("studies/<slug:slug>/photos/", photo_selection_views.photos, name="study-photos"),
    path("studies/<slug:slug>/power/", power_views.plan, name="study-power"),
    path("studies/<slug:slug>/power.json", power_views.state_json, name="study-power-state"),
    path("studies/<slug:slug>/preview/", preview_views.begin, name="setup-preview"),
    path("", include(("studies.setup.preview_urls", "preview"))),
    path("studies/<slug:slug>/set-up/<slug:step>/", views.step, name="setup-step"),
]
