"""Addresses of what a volunteer sees. Nobody logs in here; a token in the path says whose page it is."""

from django.urls import path

from . import consent, pages, pictures, practice

urlpatterns = [
    path("join/<str:token>/", consent.join, name="join"),
    path("p/<str:token>/", pages.participant_home, name="participant"),
    path("p/<str:token>/about-you/", consent.about_you, name="about-you"),
    path("p/<str:token>/instructions/", consent.instructions, name="instructions"),
    path("p/<str:token>/practice/", practice.practise, name="practice"),
    path("p/<str:token>/trial/", pages.trial, name="trial"),
    path("p/<str:token>/trial/<int:position>/<int:slot>.jpg", pictures.picture, name="picture"),
    path("p/<str:token>/answers/", pages.answers, name="answers"),
    path("p/<str:token>/undo/", pages.undo, name="undo"),
    path("p/<str:token>/break/", pages.take_a_break, name="break"),
    path("p/<str:token>/leave/", consent.leave, name="leave"),
    path("p/<str:token>/thanks/", pages.thanks, name="thanks"),
]
