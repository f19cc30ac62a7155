"""Addresses of a running study."""

from django.urls import path

from . import views

urlpatterns = [
    path("studies/<slug:slug>/counted.json", views.counted_json, name="study-counted"),
    path("studies/<slug:slug>/watch/", views.watching, name="study-watch"),
    path("studies/<slug:slug>/people/<int:number>/void/", views.void, name="study-void"),
]
