"""Addresses of a living comparison: its page for everybody, and where its researchers let arms join and leave."""

from django.urls import path

from . import views

urlpatterns = [
    path("arena/<slug:slug>/", views.arena, name="arena"),
    path("arena/<slug:slug>/arena.json", views.arena_json, name="arena-json"),
    path("arena/<slug:slug>/arena.csv", views.arena_csv, name="arena-csv"),
    path("studies/<slug:slug>/arms/", views.arms, name="study-arms"),
]
