"""Addresses of an invitation's own pages, and of personal links."""

from django.urls import path

from . import views

urlpatterns = [
    path("studies/<slug:slug>/invitations/personal/", views.personal_links, name="study-personal-links"),
    path("studies/<slug:slug>/invitations/<int:pk>/", views.invitation, name="study-invitation"),
    path("studies/<slug:slug>/invitations/<int:pk>/qr.svg", views.qr_file, name="study-invitation-qr"),
    path("studies/<slug:slug>/invitations/<int:pk>/poster/", views.poster, name="study-poster"),
]
