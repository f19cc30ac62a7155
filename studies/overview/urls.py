"""Addresses of what an admin or researcher sees, and of the API."""

from django.contrib.auth.decorators import login_not_required
from django.urls import include, path
from django.views.generic import TemplateView
from rest_framework.routers import SimpleRouter

from studies.access import event_log_views, role_views
from studies.api import token_views, viewsets
from studies.exports import views
from studies.lifecycle import protocol_views, similarity_views, state_views
from studies.monitoring import views as watch_pages
from studies.monitoring.views import counted_json
from studies.results import gallery_views, item_views, views
from studies.setup import photo_selection_views

from . import views as workspace

home = login_not_required(TemplateView.as_view(template_name="home.html"))

router = SimpleRouter()
router.register("studies", viewsets.StudyViewSet, basename="api-study")

urlpatterns = [
    path("", home, name="home"),
    path("studies/", workspace.studies, name="studies"),
    path("studies/<slug:slug>/", workspace.study, name="study"),
    path("studies/<slug:slug>/invite/", workspace.invite, name="study-invite"),
    path("studies/<slug:slug>/invitations/<int:pk>/revoke/", workspace.revoke, name="study-revoke"),
    path("studies/<slug:slug>/state/<slug:to>/", state_views.state, name="study-state"),
    path("studies/<slug:slug>/delete/", state_views.delete, name="study-delete"),
    path("studies/<slug:slug>/results/", views.results, name="study-results"),
    path("studies/<slug:slug>/results/humans/", views.humans, name="study-humans"),
    path("studies/<slug:slug>/results.json", views.results_json, name="study-results-json"),
    path("studies/<slug:slug>/export.csv", views.export_csv, name="study-export"),
    path("studies/<slug:slug>/counted.json", counted_json, name="study-counted"),
    path("studies/<slug:slug>/watch/", watch_pages.watching, name="study-watch"),
    path("studies/<slug:slug>/people/<int:number>/void/", watch_pages.void, name="study-void"),
    path("studies/<slug:slug>/gallery/", gallery_views.gallery, name="study-gallery"),
    path("studies/<slug:slug>/items/", item_views.items, name="study-items"),
    path("studies/<slug:slug>/items/<int:index>/", item_views.item, name="study-item"),
    path("studies/<slug:slug>/photos/", photo_selection_views.photos, name="study-photos"),
    path("studies/<slug:slug>/protocol/", protocol_views.protocol, name="study-protocol"),
    path("studies/<slug:slug>/protocol.toml", protocol_views.protocol_file, name="study-protocol-file"),
    path("studies/<slug:slug>/protocol/change/", protocol_views.change_wording, name="study-change-wording"),
    path("studies/<slug:slug>/access/", role_views.access, name="study-access"),
    path("studies/<slug:slug>/record/", event_log_views.record, name="study-record"),
    path("studies/<slug:slug>/alike/", similarity_views.alike, name="study-alike"),
    path("studies/<slug:slug>/alike.json", similarity_views.state_json, name="study-alike-state"),
    path("studies/<slug:slug>/report.html", views.report_file, name="study-report"),
    path("studies/<slug:slug>/codebook.csv", views.codebook, name="study-codebook"),
    path("api/tokens/", token_views.tokens, name="api-tokens"),
    path("api/schema/", viewsets.schema, name="api-schema"),
    path("api/docs/", viewsets.docs, name="api-docs"),
    path("api/", include(router.urls)),
]
