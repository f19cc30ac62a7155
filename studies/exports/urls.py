"""Addresses of what is taken away."""

from django.urls import path

from studies.figures import handed_out
from studies.results import taken_whole

from . import views

urlpatterns = [
    path("studies/<slug:slug>/export.csv", views.export_csv, name="study-export"),
    path("studies/<slug:slug>/report.html", views.report_file, name="study-report"),
    path("studies/<slug:slug>/report/figures/", views.report_figures, name="study-report-figures"),
    path(
        "studies/<slug:slug>/report/figures/take/<slug:name>.<slug:ending>",
        handed_out(views.report_file, taken_whole),
        name="study-report-take",
    ),
    path("studies/<slug:slug>/codebook.csv", views.codebook, name="study-codebook"),
]
