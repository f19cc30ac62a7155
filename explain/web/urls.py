"""Addresses of the pages about photos, networks and maps."""

from django.urls import path

from . import job_views, map_set_views, map_views, run_views, upload_views

urlpatterns = [
    path("maps/", map_views.runs, name="runs"),
    path("maps/photos/new/", upload_views.photos, name="photos-new"),
    path("maps/map-sets/new/", map_set_views.map_set, name="map-set-new"),
    path("maps/picture-sets/new/", map_set_views.picture_set, name="picture-set-new"),
    path("maps/networks/new/", upload_views.network, name="network-new"),
    path("maps/jobs/<int:pk>/", job_views.job, name="job"),
    path("maps/jobs/<int:pk>/state.json", job_views.job_state, name="job-state"),
    path("maps/jobs/<int:pk>/retry/", job_views.job_retry, name="job-retry"),
    path("maps/jobs/<int:pk>/answer/", job_views.job_answer, name="job-answer"),
    path("maps/jobs/<int:pk>/picture.jpg", job_views.job_picture, name="job-picture"),
    path("maps/runs/<int:pk>/", run_views.run, name="run"),
    path("maps/runs/<int:pk>/state.json", run_views.run_state, name="run-state"),
    path("maps/runs/<int:pk>/retry/", run_views.retry_run, name="run-retry"),
    path("maps/runs/<int:pk>/stop/", run_views.stop_run, name="run-stop"),
    path("maps/runs/<int:pk>/remove/", run_views.remove_run, name="run-remove"),
    path("maps/sets/<slug:name>/", map_views.image_set, name="image-set"),
    path("maps/pictures/photo/<int:pk>/", map_views.photo_picture, name="photo-picture"),
    path("maps/pictures/<str:kind>/<int:pk>/", map_views.map_picture, name="map-picture"),
    path(
        "maps/pictures/<str:kind>/side-by-side/<str:keys>/", map_views.side_by_side, name="maps-side-by-side"
    ),
]
