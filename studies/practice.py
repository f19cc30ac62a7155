"""Two drawn examples before the first photo, with feedback. The main part gives none."""

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from explain.streams import Stream

from .models import Event, Participant, Study
from .wording import filled

if TYPE_CHECKING:
    from .seats import Seat

DRAWINGS = ("cup", "tree")
NAMES = {"cup": _("cup"), "tree": _("tree")}
TRIES = 2  # after the second wrong answer to an example it goes on, and the record says so


def current(participant: Participant) -> int | None:
    """The number of a volunteer's next example; None after the last."""
    given = list(participant.events.filter(kind=Event.Kind.PRACTICE).values_list("data", flat=True))
    return next_example(given)


def next_example(given: list[dict[str, Any]]) -> int | None:
    """As `current`, from the answers so far. An example is over when it is right, or was tried twice."""
    for number in range(len(DRAWINGS)):
        tries = [answer for answer in given if answer.get("number") == number]
        if len(tries) < TRIES and not any(answer["right"] for answer in tries):
            return number
    return None


def has_failed(given: list[dict[str, Any]]) -> bool:
    """Whether somebody got an example wrong every time. `given`: the data of their practice events."""
    tried = Counter(answer.get("number") for answer in given if "number" in answer)
    right = {answer["number"] for answer in given if answer.get("right")}
    return any(times >= TRIES and number not in right for number, times in tried.items())


def right_side(participant: Participant, number: int) -> int:
    """Where the map stands that is on the object: 0 for A, 1 for B. Drawn by the study's seed."""
    seed = Stream.PRACTICE.of(participant.study.seed, participant.number, number)
    return int(np.random.default_rng(seed).integers(2))


def is_right(study: Study, value: int | None, side: int) -> bool:
    """Whether a button says that the map on the object is the better one."""
    if value is None:
        return False
    if study.task == Study.Task.RATING:
        return value > 0 if side == 1 else value < 0
    return value == side


@require_http_methods(["GET", "HEAD", "POST"])
def practise(request: HttpRequest, seat: "Seat") -> HttpResponse:
    """Show an example; after an answer show it again and say what was right about it."""
    participant = seat.participant
    number = seat.example() if seat.study.practice and participant.instructed_at else None
    if number is None:
        return redirect("participant", token=seat.token)
    side, said = right_side(participant, number), None
    if request.method == "POST":
        if request.POST.get("number") != str(number):
            return redirect("practice", token=seat.token)
        value = request.POST.get("value", "")
        said = is_right(seat.study, int(value) if value in _VALUES else None, side)
        seat.keep_practice(number, value, right=said)
    return render(request, "volunteer/practice.html", example_context(participant, number, side, said))


_VALUES = {"-2", "-1", "0", "1", "2"}


def example_context(participant: Participant, number: int, side: int, said: bool | None) -> dict[str, Any]:
    study, drawing = participant.study, DRAWINGS[number]
    pictures = [f"img/practice-{drawing}-{study.picture}-{where}.svg" for where in ("on", "off")]
    if side == 1:
        pictures.reverse()
    return {
        "study": study,
        "number": number,
        "of": len(DRAWINGS),
        "drawing": NAMES[drawing],
        "photo": f"img/practice-{drawing}.svg",
        "maps": [
            {"value": place, "letter": "AB"[place], "file": file} for place, file in enumerate(pictures)
        ],
        "ratings": list(zip(range(-2, 3), study.wording.get("labels", []), strict=False)),
        "same": study.wording.get("same", ""),
        "question": filled(study.wording["question"], **{"class": NAMES[drawing]}),
        "said": said,
        "right": "AB"[side],
    }
