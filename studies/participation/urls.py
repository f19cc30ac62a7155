"""Addresses of what a volunteer sees. Nobody logs in here; a token in the path says whose page it is.
A picture's address says by itself which it is.

The same views are a preview's under setup/preview_urls.py.
"""

from django.urls import path

from . import consent_views, picture_views, practice_views, trial_views
from .entrances import at_entrance, at_seat

urlpatterns = [
    path(
        "picture/<str:address>", picture_views.picture, name="picture"
    ),  # first, as browsers ask most for these
    path("join/<str:token>/", at_entrance(consent_views.join), name="join"),
    path("join/<str:token>/wrong/", at_entrance(consent_views.wrong_before), name="wrong-before"),
    path("p/<str:token>/wrong/", at_seat(consent_views.wrong, screened=True), name="wrong"),
    path("p/<str:token>/", at_seat(trial_views.participant_home), name="participant"),
    path("p/<str:token>/about-you/", at_seat(consent_views.about_you), name="about-you"),
    path("p/<str:token>/afterwards/", at_seat(consent_views.afterwards), name="afterwards"),
    path("p/<str:token>/instructions/", at_seat(consent_views.instructions), name="instructions"),
    path("p/<str:token>/practice/", at_seat(practice_views.practise), name="practice"),
    path("p/<str:token>/trial/", at_seat(trial_views.trial), name="trial"),
    path("p/<str:token>/answers/", at_seat(trial_views.answers), name="answers"),
    path("p/<str:token>/undo/", at_seat(trial_views.undo), name="undo"),
    path("p/<str:token>/break/", at_seat(trial_views.take_a_break), name="break"),
    path("p/<str:token>/leave/", at_seat(consent_views.leave), name="leave"),
    path("p/<str:token>/thanks/", at_seat(trial_views.thanks), name="thanks"),
]
