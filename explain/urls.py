"""Addresses of the explain app."""

from django.urls import path
from django.views.generic import TemplateView

urlpatterns: list = [path("maps/", TemplateView.as_view(template_name="home.html"), name="runs")]
