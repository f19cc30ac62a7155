"""Addresses of a study's state, its protocol, and how alike its arms look."""

from django.urls import path

from . import growth_views, protocol_views, similarity_views, state_views

urlpatterns = [
    path("studies/<slug:slug>/state/<slug:to>/", state_views.state, name="study-state"),
    path("studies/<slug:slug>/delete/", state_views.delete, name="study-delete"),
    path("studies/<slug:slug>/protocol/", protocol_views.protocol, name="study-protocol"),
    path("studies/<slug:slug>/protocol.toml", protocol_views.protocol_file, name="study-protocol-file"),
    path("studies/<slug:slug>/protocol/change/", protocol_views.change_wording, name="study-change-wording"),
    path("studies/<slug:slug>/grow/", growth_views.more_answers, name="study-grow"),
    path("studies/<slug:slug>/alike/", similarity_views.alike, name="study-alike"),
    path("studies/<slug:slug>/alike.json", similarity_views.state_json, name="study-alike-state"),
]
