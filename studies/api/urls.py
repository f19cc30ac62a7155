"""Addresses of the API, its schema and documentation, and the page of tokens."""

from django.urls import include, path
from rest_framework.routers import SimpleRouter

from . import materials, token_views, viewsets

router = SimpleRouter()
router.register("studies", viewsets.StudyViewSet, basename="api-study")
router.register("photo-sets", materials.PhotoSetViewSet, basename="api-photo-set")
router.register("networks", materials.NetworkViewSet, basename="api-network")
router.register("map-sets", materials.MapSetViewSet, basename="api-map-set")
router.register("picture-sets", materials.PictureSetViewSet, basename="api-picture-set")
router.register("jobs", materials.JobViewSet, basename="api-job")

urlpatterns = [
    path("api/tokens/", token_views.tokens, name="api-tokens"),
    path("api/schema/", viewsets.schema, name="api-schema"),
    path("api/docs/", viewsets.docs, name="api-docs"),
    path("api/", include(router.urls)),
]
