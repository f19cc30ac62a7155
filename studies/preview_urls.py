"""Pages of a dry run under the names that volunteers' templates use. Included in the site under a name space; on its
own while such a template is rendered."""

from django.urls import path

from . import preview

BASE = "studies/<slug:token>/preview/"
urlpatterns = [
    path(f"{BASE}run/", preview.home, name="participant"),
    path(f"{BASE}run/join/", preview.join, name="join"),
    path(f"{BASE}run/about-you/", preview.about_you, name="about-you"),
    path(f"{BASE}run/instructions/", preview.instructions, name="instructions"),
    path(f"{BASE}run/practice/", preview.practice, name="practice"),
    path(f"{BASE}run/trial/", preview.trial, name="trial"),
    path(f"{BASE}run/answers/", preview.answers, name="answers"),
    path(f"{BASE}run/undo/", preview.undo, name="undo"),
    path(f"{BASE}run/break/", preview.take_a_break, name="break"),
    path(f"{BASE}run/leave/", preview.leave, name="leave"),
    path(f"{BASE}run/thanks/", preview.thanks, name="thanks"),
]
