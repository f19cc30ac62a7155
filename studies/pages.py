"""What a volunteer sees: one trial after the other, then thanks and a code."""

import json
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from . import invitations, operations, practice
from .allocation import (
    AnswerError,
    ageing,
    can_be_undone,
    claim_trials,
    renew_leases,
)
from .analysis.answers import SAME
from .consent import text
from .links import for_participant, refuse
from .models import Event, Participant, Study, Trial
from .quota import expected_main, expected_repeats, expected_trials
from .recruitment import MTURK, mturk_address, way_back
from .statements import Held, progress
from .wording import filled

# With fewer trials than this in hand a participant is given more: the current one and two to load ahead.
IN_HAND = 3
LETTERS = "ABCDEFGH"


@require_safe
@for_participant
def participant_home(request: HttpRequest, participant: Participant, token: str) -> HttpResponse:
    """The participant's own link: wherever they are."""
    return redirect(place_of(participant) or "trial", token=token)


def place_of(participant: Participant) -> str:
    """The page that a participant has to be on before, between or after trials; "" if they can go on with them."""
    if participant.state == Participant.State.FINISHED:
        return "thanks"
    if participant.study.questions and not participant.background:
        return "about-you"
    if participant.instructed_at is None:
        return "instructions"
    if practice.is_due(participant):
        return "practice"
    return "break" if break_is_due(participant) else ""


def break_is_due(participant: Participant) -> bool:
    """Whether this is the moment for a break, and it has not been taken."""
    every = participant.study.break_every
    if not every:
        return False
    given = answers_given(participant)
    if given == 0 or given % every or given >= expected_trials(participant.study):
        return False
    return not participant.events.filter(kind=Event.Kind.BREAK, data__after=given).exists()


def block_of(participant: Participant, token: str) -> dict[str, Any]:
    """The trials in a participant's hand, after claiming more if few are left, and how far they are."""
    so_far = progress(participant.pk, ageing())
    short = False
    if len(so_far.hand) < IN_HAND:
        ask = max(settings.CLAIM_BLOCK, IN_HAND) - len(so_far.hand)
        claimed = claim_trials(participant=participant, count=ask)
        if claimed:
            so_far = progress(participant.pk, ageing())
        short = len(claimed) < ask
    if any(trial.is_ageing for trial in so_far.hand):
        renew_leases(participant=participant)
    # The address of every picture begins with that of the trial page.
    page = reverse("trial", args=[token])
    return {
        "trials": [_screen(participant.study, page, trial) for trial in so_far.hand],
        "done": so_far.done,
        "total": _total(participant, so_far.hand, so_far.done, short),
        "last": str(so_far.last) if can_be_undone(participant, so_far.status) else None,
        "break_every": participant.study.break_every,
        "version": participant.study.version,
    }


def _total(participant: Participant, held: list[Held], done: int, short: bool) -> int:
    """How many answers it will be: as planned, or fewer where there is nothing left to claim."""
    study, so_far = participant.study, done + len(held)
    if any(trial.kind == Trial.Kind.REPEAT for trial in held):
        return so_far  # repeats come last
    if short:
        checks = participant.trials.filter(kind=Trial.Kind.CHECK).count() if study.attention_checks else 0
        if so_far - checks < expected_main(study):
            return so_far + expected_repeats(study, so_far - checks)
    return max(expected_trials(study), so_far)


def answers_given(participant: Participant) -> int:
    return progress(participant.pk, ageing()).done


def _screen(study: Study, page: str, trial: Held) -> dict[str, Any]:
    """What a browser needs to show a trial: words, and pictures by position. Nothing of the arms."""
    slots = trial.order.count(",") + 2  # the photo, then one for each arm
    return {
        "position": trial.position,
        "title": trial.title,
        "question": filled(study.wording["question"], **{"class": trial.title}),
        "pictures": [f"{page}{trial.position}/{slot}.jpg" for slot in range(slots)],
    }


@require_http_methods(["GET", "HEAD", "POST"])
@for_participant
def trial(request: HttpRequest, participant: Participant, token: str) -> HttpResponse:
    """The current trial; a plain form that works without JavaScript. static/js/trial.js takes over where there is."""
    if request.method == "POST":
        return _take_answer(request, participant, token)
    if place := place_of(participant):
        return redirect(place, token=token)
    block = block_of(participant, token)
    if not block["trials"]:
        return redirect("thanks", token=token)
    return render(request, "volunteer/trial.html", trial_context(participant, token, block))


def trial_context(participant: Participant, token: str, block: dict[str, Any]) -> dict[str, Any]:
    study, current = participant.study, block["trials"][0]
    arms, texts = len(current["pictures"]) - 1, screen_texts()
    return {
        "study": study,
        "token": token,
        "hand": block,
        "current": current,
        "texts": texts,
        "so_far": filled(texts["progress"], number=block["done"] + 1, total=block["total"]),
        "photo": current["pictures"][0],
        "maps": [
            {"value": index, "key": index + 1, "letter": LETTERS[index], "url": url}
            for index, url in enumerate(current["pictures"][1:])
        ],
        "ratings": [
            {"value": value, "key": value + 3, "label": label}
            for value, label in zip(range(-2, 3), study.wording.get("labels", []), strict=False)
        ],
        "same": {"value": SAME, "label": study.wording.get("same", "")},
        "shape": f"{study.task} arms-{arms}",
        "answer_id": uuid4(),
    }


def screen_texts() -> dict[str, str]:
    """What static/js/trial.js says, in the language of the page."""
    return {
        "progress": gettext("{number} of {total}"),
        "saving": gettext("Saving …"),
        "saved": gettext("Answer saved"),
        "kept": gettext("No connection. Safe on this device, to be sent later: {count}"),
        "stale": gettext("This page is out of date. Please open your link again."),
        "picture": gettext("A picture did not come. Trying again …"),
    }


def _take_answer(request: HttpRequest, participant: Participant, token: str) -> HttpResponse:
    try:
        operations.answer(participant, request.POST)
    except AnswerError:
        return refuse(request, "unreadable", status=400, back=reverse("trial", args=[token]))
    return redirect("trial", token=token)


@require_POST
@for_participant
def undo(request: HttpRequest, participant: Participant, token: str) -> HttpResponse:
    operations.do(participant, {"kind": "undo", "answer_id": request.POST.get("answer_id")})
    return redirect("trial", token=token)


@require_http_methods(["GET", "POST"])
@for_participant
def answers(request: HttpRequest, participant: Participant, token: str) -> HttpResponse:
    """For static/js: take what a browser has queued, say what is settled, hand out what comes next.

    Operations are `{"id", "kind": "answer", "position", "value", "version", "response_ms", "telemetry"}` and
    `{"id", "kind": "undo", "answer_id"}`. An operation named in `settled` will not be asked about again: it is
    stored, or it could never be (then it is kept as an event). The CSRF token comes with GET and stays good.
    """
    settled = []
    if request.method == "POST":
        try:
            asked = list(json.loads(request.body)["operations"])[: operations.MOST_AT_ONCE]
        except (ValueError, KeyError, TypeError, RecursionError):
            return JsonResponse({"error": "The body must be JSON with a list `operations`."}, status=400)
        for operation in asked:
            operations.do(participant, operation)
            settled.append(operation.get("id") if isinstance(operation, dict) else None)
    block = block_of(participant, token)
    elsewhere = not block["trials"] or bool(place_of(participant))
    reply = {**block, "settled": settled, "elsewhere": elsewhere}
    return JsonResponse(reply if request.method == "POST" else {**reply, "csrf": get_token(request)})


@require_http_methods(["GET", "HEAD", "POST"])
@for_participant
def take_a_break(request: HttpRequest, participant: Participant, token: str) -> HttpResponse:
    """A screen without pictures, for as long as someone likes."""
    given = answers_given(participant)
    if request.method == "POST" and break_is_due(participant):
        Event.objects.create(
            study_id=participant.study_id,
            participant=participant,
            kind=Event.Kind.BREAK,
            data={"after": given},
        )
    if not break_is_due(participant):
        return redirect("trial", token=token)
    context = {"study": participant.study, "given": given, "total": expected_trials(participant.study)}
    return render(request, "volunteer/break.html", context)


@require_safe
@for_participant
def thanks(request: HttpRequest, participant: Participant, token: str) -> HttpResponse:
    """Thanks and the code; only where every answer that was asked for is in the database."""
    if participant.state == Participant.State.ACTIVE:
        if place_of(participant) or block_of(participant, token)["trials"]:
            return redirect("participant", token=token)
        if participant.study.state == Study.State.PAUSED:
            return refuse(request, "paused")
        participant = invitations.finish(participant=participant)
    study, given = participant.study, answers_given(participant)
    photos = Trial.objects.filter(participant=participant, responses__participant=participant)
    context = {
        "study": study,
        "participant": participant,
        "given": given,
        "early": given < expected_trials(study),
        "token": token,
        "thanks": text(study, "thanks"),
        "mturk": mturk_address(participant.external),
        "way_back": way_back(study.completion_url, participant.completion_code),
        "credits": photos.order_by("position")
        .values(
            "item__image__class_name", "item__image__author", "item__image__licence", "item__image__source"
        )
        .distinct(),
    }
    response = render(request, "volunteer/thanks.html", context)
    if context["mturk"]:
        response._csp_update = {"form-action": list(MTURK)}  # type: ignore[attr-defined]  # django-csp adds it
    return response
