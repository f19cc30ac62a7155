"""The answers to a pair: the left map, the right one, or “same”."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from studies.analysis.answers import SAME, SAME_NAME
from studies.analysis.paired.answers import FIRST, said, stored
from studies.analysis.paired.answers import SAME as ALIKE

from ..base import Answers


class PairAnswers(Answers):
    """Shown: the position picked, 0 or 1, or -1 for “same”. Stored: which two arms, and which was better (analysis/paired/answers.py)."""

    column = "choice"

    def __init__(self, *, same: bool) -> None:
        """`same`: whether it is offered. Those that were given or imported can be read all the same."""
        self.same = same

    def shown_values(self, shown: int) -> range:
        return range(SAME if self.same else 0, shown)

    def stored_value(self, order: Sequence[int], shown_value: int) -> int:
        left, right = order
        return int(stored(left, right, shown_value))

    def refusal(self, shown: int, shown_value: int) -> str:
        return f"{shown_value} is no answer to a pair: it must be from 0 to {shown - 1}{f', or {SAME}' if self.same else ''}."

    def in_words(self, value: int, names: Sequence[str]) -> str:
        a, b, outcome = (int(part) for part in said(value))
        if outcome == ALIKE:
            return f"{names[a]} and {names[b]}: {SAME_NAME}"
        better, other = (a, b) if outcome == FIRST else (b, a)
        return f"{names[better]} over {names[other]}"

    def prefers_first(self, value: Any) -> Any:
        a, _, outcome = said(value)
        return (a == 0) & (outcome == FIRST)

    def arm_of(self, values: Any) -> Any:
        a, b, outcome = said(values)
        return np.where(outcome == ALIKE, SAME, np.where(outcome == FIRST, a, b))

    def prefers_place(self, shown_value: int, place: int) -> bool:
        return shown_value == place
