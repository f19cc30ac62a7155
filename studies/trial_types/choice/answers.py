"""The answers to a choice: a position on screen, or “same”."""

from collections.abc import Sequence
from typing import Any

from studies.analysis.answers import SAME, SAME_NAME

from ..base import Answers


class ChoiceAnswers(Answers):
    """Shown: the position picked, from 0, or -1 for “same”. Stored: the arm that stood there, or -1."""

    column = "choice"

    def shown_values(self, shown: int) -> range:
        return range(SAME, shown)

    def stored_value(self, order: Sequence[int], shown_value: int) -> int:
        return SAME if shown_value == SAME else order[shown_value]

    def refusal(self, shown: int, shown_value: int) -> str:
        return f"{shown_value} is no choice: it must be from 0 to {shown - 1}, or {SAME}."

    def in_words(self, value: int, names: Sequence[str]) -> str:
        return SAME_NAME if value == SAME else names[value]

    def prefers_first(self, value: Any) -> Any:
        return value == 0

    def arm_of(self, values: Any) -> Any:
        return values

    def prefers_place(self, shown_value: int, place: int) -> bool:
        return shown_value == place
