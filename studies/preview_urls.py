"""Pages of a dry run under the names that volunteers' views and templates use. Included in the site under a name space;
on its own while such a view runs."""

from django.urls import path

from . import consent, pages, practice
from .preview import at_preview

BASE = "studies/<slug:token>/preview/"
urlpatterns = [
    path(f"{BASE}run/", at_preview(pages.participant_home), name="participant"),
    path(f"{BASE}run/join/", at_preview(consent.join), name="join"),
    path(f"{BASE}run/about-you/", at_preview(consent.about_you), name="about-you"),
    path(f"{BASE}run/instructions/", at_preview(consent.instructions), name="instructions"),
    path(f"{BASE}run/practice/", at_preview(practice.practise), name="practice"),
    path(f"{BASE}run/trial/", at_preview(pages.trial), name="trial"),
    path(f"{BASE}run/answers/", at_preview(pages.answers), name="answers"),
    path(f"{BASE}run/undo/", at_preview(pages.undo), name="undo"),
    path(f"{BASE}run/break/", at_preview(pages.take_a_break), name="break"),
    path(f"{BASE}run/leave/", at_preview(consent.leave), name="leave"),
    path(f"{BASE}run/thanks/", at_preview(pages.thanks), name="thanks"),
]
