"""Addresses of the explain app."""

from django.urls import path

from . import bringing, views

urlpatterns = [
    path("maps/", views.runs, name="runs"),
    path("maps/photos/new/", bringing.photos, name="photos-new"),
    path("maps/networks/new/", bringing.network, name="network-new"),
    path("maps/jobs/<int:pk>/", bringing.job, name="job"),
    path("maps/jobs/<int:pk>/state.json", bringing.job_state, name="job-state"),
    path("maps/jobs/<int:pk>/retry/", bringing.job_retry, name="job-retry"),
    path("maps/jobs/<int:pk>/picture.jpg", bringing.job_picture, name="job-picture"),
    path("maps/runs/<int:pk>/", views.run, name="run"),
    path("maps/runs/<int:pk>/state.json", views.run_state, name="run-state"),
    path("maps/runs/<int:pk>/retry/", views.retry_run, name="run-retry"),
    path("maps/sets/<slug:name>/", views.image_set, name="image-set"),
    path("maps/pictures/photo/<int:pk>/", views.photo_picture, name="photo-picture"),
    path("maps/pictures/<str:kind>/<int:pk>/", views.map_picture, name="map-picture"),
]
