"""The answers to a rating: five, from the map on the left to the one on the right."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from studies.analysis.answers import RATING_LIMIT, SAME

from ..base import Answers


class RatingAnswers(Answers):
    """Shown: −2 to 2, positive for the map on the right. Stored: −2 to 2, positive for the first arm."""

    column = "rating"

    def shown_values(self, shown: int) -> range:
        return range(-RATING_LIMIT, RATING_LIMIT + 1)

    def stored_value(self, order: Sequence[int], shown_value: int) -> int:
        return shown_value if order[1] == 0 else -shown_value

    def refusal(self, shown: int, shown_value: int) -> str:
        return f"{shown_value} is no rating: it must be from -{RATING_LIMIT} to {RATING_LIMIT}."

    def in_words(self, value: int, names: Sequence[str]) -> str:
        return f"{value:+d}".replace("-", "−").replace("+0", "0")

    def prefers_first(self, value: Any) -> Any:
        return value > 0

    def arm_of(self, values: Any) -> Any:
        return np.where(values == 0, SAME, np.where(values > 0, 0, 1))

    def prefers_place(self, shown_value: int, place: int) -> bool:
        return shown_value > 0 if place == 1 else shown_value < 0
