"""Pages of researchers: their studies, one study, its invitations. Every look-up starts from `Study.objects.visible_to(user)`."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from studies import participation, results
from studies.access import editable_study_of, may_edit, may_pay, study_of
from studies.lifecycle import STEPS, revoke_invitation
from studies.models import Study
from studies.monitoring import (
    invitations_with_people,
    need_of,
    people_by_state,
    personal_links_by_label,
    progress_of,
)

from .forms import InvitationForm
from .which_studies import WhichStudies

EVENTS_SHOWN = 20


@require_safe
def studies(request: HttpRequest) -> HttpResponse:
    """The studies of this researcher that are asked for, with how far each has come and what can be done with it."""
    visible = Study.objects.visible_to(request.user)
    which = WhichStudies(request.GET, visible)
    shown = list(which.chosen())
    editable = set(Study.objects.editable_by(request.user).values_list("pk", flat=True))
    progress = progress_of(shown)
    context = {
        "studies": [(study, progress[study.pk], study.pk in editable) for study in shown],
        "which": which,
        "total": visible.count(),
        "paid": Study.objects.payable_by(request.user).exclude(pk__in=visible.values("pk")),
    }
    return render(request, "studies/overview/list.html", context)


@require_safe
def study(request: HttpRequest, slug: str) -> HttpResponse:
    """One study: what it asks, how far it has come, who is let in. One without maps is shown as its set-up."""
    study = study_of(request, slug)
    if study.state in Study.LACKS_SOMETHING and may_edit(request.user, study):
        return redirect("setup-check", slug)
    return _overview(request, study, InvitationForm())


@require_http_methods(["GET", "HEAD", "POST"])
def invite(request: HttpRequest, slug: str) -> HttpResponse:
    """Make an invitation and go to its page, which has the link. Whoever opens this address again finds the form."""
    study = editable_study_of(request, slug)
    if request.method != "POST":
        return redirect(f"{reverse('study', args=[slug])}#invitations")
    form = InvitationForm(request.POST)
    if not form.is_valid():
        return _overview(request, study, form)
    invitation, _ = participation.invite(study=study, user=request.user, **form.cleaned_data)
    return redirect("study-invitation", slug, invitation.pk)


@require_POST
def revoke(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Let nobody else in by an invitation. Those who are in stay in."""
    study = editable_study_of(request, slug)
    invitation = get_object_or_404(study.invitations, pk=pk)
    revoke_invitation(invitation=invitation, user=request.user)
    messages.success(request, f"Nobody else can come in by “{invitation}”.")
    return redirect("study", slug)


def _overview(request: HttpRequest, study: Study, form: InvitationForm) -> HttpResponse:
    progress, arms = progress_of([study])[study.pk], results.competing_arms(study)
    shown = study.trial_type.layout.shown(len(arms))
    return render(
        request,
        "studies/overview/study.html",
        {
            "study": study,
            "arms": arms,
            "maps_shown": shown,
            "offered": study.trial_type.asked.answers_offered(study.wording, shown),
            "items": study.items.count(),
            "progress": progress,
            "trials_chart": results.trial_states(progress) if progress.needed else "",
            "people": people_by_state(study),
            "invitations": invitations_with_people(study).filter(personal=False),
            "personal_links": personal_links_by_label(study),
            "need": need_of(study),
            "events": study.events.select_related("user", "participant").order_by("-id")[:EVENTS_SHOWN],
            "steps": STEPS[study.state].items(),
            "form": form,
            "may_edit": may_edit(request.user, study),
            "may_pay": may_pay(request.user, study),
        },
    )
