"""The page of single maps: one map, and below it one row of buttons, or a form of several questions."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from django.utils.translation import gettext as _

from ..base import Page
from ..questions import AnswerKind, TrialQuestion
from .answers import SingleAnswers


class SinglePage(Page):
    """One question with few answers is answered by one press; several are a form with a button to send."""

    trial = "trial_types/single/trial.html"
    practice = "trial_types/single/practice.html"
    keys = "trial_types/single/keys.html"

    def __init__(self, answers: SingleAnswers) -> None:
        self.answers = answers

    def buttons(self, wording: Mapping[str, Any]) -> dict[str, Any]:
        return {"in_one_press": self.answers.in_one_press, **self.part_way([], None)}

    def last_key(self, shown: int) -> int:
        return (
            max(question.levels for question in self.answers.questions if question.levels <= 7)
            if self._has_keys
            else 1
        )

    @property
    def _has_keys(self) -> bool:
        return any(question.levels <= 7 for question in self.answers.questions)

    def parts_in_order(self, random: np.random.Generator) -> list[str]:
        keys = [question.key for question in self.answers.questions]
        return [keys[place] for place in random.permutation(len(keys))]

    def part_way(self, order: Sequence[str], chosen: Mapping[str, Any] | None) -> dict[str, Any]:
        questions = {question.key: question for question in self.answers.questions}
        in_order = [questions[key] for key in order] or list(questions.values())
        said = chosen or {}
        return {
            "parts": [_part(question, said.get(question.key)) for question in in_order],
            "missing": chosen is not None,
        }


def _part(question: TrialQuestion, chosen: Any) -> dict[str, Any]:
    """A question as the templates show it. `value` of an option is what its button sends where it is the whole answer."""
    return {
        "key": question.key,
        "text": question.text,
        "kind": question.kind,
        "low": question.low,
        "high": question.high,
        "least": question.least,
        "most": question.most,
        "chosen": chosen,
        "is_missing": chosen in (None, ""),
        "options": [
            {
                "value": place,
                "answer": question.least + place,
                "key": place + 1,
                "label": _label(question, place),
                "means": _means(question, place),
                "chosen": str(chosen) == str(question.least + place),
            }
            for place in range(question.levels)
        ]
        if question.levels <= 7
        else [],
    }


def _label(question: TrialQuestion, place: int) -> str:
    if question.kind == AnswerKind.YES_NO:
        return question.high or _("Yes") if place else question.low or _("No")
    return str(question.least + place)


def _means(question: TrialQuestion, place: int) -> str:
    """What an end of the points means; of those between nothing is said."""
    if question.kind == AnswerKind.YES_NO:
        return ""
    return {0: question.low, question.levels - 1: question.high}.get(place, "")
