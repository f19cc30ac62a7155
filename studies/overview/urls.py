"""Addresses of the home page, the list of studies and a study's own page."""

from django.contrib.auth.decorators import login_not_required
from django.urls import path
from django.views.generic import TemplateView

from . import views

home = login_not_required(TemplateView.as_view(template_name="home.html"))

urlpatterns = [
    path("", home, name="home"),
    path("studies/", views.studies, name="studies"),
    path("studies/<slug:slug>/", views.study, name="study"),
    path("studies/<slug:slug>/invite/", views.invite, name="study-invite"),
    path("studies/<slug:slug>/invitations/<int:pk>/revoke/", views.revoke, name="study-revoke"),
]
