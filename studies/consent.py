"""Before the first trial: the invitation, what someone agrees to, and what they are asked to do."""

from hashlib import sha256

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from . import invitations, recruitment
from .allocation import withdraw
from .forms import ConsentForm, QuestionsForm
from .links import for_invitation, for_participant, refuse
from .models import Event, Invitation, Participant, Study
from .quota import facts
from .wording import filled


def text(study: Study, key: str) -> str:
    return filled(study.wording.get(key, ""), **facts(study))


@require_http_methods(["GET", "HEAD", "POST"])
@for_invitation
def join(request: HttpRequest, invitation: Invitation, token: str) -> HttpResponse:
    """The invitation: what the study is, and a box to tick. Agreeing makes the participant and their own link."""
    external_id, external = recruitment.read_parameters(request.GET)
    known = invitations.is_known(invitation, external_id)
    if not known and (reason := invitations.closed_because(invitation)):
        return refuse(request, reason)
    study, preview = invitation.study, recruitment.is_preview(request.GET)
    consent = text(study, "consent")
    form = ConsentForm(request.POST if request.method == "POST" and not preview else None)
    if form.is_valid():
        joined = invitations.join(
            invitation=invitation,
            consent_sha256=sha256(consent.encode()).hexdigest(),
            external_id=external_id,
            external=external,
        )
        if isinstance(joined, str):
            return refuse(request, joined)
        return redirect("participant", token=joined[1])
    context = {"study": study, "consent": consent, "form": form, "preview": preview, **facts(study)}
    return render(request, "volunteer/consent.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@for_participant
def about_you(request: HttpRequest, participant: Participant, token: str) -> HttpResponse:
    """The study's own questions, once. Some answers can mean that someone cannot take part."""
    study = participant.study
    if participant.background or not study.questions:
        return redirect("participant", token=token)
    form = QuestionsForm(study.questions, request.POST if request.method == "POST" else None)
    if form.is_valid():
        participant.background = form.answers()
        if not form.is_eligible():
            participant.state = Participant.State.SCREENED
        participant.save(update_fields=["background", "state"])
        Event.objects.create(
            study=study, participant=participant, kind=Event.Kind.of_background(participant.state)
        )
        return redirect("participant", token=token)
    return render(request, "volunteer/questions.html", {"study": study, "token": token, "form": form})


@require_http_methods(["GET", "HEAD", "POST"])
@for_participant
def leave(request: HttpRequest, participant: Participant, token: str) -> HttpResponse:
    """Withdrawal by oneself: asked once more, then done for good."""
    if request.method == "POST":
        withdraw(participant=participant)
        return refuse(request, "withdrawn")
    return render(request, "volunteer/leave.html", {"study": participant.study, "token": token})


@require_http_methods(["GET", "HEAD", "POST"])
@for_participant
def instructions(request: HttpRequest, participant: Participant, token: str) -> HttpResponse:
    """What a map is, what to do, which keys there are. Can be read again at any time."""
    study = participant.study
    if study.questions and not participant.background:
        return redirect("about-you", token=token)
    if request.method == "POST":
        if participant.instructed_at is None:
            participant.instructed_at = timezone.now()
            participant.save(update_fields=["instructed_at"])
            Event.objects.create(study=study, participant=participant, kind=Event.Kind.INSTRUCTED)
        return redirect("trial", token=token)
    context = {
        "study": study,
        "token": token,
        "again": participant.instructed_at is not None,
        "instructions": text(study, "instructions"),
        "last_key": study.arms.count() if study.task == Study.Task.CHOICE else 5,
        **facts(study),
    }
    return render(request, "volunteer/instructions.html", context)
