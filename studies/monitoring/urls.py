"""Addresses of a running study."""

from django.urls import path

from . import views

urlpatterns = [
    path("studies/<slug:slug>/counted.json", views.counted_json, name="study-counted"),
    path("studies/<slug:slug>/watch/", views.watching, name="study-watch"),
    path("studies/<slug:slug>/people/<int:number>/back/", views.take_back, name="study-take-back"),
    path("studies/<slug:slug>/test-people/", views.test_people, name="study-test-people"),
    path("studies/<slug:slug>/people/<int:number>/void/", views.void, name="study-void"),
]
