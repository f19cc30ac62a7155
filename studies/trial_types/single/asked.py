"""What the protocol of single maps says: one to eight arms, and its questions."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_noop as _

from ..base import Asked
from ..questions import ASKS, TrialQuestion, TrialQuestions
from .presets import PRESETS, USUAL

INSTRUCTIONS = _("""A computer program can name what is in a photo. For every photo we show you one map. The map is an explanation: it \
says which parts of the photo mattered for that.

{picture}

For each photo, look at the map and answer what is asked about it. There is no right or wrong answer: we want to know what you see.""")


class SingleAsked(Asked):
    """Maps by one method or several, each judged by itself."""

    offer = (
        "How good is each map? One at a time: people answer questions about it, as of a questionnaire, and every method’s "
        "maps get the same ones."
    )
    fewest_arms, most_arms = 1, 8
    compares_networks = False
    declares_contrasts = True
    largest_effect = 100.0
    smallest_in_words = (
        "difference of two arms’ means that matters, in points of the first question or of its scale"
    )
    question = _("What do you say of this map of the {class}?")
    instructions = INSTRUCTIONS
    asks = TrialQuestions(USUAL, PRESETS)
    own_wording: ClassVar[Mapping[str, str | list[str]]] = {}

    def __init__(self, questions: tuple[TrialQuestion, ...]) -> None:
        self.questions = questions

    def answers_offered(self, wording: Mapping[str, Any], shown: int) -> str:
        if not wording.get(ASKS):
            return ""
        texts = "; ".join(f"“{question.text}” ({_in_words(question)})" for question in self.questions)
        return f"one map and {len(self.questions)} question{'s' if len(self.questions) > 1 else ''}: {texts}"

    def fields(self) -> dict[str, forms.Field]:
        return {}


def _in_words(question: TrialQuestion) -> str:
    if question.kind == "yes-no":
        return "no or yes"
    return f"{question.range}, from “{question.low}” to “{question.high}”"
