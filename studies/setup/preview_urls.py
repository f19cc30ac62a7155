"""Pages of a dry run under the names that volunteers' views and templates use. Included in the site under a name space;
on its own while such a view runs."""

from django.urls import path

from studies.participation import consent_views, practice_views, trial_views

from .preview_views import at_preview

BASE = "studies/<slug:token>/preview/"
urlpatterns = [
    path(f"{BASE}run/", at_preview(trial_views.participant_home), name="participant"),
    path(f"{BASE}run/join/", at_preview(consent_views.join), name="join"),
    path(f"{BASE}run/join/wrong/", at_preview(consent_views.wrong_before), name="wrong-before"),
    path(f"{BASE}run/wrong/", at_preview(consent_views.wrong), name="wrong"),
    path(f"{BASE}run/about-you/", at_preview(consent_views.about_you), name="about-you"),
    path(f"{BASE}run/afterwards/", at_preview(consent_views.afterwards), name="afterwards"),
    path(f"{BASE}run/instructions/", at_preview(consent_views.instructions), name="instructions"),
    path(f"{BASE}run/practice/", at_preview(practice_views.practise), name="practice"),
    path(f"{BASE}run/trial/", at_preview(trial_views.trial), name="trial"),
    path(f"{BASE}run/answers/", at_preview(trial_views.answers), name="answers"),
    path(f"{BASE}run/undo/", at_preview(trial_views.undo), name="undo"),
    path(f"{BASE}run/break/", at_preview(trial_views.take_a_break), name="break"),
    path(f"{BASE}run/leave/", at_preview(consent_views.leave), name="leave"),
    path(f"{BASE}run/thanks/", at_preview(trial_views.thanks), name="thanks"),
]
