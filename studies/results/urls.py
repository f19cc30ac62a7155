"""Addresses of what came out."""

from django.urls import path

from studies.figures import handed_out

from . import item_views, views
from .requests import taken_part, taken_whole

TAKE = "take/<slug:name>.<slug:ending>"

urlpatterns = [
    path("studies/<slug:slug>/results/", views.results, name="study-results"),
    path("studies/<slug:slug>/results/humans/", views.humans, name="study-humans"),
    path("studies/<slug:slug>/results/humans/measure/", views.measure, name="study-humans-measure"),
    path("studies/<slug:slug>/results/humans/measure.json", views.measure_state, name="study-humans-state"),
    path("studies/<slug:slug>/results/people/", views.people_and_classes, name="study-results-people"),
    path(
        f"studies/<slug:slug>/results/{TAKE}",
        handed_out(views.results, taken_part),
        name="study-results-take",
    ),
    path(
        f"studies/<slug:slug>/results/humans/{TAKE}",
        handed_out(views.humans, taken_whole),
        name="study-humans-take",
    ),
    path(
        f"studies/<slug:slug>/results/people/{TAKE}",
        handed_out(views.people_and_classes, taken_part),
        name="study-results-people-take",
    ),
    path("studies/<slug:slug>/results.json", views.results_json, name="study-results-json"),
    path("studies/<slug:slug>/gallery/", item_views.gallery, name="study-gallery"),
    path("studies/<slug:slug>/items/", item_views.items, name="study-items"),
    path("studies/<slug:slug>/items/<int:index>/", item_views.item, name="study-item"),
]
