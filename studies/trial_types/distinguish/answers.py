"""The answers to “which of these maps?”: the letter of one of them.

A `shown value` is the map's place, 0 for A. A `stored value` is the arm · classes + the place.
"""

from collections.abc import Mapping, Sequence
from string import ascii_uppercase
from typing import Any

import numpy as np

from studies.analysis.picking import truth_of
from studies.analysis.table import UNKNOWN

from ..base import Answers

NETWORK, LABEL = "network", "label"
ASKS = {NETWORK: "says", LABEL: "label"}  # what is asked for, and what `Item.prediction` calls it


class DistinguishAnswers(Answers):
    """One of so many classes."""

    column = "choice"

    def __init__(self, classes: int, asks: str) -> None:
        self.classes, self.asks = classes, asks

    @property
    def letters(self) -> str:
        """What each place is called, on the picture and in files."""
        return ascii_uppercase[: self.classes]

    def shown_values(self, shown: int) -> range:
        return range(self.classes)

    def stored_value(self, order: Sequence[int], shown_value: int) -> int:
        return order[0] * self.classes + shown_value

    def refusal(self, shown: int, shown_value: int) -> str:
        return f"{shown_value} is no answer: it must be from 0 to {self.classes - 1}."

    def in_words(self, value: int, names: Sequence[str]) -> str:
        arm, place = divmod(value, self.classes)
        return f"{names[arm]}: {self.letters[place]}"

    def prefers_first(self, value: Any) -> Any:
        """In a check the map on the object stands last."""
        return value % self.classes == self.classes - 1

    def arm_of(self, values: Any) -> Any:
        return self.arms_and_places(values)[0]

    def prefers_place(self, shown_value: int, place: int) -> bool:
        return shown_value == place

    def truth(self, prediction: Mapping[str, Any] | None) -> int:
        """The place of the map that is right, and whether the network is (analysis/picking)."""
        if prediction is None or "places" not in prediction:
            return UNKNOWN
        return truth_of(prediction["places"][ASKS[self.asks]], network_right=prediction["right"])

    def is_correct(self, values: Any, truths: Any) -> Any:
        return self.arms_and_places(values)[1] == truths // 2

    def arms_and_places(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(n,) the arm and (n,) the place in stored values."""
        arm, place = np.divmod(np.asarray(values, np.int64), self.classes)
        return arm, place
