"""Single: one map at a time, and of each one question or several: on 5 or 7 points, yes or no, or on a slider."""

from collections.abc import Mapping
from typing import Any

from ..base import TrialType
from ..questions import ASKS, TrialQuestion, questions_of
from .answers import SingleAnswers
from .asked import SingleAsked
from .files import SingleFiles
from .layout import SingleLayout
from .page import SinglePage
from .people import SinglePeople
from .plan import SinglePlan
from .power import SinglePower
from .presets import USUAL
from .results import SingleResults


def _asking(wording: Mapping[str, Any]) -> TrialType:
    """The type as one study asks it."""
    asks = wording.get(ASKS)
    return _of(questions_of(asks)) if asks else SINGLE


def _of(questions: tuple[TrialQuestion, ...]) -> TrialType:
    answers = SingleAnswers(questions)
    return TrialType(
        name="single",
        in_words="answer questions about one map",
        asked=SingleAsked(questions),
        answers=answers,
        page=SinglePage(answers),
        files=SingleFiles(answers),
        people=SinglePeople(answers),
        power=SinglePower(answers),
        results=SingleResults(answers),
        plan=SinglePlan(),
        layout=SingleLayout(),
        asking=_asking,
    )


SINGLE = _of(USUAL)
