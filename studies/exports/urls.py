"""Addresses of what is taken away."""

from django.urls import path

from . import views

urlpatterns = [
    path("studies/<slug:slug>/export.csv", views.export_csv, name="study-export"),
    path("studies/<slug:slug>/report.html", views.report_file, name="study-report"),
    path("studies/<slug:slug>/codebook.csv", views.codebook, name="study-codebook"),
]
