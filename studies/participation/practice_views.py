"""The practice examples before the trials."""

import re
from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from studies.models import Participant, Study
from studies.protocol import fill_in
from studies.trial_types import AnswerError, trial_type_of
from studies.trials import EXAMPLE_DRAWINGS, EXAMPLE_NAMES, EXAMPLE_PICTURES, right_side

from . import submissions
from .decorators import ask_how_sure
from .seats import Seat
from .texts import page_context

LETTERS = "AB"


@require_http_methods(["GET", "HEAD", "POST"])
def practise(request: HttpRequest, seat: "Seat") -> HttpResponse:
    """Show an example; after an answer show it again and say what was right about it."""
    participant = seat.participant
    number = seat.example() if seat.study.practice and participant.instructed_at else None
    if number is None or seat.is_over():
        return redirect("participant", token=seat.token)
    side, was_right = right_side(participant, number), None
    shown = min(len(LETTERS), max(seat.maps_shown(), trial_type_of(seat.study).asked.panels))
    if request.method == "POST":
        if request.POST.get("number") != str(number):
            return redirect("practice", token=seat.token)
        value = _pressed(seat.study, request.POST)
        if value and _is_unsure(seat.study, request.POST):
            return ask_how_sure(request, seat.study)
        was_right = _is_right(seat.study, value, side, shown)
        seat.keep_practice(number, value, right=was_right)
    context = example_context(participant, number, side, was_right, shown)
    return render(request, "volunteer/practice.html", context)


def _pressed(study: Study, form: Mapping[str, Any]) -> str:
    """The answer to an example as the trial type counts it; as it was sent, where that is no answer."""
    sent = form.get("value", "")
    if sent or not trial_type_of(study).answers.several:
        return sent
    try:
        return str(submissions.read_value(study, form))
    except AnswerError:
        return ""


def _is_unsure(study: Study, form: Mapping[str, Any]) -> bool:
    """Whether it is still to be said how sure they are; what is said is not kept."""
    try:
        submissions.read_confidence(study, form)
    except AnswerError:
        return True
    return False


def _is_right(study: Study, value: str, side: int, shown: int) -> bool:
    """Whether a button says that the map on the object is the better one; what is no button of an example does not."""
    answers = trial_type_of(study).answers
    pressed = int(value) if re.fullmatch("-?[0-9]{1,18}", value) else None
    if pressed is None or str(pressed) != value or pressed not in answers.shown_values(shown):
        return False
    return answers.prefers_place(pressed, side)


def example_context(
    participant: Participant, number: int, side: int, was_right: bool | None, shown: int
) -> dict[str, Any]:
    """What the templates show of an example: two maps, or the first of them where trials show one."""
    study, drawing = participant.study, EXAMPLE_DRAWINGS[number]
    page = trial_type_of(study).page
    pictures = [f"img/practice-{drawing}-{study.picture}-{where}.svg" for where in EXAMPLE_PICTURES[drawing]]
    if side == 1:
        pictures.reverse()
    other = EXAMPLE_NAMES[EXAMPLE_DRAWINGS[(number + 1) % len(EXAMPLE_DRAWINGS)]]
    named = page.named_in_practice(str(EXAMPLE_NAMES[drawing]), str(other), on_object=side == 0)
    return {
        "study": study,
        "number": number,
        "of": len(EXAMPLE_DRAWINGS),
        "drawing": EXAMPLE_NAMES[drawing],
        "named": named,
        "photo": f"img/practice-{drawing}.svg",
        "maps": [
            {"value": place, "letter": LETTERS[place], "file": file}
            for place, file in enumerate(pictures[:shown])
        ],
        "page": page,
        **page_context(study),
        **({} if was_right is None else {"sure": None}),
        **page.buttons(study.wording),
        **page.part_way([], None),
        "question": fill_in(page.question(study.wording), **{"class": named}),
        "said": was_right,
        "right": LETTERS[side],
    }
