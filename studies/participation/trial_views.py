"""What a volunteer sees: one trial after the other, then thanks and a code."""

import json
from typing import Any
from uuid import uuid4

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from studies.models import Participant, Study
from studies.protocol import class_title, fill_in
from studies.trial_types import AnswerError, IncompleteError, trial_type_of

from . import submissions
from .decorators import ask_how_sure, ask_to_wait, leading, refuse
from .seats import Credit, Seat
from .sites.ways_back import hand_in_of, way_of
from .texts import page_context, screen_texts, text

LETTERS = "ABCDEFGH"


@require_safe
def participant_home(request: HttpRequest, seat: Seat) -> HttpResponse:
    """The participant's own link: wherever they are."""
    return redirect(seat.place() or "trial", token=seat.token)


@require_http_methods(["GET", "HEAD", "POST"])
def trial(request: HttpRequest, seat: Seat) -> HttpResponse:
    """The current trial; a plain form that works without JavaScript. static/js/trial.js takes over where there is."""
    if request.method == "POST":
        return _take_answer(request, seat)
    if place := seat.place():
        return redirect(place, token=seat.token)
    block = _hand(seat)
    if not block["trials"]:
        return redirect("thanks", token=seat.token)
    return render(request, "volunteer/trial.html", trial_context(seat.study, seat.token, block))


def _hand(seat: Seat) -> dict[str, Any]:
    """What they are handed; if nothing is free, after what others left lying was given back."""
    block = seat.block()
    return block if block["trials"] or seat.wait() != 0 else seat.block()


def trial_context(
    study: Study, token: str, block: dict[str, Any], chosen: dict[str, Any] | None = None
) -> dict[str, Any]:
    """What the page shows. `chosen`: the parts of an answer that was sent before it was complete."""
    current = block["trials"][0]
    page, texts = trial_type_of(study).page, screen_texts()
    shown = len(current["pictures"]) - 1
    return {
        "study": study,
        "token": token,
        "hand": block,
        "current": current,
        "texts": texts,
        "so_far": fill_in(texts["progress"], number=block["done"] + 1, total=block["total"]),
        "photo": current["pictures"][0],
        "maps": [
            {"value": index, "key": index + 1, "letter": LETTERS[index], "url": url}
            for index, url in enumerate(current["pictures"][1:])
        ],
        "page": page,
        **page_context(study),
        **page.buttons(study.wording),
        **page.part_way(current.get("parts", []), chosen),
        "shape": f"{study.task} arms-{shown}",
        "answer_id": uuid4(),
    }


def _take_answer(request: HttpRequest, seat: Seat) -> HttpResponse:
    try:
        sent = request.POST.dict()
        value = trial_type_of(seat.study).page.sent(sent, seat.maps_shown())
        submissions.answer(seat, seat.study, {**sent, "value": value})
    except submissions.UnsureError:
        return ask_how_sure(request, seat.study)
    except IncompleteError:
        return _ask_for_the_rest(request, seat)
    except AnswerError:
        return refuse(request, "unreadable", status=400, back=reverse("trial", args=[seat.token]))
    return redirect("trial", token=seat.token)


def _ask_for_the_rest(request: HttpRequest, seat: Seat) -> HttpResponse:
    """The same page with what has been answered of it; where another trial is on by now, that one, as it is."""
    block = _hand(seat)
    if seat.place() or not block["trials"]:
        return redirect("participant", token=seat.token)
    is_there = str(block["trials"][0]["position"]) == request.POST.get("position")
    chosen = submissions.parts_in(request.POST) if is_there else None
    context = trial_context(seat.study, seat.token, block, chosen)
    return render(request, "volunteer/trial.html", context, status=400 if is_there else 200)


@require_POST
def undo(request: HttpRequest, seat: Seat) -> HttpResponse:
    submissions.apply_operation(seat, {"kind": "undo", "answer_id": request.POST.get("answer_id")})
    return redirect("trial", token=seat.token)


@require_http_methods(["GET", "POST"])
def answers(request: HttpRequest, seat: Seat) -> HttpResponse:
    """For static/js: take what a browser has queued, say what is settled, hand out what comes next.

    Operations are `{"id", "kind": "answer", "position", "value", "version", "response_ms", "telemetry"}`, with `parts`, an object,
    for `value` where an answer has several, and `confidence` where the study asks it, `{"id", "kind": "look", "position"}`, and `{"id", "kind": "undo", "answer_id"}`. An operation named in `settled` will not be asked about again: it is
    stored, or it could never be: then it is kept as an event, and named in `refused`, too. Each says by `link` at which
    link it was given, as `link` of the reply calls it. The CSRF token comes with GET and stays good.
    """
    settled, refused = [], []
    if request.method == "POST":
        try:
            operations = list(json.loads(request.body)["operations"])[: submissions.MOST_AT_ONCE]
        except (ValueError, KeyError, TypeError, RecursionError):
            return JsonResponse({"error": "The body must be JSON with a list `operations`."}, status=400)
        for operation in operations:
            name = operation.get("id") if isinstance(operation, dict) else None
            settled.append(name)
            if not submissions.apply_operation(seat, operation):
                refused.append(name)
    block = seat.block()
    elsewhere = not block["trials"] or bool(seat.place())
    reply = {**block, "settled": settled, "refused": refused, "elsewhere": elsewhere}
    return JsonResponse(reply if request.method == "POST" else {**reply, "csrf": get_token(request)})


@require_http_methods(["GET", "HEAD", "POST"])
def take_a_break(request: HttpRequest, seat: Seat) -> HttpResponse:
    """A screen without pictures, for as long as someone likes."""
    answered = seat.answers_given()
    if request.method == "POST" and seat.break_is_due():
        seat.keep_rest(answered)
    if not seat.break_is_due():
        return redirect("trial", token=seat.token)
    context = {"study": seat.study, "given": answered, "total": seat.expected}
    return render(request, "volunteer/break.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def thanks(request: HttpRequest, seat: Seat) -> HttpResponse:
    """Thanks and the code; only where every answer that was asked for is in the database. Who was taken out reads so.

    While others hold what could be asked besides, one may wait, or finish by POST.
    """
    if seat.participant.state == Participant.State.ACTIVE:
        if seat.place() or _hand(seat)["trials"]:
            return redirect("participant", token=seat.token)
        if seat.is_paused():
            return refuse(request, "paused", left_behind=seat.left_behind())
        if request.method != "POST" and (minutes := seat.wait()):
            finish = reverse("thanks", args=[seat.token])
            return ask_to_wait(request, minutes, finish=finish, left_behind=seat.left_behind())
        if seat.last_questions_are_due():
            return redirect("afterwards", token=seat.token)
        seat.finish()
    if request.method == "POST":
        return redirect("thanks", token=seat.token)
    if seat.is_limited:
        way = hand_in_of(seat.participant)
        return refuse(request, "done-here", way=way, left_behind=seat.left_behind())
    taken_out = seat.participant.state == Participant.State.VOID
    if taken_out and not seat.participant.completion_code:
        seat.finish()  # the time that they gave is theirs, whatever became of the answers
    context = _thanks_context(seat)
    template = "volunteer/taken_out.html" if taken_out else "volunteer/thanks.html"
    return leading(render(request, template, context), context["way"])


def _thanks_context(seat: Seat) -> dict[str, Any]:
    participant, study, answered = seat.participant, seat.study, seat.answers_given()
    return {
        "study": study,
        "participant": participant,
        "given": answered,
        "early": answered < seat.expected,
        "token": seat.token,
        "thanks": text(study, "thanks", seat.expected),
        "way": way_of(participant),
        "left_behind": seat.left_behind(),
        "credits": [_with_link(study, credit) for credit in seat.credits()],
    }


def _with_link(study: Study, credit: Credit) -> dict[str, str]:
    """Who took a photo. What was said of its source leads there only where it is an address: it could be a script."""
    is_address = credit.source.startswith(("https://", "http://"))
    # What is in a photo would tell whether the network was right about it, to whom they tell it.
    speaks = trial_type_of(study).asked.network_speaks
    link, title = credit.source if is_address else "", "" if speaks else class_title(study, credit.class_name)
    return {**credit._asdict(), "link": link, "title": title}
