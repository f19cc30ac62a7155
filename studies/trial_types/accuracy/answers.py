"""Answers about one arm: a stored value is the arm · `options` + what was said of it."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..base import Answers


class AnswersOfArms(Answers):
    """One of so many `options`, the first of which is 0."""

    column = "choice"

    def __init__(self, options: int) -> None:
        self.options = options

    def shown_values(self, shown: int) -> range:
        return range(self.options)

    def stored_value(self, order: Sequence[int], shown_value: int) -> int:
        return order[0] * self.options + shown_value

    def refusal(self, shown: int, shown_value: int) -> str:
        return f"{shown_value} is no answer: it must be from 0 to {self.options - 1}."

    def arm_of(self, values: Any) -> Any:
        return self.arms_and_said(values)[0]

    def arms_and_said(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(n,) the arm and (n,) what was said of it in stored values."""
        arm, said = np.divmod(np.asarray(values, np.int64), self.options)
        return arm, said
