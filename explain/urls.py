"""Addresses of the explain app."""

from django.urls import path

from . import views

urlpatterns = [
    path("maps/", views.runs, name="runs"),
    path("maps/runs/<int:pk>/", views.run, name="run"),
    path("maps/runs/<int:pk>/state.json", views.run_state, name="run-state"),
    path("maps/runs/<int:pk>/retry/", views.retry_run, name="run-retry"),
    path("maps/sets/<slug:name>/", views.image_set, name="image-set"),
    path("maps/pictures/photo/<int:pk>/", views.photo_picture, name="photo-picture"),
    path("maps/pictures/<str:kind>/<int:pk>/", views.map_picture, name="map-picture"),
]
