"""Addresses of the API, its schema and documentation, and the page of tokens."""

from django.urls import include, path
from rest_framework.routers import SimpleRouter

from . import token_views, viewsets

router = SimpleRouter()
router.register("studies", viewsets.StudyViewSet, basename="api-study")

urlpatterns = [
    path("api/tokens/", token_views.tokens, name="api-tokens"),
    path("api/schema/", viewsets.schema, name="api-schema"),
    path("api/docs/", viewsets.docs, name="api-docs"),
    path("api/", include(router.urls)),
]
