"""Before the first trial: the invitation, what someone agrees to, and what they are asked to do."""

from hashlib import sha256
from math import ceil

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from . import invitations
from .forms import ConsentForm
from .links import for_invitation, for_participant, refuse
from .models import Event, Invitation, Participant, Study
from .wording import filled

SECONDS_FOR_A_TRIAL = 12
SECONDS_BEFORE_THE_FIRST = 90


def expected_trials(study: Study) -> int:
    return min(study.trials_per_participant, study.items.count())


def facts(study: Study) -> dict[str, object]:
    """What the texts of a study may name."""
    trials = expected_trials(study)
    minutes = ceil((trials * SECONDS_FOR_A_TRIAL + SECONDS_BEFORE_THE_FIRST) / 60)
    return {"trials": trials, "minutes": minutes, "title": study.title}


def text(study: Study, key: str) -> str:
    return filled(study.wording.get(key, ""), **facts(study))


@require_http_methods(["GET", "HEAD", "POST"])
@for_invitation
def join(request: HttpRequest, invitation: Invitation, token: str) -> HttpResponse:
    """The invitation: what the study is, and a box to tick. Agreeing makes the participant and their own link."""
    if reason := invitations.closed_because(invitation):
        return refuse(request, reason)
    study = invitation.study
    consent = text(study, "consent")
    form = ConsentForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        joined = invitations.join(invitation=invitation, consent_sha256=sha256(consent.encode()).hexdigest())
        if isinstance(joined, str):
            return refuse(request, joined)
        return redirect("participant", token=joined[1])
    context = {"study": study, "consent": consent, "form": form, **facts(study)}
    return render(request, "volunteer/consent.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@for_participant
def instructions(request: HttpRequest, participant: Participant, token: str) -> HttpResponse:
    """What a map is, what to do, which keys there are. Can be read again at any time."""
    study = participant.study
    if request.method == "POST":
        if participant.instructed_at is None:
            participant.instructed_at = timezone.now()
            participant.save(update_fields=["instructed_at"])
            Event.objects.create(study=study, participant=participant, kind="instructed")
        return redirect("trial", token=token)
    context = {
        "study": study,
        "token": token,
        "again": participant.instructed_at is not None,
        "instructions": text(study, "instructions"),
        "keys": range(1, study.arms.count() + 1) if study.task == Study.Task.CHOICE else range(1, 6),
        **facts(study),
    }
    return render(request, "volunteer/instructions.html", context)
