"""Addresses of what came out."""

from django.urls import path

from . import gallery_views, item_views, views

urlpatterns = [
    path("studies/<slug:slug>/results/", views.results, name="study-results"),
    path("studies/<slug:slug>/results/humans/", views.humans, name="study-humans"),
    path("studies/<slug:slug>/results/people/", views.people_and_classes, name="study-results-people"),
    path("studies/<slug:slug>/results.json", views.results_json, name="study-results-json"),
    path("studies/<slug:slug>/gallery/", gallery_views.gallery, name="study-gallery"),
    path("studies/<slug:slug>/items/", item_views.items, name="study-items"),
    path("studies/<slug:slug>/items/<int:index>/", item_views.item, name="study-item"),
]
