"""The answers to “which of these maps?”: the letter of one of them.

A `shown value` is the map's place, 0 for A. A `stored value` is the arm · classes + the place.
"""

from collections.abc import Mapping, Sequence
from string import ascii_uppercase
from typing import Any

from studies.analysis.picking import truth_of
from studies.analysis.table import UNKNOWN

from ..accuracy.answers import AnswersOfArms

NETWORK, LABEL = "network", "label"
ASKS = {NETWORK: "says", LABEL: "label"}  # what is asked for, and what `Item.prediction` calls it


class DistinguishAnswers(AnswersOfArms):
    """One of so many classes."""

    def __init__(self, classes: int, asks: str) -> None:
        super().__init__(classes)
        self.classes, self.asks = classes, asks

    @property
    def letters(self) -> str:
        """What each place is called, on the picture and in files."""
        return ascii_uppercase[: self.classes]

    def in_words(self, value: int, names: Sequence[str]) -> str:
        arm, place = divmod(value, self.classes)
        return f"{names[arm]}: {self.letters[place]}"

    def prefers_first(self, value: Any) -> Any:
        """In a check the map on the object stands last."""
        return value % self.classes == self.classes - 1

    def prefers_place(self, shown_value: int, place: int) -> bool:
        return shown_value == place

    def truth(self, prediction: Mapping[str, Any] | None) -> int:
        """The place of the map that is right, and whether the network is (analysis/picking)."""
        if prediction is None or "places" not in prediction:
            return UNKNOWN
        return truth_of(prediction["places"][ASKS[self.asks]], network_right=prediction["right"])

    def is_correct(self, values: Any, truths: Any) -> Any:
        return self.arms_and_said(values)[1] == truths // 2
