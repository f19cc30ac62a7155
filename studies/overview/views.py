"""What an admin or researcher sees. Every look-up starts from `Study.objects.visible_to(user)`."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from studies import participation, results
from studies.access import editable_study_of, may_edit, study_of
from studies.lifecycle import STEPS, revoke_invitation
from studies.models import Study
from studies.monitoring import invitations_with_people, need_of, people_by_state, progress_of

from .forms import InvitationForm

EVENTS_SHOWN = 20


@require_safe
def studies(request: HttpRequest) -> HttpResponse:
    """All studies of this researcher, with how far each has come."""
    found = list(Study.objects.visible_to(request.user))
    editable = set(Study.objects.editable_by(request.user).values_list("pk", flat=True))
    done = progress_of(found)
    rows = [(study, done[study.pk], study.pk in editable) for study in found]
    return render(request, "studies/overview/list.html", {"studies": rows})


@require_safe
def study(request: HttpRequest, slug: str) -> HttpResponse:
    """One study: what it asks, how far it has come, who is let in. One without maps is shown as its set-up."""
    found = study_of(request, slug)
    if found.state in Study.LACKS_SOMETHING and may_edit(request.user, found):
        return redirect("setup-check", slug)
    return _overview(request, found, InvitationForm())


@require_POST
def invite(request: HttpRequest, slug: str) -> HttpResponse:
    """Make an invitation and show its link, this once: only its hash is kept."""
    found = editable_study_of(request, slug)
    form = InvitationForm(request.POST)
    if not form.is_valid():
        return _overview(request, found, form)
    invitation, token = participation.invite(study=found, user=request.user, **form.cleaned_data)
    link = request.build_absolute_uri(reverse("join", args=[token]))
    return _overview(request, found, InvitationForm(), invitation=invitation, link=link)


@require_POST
def revoke(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Let nobody else in by an invitation. Those who are in stay in."""
    found = editable_study_of(request, slug)
    invitation = get_object_or_404(found.invitations, pk=pk)
    revoke_invitation(invitation=invitation, user=request.user)
    messages.success(request, f"Nobody else can come in by “{invitation}”.")
    return redirect("study", slug)


def _overview(request: HttpRequest, found: Study, form: InvitationForm, **more) -> HttpResponse:
    done, arms = progress_of([found])[found.pk], results.competing_arms(found)
    shown = found.trial_type.layout.shown(len(arms))
    return render(
        request,
        "studies/overview/study.html",
        {
            "study": found,
            "arms": arms,
            "maps_shown": shown,
            "offered": found.trial_type.asked.answers_offered(found.wording, shown),
            "items": found.items.count(),
            "progress": done,
            "trials_chart": results.trial_states(done) if done.needed else "",
            "people": people_by_state(found),
            "invitations": invitations_with_people(found),
            "need": need_of(found),
            "events": found.events.select_related("user", "participant").order_by("-id")[:EVENTS_SHOWN],
            "steps": STEPS[found.state].items(),
            "form": form,
            "may_edit": may_edit(request.user, found),
            **more,
        },
    )
