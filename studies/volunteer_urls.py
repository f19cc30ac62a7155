"""Addresses of what a volunteer sees. Nobody logs in here; a token in the path says whose page it is.

The same views are a preview's under preview_urls.py.
"""

from django.urls import path

from . import consent, pages, pictures, practice
from .seats import at_entrance, at_seat

urlpatterns = [
    path("join/<str:token>/", at_entrance(consent.join), name="join"),
    path("p/<str:token>/", at_seat(pages.participant_home), name="participant"),
    path("p/<str:token>/about-you/", at_seat(consent.about_you), name="about-you"),
    path("p/<str:token>/instructions/", at_seat(consent.instructions), name="instructions"),
    path("p/<str:token>/practice/", at_seat(practice.practise), name="practice"),
    path("p/<str:token>/trial/", at_seat(pages.trial), name="trial"),
    path("p/<str:token>/trial/<int:position>/<int:slot>.jpg", pictures.picture, name="picture"),
    path("p/<str:token>/answers/", at_seat(pages.answers), name="answers"),
    path("p/<str:token>/undo/", at_seat(pages.undo), name="undo"),
    path("p/<str:token>/break/", at_seat(pages.take_a_break), name="break"),
    path("p/<str:token>/leave/", at_seat(consent.leave), name="leave"),
    path("p/<str:token>/thanks/", at_seat(pages.thanks), name="thanks"),
]
