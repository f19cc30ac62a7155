"""Addresses of a study's payments."""

from django.urls import path

from . import views

urlpatterns = [
    path("studies/<slug:slug>/payments/", views.payments, name="study-payments"),
    path("studies/<slug:slug>/payments.csv", views.payments_file, name="study-payments-file"),
    path(
        "studies/<slug:slug>/payments/<slug:site>/<slug:decision>/",
        views.site_list,
        name="study-payments-list",
    ),
]
