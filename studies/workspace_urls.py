"""Addresses of what an admin or researcher sees, and of the API."""

from django.contrib.auth.decorators import login_not_required
from django.urls import path
from django.views.generic import TemplateView

home = login_not_required(TemplateView.as_view(template_name="home.html"))

urlpatterns = [
    path("", home, name="home"),
    path("studies/", TemplateView.as_view(template_name="home.html"), name="studies"),
    path("api/docs/", TemplateView.as_view(template_name="home.html"), name="api-docs"),
]
