"""Two drawn examples before the first photo, with feedback. The main part gives none."""

from collections import Counter
from typing import Any

import numpy as np
from django.utils.translation import gettext_lazy as _

from explain.core.streams import Stream
from studies.models import Event, Participant, Study

EXAMPLE_DRAWINGS = ("cup", "tree")
EXAMPLE_NAMES = {"cup": _("cup"), "tree": _("tree")}
# Which of a drawing's two pictures has the map on the object, and which beside it: their addresses do not tell.
EXAMPLE_PICTURES = {"cup": ("a", "b"), "tree": ("b", "a")}
EXAMPLE_TRIES = 2  # after the second wrong answer to an example it goes on, and the record says so


def current_example(participant: Participant) -> int | None:
    """The number of a volunteer's next example; None after the last."""
    answers = list(participant.events.filter(kind=Event.Kind.PRACTICE).values_list("data", flat=True))
    return next_example(answers)


def next_example(answers: list[dict[str, Any]]) -> int | None:
    """As current_example(), from the answers so far. An example is over when it is right, or was tried twice."""
    for number in range(len(EXAMPLE_DRAWINGS)):
        tries = [answer for answer in answers if answer.get("number") == number]
        if len(tries) < EXAMPLE_TRIES and not any(answer["right"] for answer in tries):
            return number
    return None


def has_failed(answers: list[dict[str, Any]]) -> bool:
    """Whether somebody got an example wrong every time. `answers`: the data of their practice events."""
    tried = Counter(answer.get("number") for answer in answers if "number" in answer)
    right = {answer["number"] for answer in answers if answer.get("right")}
    return any(times >= EXAMPLE_TRIES and number not in right for number, times in tried.items())


def right_side(participant: Participant, number: int) -> int:
    """Where the map stands that is on the object: 0 for A, 1 for B. Drawn by the study's order seed."""
    seed = Stream.PRACTICE.of(participant.study.order_seed, participant.number, number)
    return int(np.random.default_rng(seed).integers(2))


def failed_practice(study: Study) -> dict[int, bool]:
    """Whether each participant who practised got an example wrong every time."""
    answers_of: dict[int, list[dict]] = {}
    events = study.events.filter(kind=Event.Kind.PRACTICE, participant__isnull=False)
    for number, data in events.order_by("id").values_list("participant__number", "data"):
        answers_of.setdefault(number, []).append(data)
    return {number: has_failed(answers) for number, answers in answers_of.items()}
