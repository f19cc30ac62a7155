"""Addresses of what an admin or researcher sees, and of the API."""

from django.contrib.auth.decorators import login_not_required
from django.urls import include, path
from django.views.generic import TemplateView
from rest_framework.routers import SimpleRouter

from . import access, alike, api, items, photos, protocol_pages, record, tokens_page, watch_pages, workspace

home = login_not_required(TemplateView.as_view(template_name="home.html"))

router = SimpleRouter()
router.register("studies", api.StudyViewSet, basename="api-study")

urlpatterns = [
    path("", home, name="home"),
    path("studies/", workspace.studies, name="studies"),
    path("studies/<slug:slug>/", workspace.study, name="study"),
    path("studies/<slug:slug>/invite/", workspace.invite, name="study-invite"),
    path("studies/<slug:slug>/invitations/<int:pk>/revoke/", workspace.revoke, name="study-revoke"),
    path("studies/<slug:slug>/state/<slug:to>/", workspace.state, name="study-state"),
    path("studies/<slug:slug>/delete/", workspace.delete, name="study-delete"),
    path("studies/<slug:slug>/results/", workspace.results, name="study-results"),
    path("studies/<slug:slug>/results/humans/", workspace.humans, name="study-humans"),
    path("studies/<slug:slug>/results.json", workspace.results_json, name="study-results-json"),
    path("studies/<slug:slug>/export.csv", workspace.export_csv, name="study-export"),
    path("studies/<slug:slug>/counted.json", workspace.counted_json, name="study-counted"),
    path("studies/<slug:slug>/watch/", watch_pages.watching, name="study-watch"),
    path("studies/<slug:slug>/people/<int:number>/void/", watch_pages.void, name="study-void"),
    path("studies/<slug:slug>/gallery/", watch_pages.gallery, name="study-gallery"),
    path("studies/<slug:slug>/items/", items.items, name="study-items"),
    path("studies/<slug:slug>/items/<int:index>/", items.item, name="study-item"),
    path("studies/<slug:slug>/photos/", photos.photos, name="study-photos"),
    path("studies/<slug:slug>/protocol/", protocol_pages.protocol, name="study-protocol"),
    path("studies/<slug:slug>/protocol.toml", protocol_pages.protocol_file, name="study-protocol-file"),
    path("studies/<slug:slug>/protocol/change/", protocol_pages.change_wording, name="study-change-wording"),
    path("studies/<slug:slug>/access/", access.access, name="study-access"),
    path("studies/<slug:slug>/record/", record.record, name="study-record"),
    path("studies/<slug:slug>/alike/", alike.alike, name="study-alike"),
    path("studies/<slug:slug>/alike.json", alike.state_json, name="study-alike-state"),
    path("studies/<slug:slug>/report.html", workspace.report_file, name="study-report"),
    path("studies/<slug:slug>/codebook.csv", workspace.codebook, name="study-codebook"),
    path("api/tokens/", tokens_page.tokens, name="api-tokens"),
    path("api/schema/", api.schema, name="api-schema"),
    path("api/docs/", api.docs, name="api-docs"),
    path("api/", include(router.urls)),
]
