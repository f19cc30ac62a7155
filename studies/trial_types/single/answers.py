"""The answers to one map: one to each question, and together a number.

A `shown value` counts the answers as the digits of a number do: the first question's answer, from 0 at its lowest, is the last digit,
and each question has a digit with as many values as it has answers. A `stored value` has the arm as its first digit. In the database
the parts stand by name: {"arm": 1, "answers": {"understand": 6}}.
"""

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import numpy as np

from ..base import AnswerError, Answers, IncompleteError
from ..questions import TrialQuestion


class SingleAnswers(Answers):
    """The answers to the questions of one study."""

    column = "parts"
    several = True

    def __init__(self, questions: tuple[TrialQuestion, ...]) -> None:
        self.questions = questions
        levels = [question.levels for question in questions]
        self.combinations = prod(levels)
        self._worth = [prod(levels[:place]) for place in range(len(levels))]  # of one step of each digit

    @property
    def in_one_press(self) -> bool:
        """Whether a button is the whole answer: one question, with few answers."""
        return len(self.questions) == 1 and self.questions[0].levels <= 7

    # One number of many, and back

    def number_of(self, said: Sequence[int]) -> int:
        """The shown value of an answer to each question."""
        return sum(
            worth * (answer - question.least)
            for worth, answer, question in zip(self._worth, said, self.questions, strict=True)
        )

    def said_in(self, values: Any) -> np.ndarray:
        """(n, questions) int: the answers in shown or stored values; of one value (questions,)."""
        values = np.asarray(values, np.int64)
        return np.stack(
            [
                values // worth % question.levels + question.least
                for worth, question in zip(self._worth, self.questions, strict=True)
            ],
            axis=-1,
        )

    def arms_in(self, values: Any) -> np.ndarray:
        """(n,) int: which arm stored values are about."""
        return np.asarray(values, np.int64) // self.combinations

    def agreement(self, values: Any) -> np.ndarray:
        """(n,) float, 0 to 1: the mean of the answers as their scales count them, each from its lowest to its highest."""
        said = self.said_in(values)
        shares = [
            (question.turned(said[..., place]) - question.least) / (question.levels - 1)
            for place, question in enumerate(self.questions)
        ]
        return np.mean(shares, axis=0)

    # The interface

    def shown_values(self, shown: int) -> range:
        return range(self.combinations)

    def stored_value(self, order: Sequence[int], shown_value: int) -> int:
        return order[0] * self.combinations + shown_value

    def refusal(self, shown: int, shown_value: int) -> str:
        return f"{shown_value} is no answer to the questions: it must be from 0 to {self.combinations - 1}."

    def in_words(self, value: int, names: Sequence[str]) -> str:
        return f"{names[int(self.arms_in(value))]}: {self.listed(value)}"

    def listed(self, value: int) -> str:
        """The answers in the questions' order, as files and pages have them."""
        return ", ".join(map(str, self.said_in(value).tolist()))

    def prefers_first(self, value: Any) -> Any:
        agrees = self.agreement(value) > 0.5
        return agrees if agrees.ndim else bool(agrees)

    def arm_of(self, values: Any) -> Any:
        return self.arms_in(values)

    def prefers_place(self, shown_value: int, place: int) -> bool:
        agreement = float(self.agreement(shown_value))
        return agreement > 0.5 if place == 0 else agreement < 0.5

    def together(self, parts: Mapping[str, Any]) -> int:
        known = {question.key for question in self.questions}
        if strange := [name for name in parts if name not in known]:
            raise AnswerError(f"{strange[0]}: is no question of this study.")
        given = [question for question in self.questions if parts.get(question.key) not in (None, "")]
        said = {question.key: _read(question, parts[question.key]) for question in given}
        if missing := len(self.questions) - len(given):
            raise IncompleteError(f"{missing} of {len(self.questions)} questions are not answered.")
        return self.number_of([said[question.key] for question in self.questions])

    def apart(self, shown_value: int) -> dict[str, str]:
        if self.in_one_press:
            return {}
        said = self.said_in(shown_value).tolist()
        return {question.key: str(answer) for question, answer in zip(self.questions, said, strict=True)}

    def kept(self, value: int) -> dict[str, Any]:
        said = self.said_in(value).tolist()
        answers = {question.key: answer for question, answer in zip(self.questions, said, strict=True)}
        return {"arm": int(self.arms_in(value)), "answers": answers}

    def read(self, held: Mapping[str, Any]) -> int:
        said = [held["answers"][question.key] for question in self.questions]
        return held["arm"] * self.combinations + self.number_of(said)


def _read(question: TrialQuestion, sent: Any) -> int:
    """An answer as a form or a script sends it."""
    try:
        answer = int(sent) if isinstance(sent, str) else sent
    except ValueError:
        answer = None
    if type(answer) is not int or not question.least <= answer <= question.most:
        raise AnswerError(f"{question.key}: must be a whole number from {question.least} to {question.most}.")
    return answer
