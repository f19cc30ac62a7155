"""The answers to a ranking: a place for every map."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from studies.analysis.answers import SAME

from ..base import Answers
from .codes import BASE, codes, decoded, digits_of, places_of


class RankAnswers(Answers):
    """Shown: the places of the maps from left to right, as codes.py writes them. Stored: the places of the arms."""

    column = "choice"

    def shown_values(self, shown: int) -> Sequence[int]:
        return codes(shown)

    def stored_value(self, order: Sequence[int], shown_value: int) -> int:
        return sum(place * BASE**arm for arm, place in zip(order, places_of(shown_value), strict=True))

    def refusal(self, shown: int, shown_value: int) -> str:
        return (
            f"{shown_value} is no ranking: it must be a number to the base {BASE} with a place for each of {shown} maps, from 1 on "
            "and none left out."
        )

    def in_words(self, value: int, names: Sequence[str]) -> str:
        return " > ".join(" = ".join(names[at] for at in group) for group in decoded(value))

    def prefers_first(self, value: Any) -> Any:
        first = digits_of(value) == 1
        return first[..., 0] & (first.sum(axis=-1) == 1)

    def arm_of(self, values: Any) -> Any:
        """The arm that stands first; none where several do."""
        first = digits_of(values) == 1
        return np.where(first.sum(axis=-1) == 1, first.argmax(axis=-1), SAME)

    def prefers_place(self, shown_value: int, place: int) -> bool:
        return decoded(shown_value)[0] == [place]
