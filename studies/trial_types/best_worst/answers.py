"""The answers to best and worst: two positions on screen."""

from collections.abc import Sequence
from typing import Any

from ..base import Answers
from .codes import BASE, code, codes, decoded


class BestWorstAnswers(Answers):
    """Shown: 8 · the position of the best + that of the worst, both from 0. Stored: the same of the arms that stood there."""

    column = "choice"

    def shown_values(self, shown: int) -> Sequence[int]:
        return codes(shown)

    def stored_value(self, order: Sequence[int], shown_value: int) -> int:
        best, worst = decoded(shown_value)
        return code(order[best], order[worst])

    def refusal(self, shown: int, shown_value: int) -> str:
        return (
            f"{shown_value} is no best and worst: it must be {BASE} times the place of the best and that of another, the worst, "
            f"each from 0 to {shown - 1}."
        )

    def in_words(self, value: int, names: Sequence[str]) -> str:
        best, worst = decoded(value)
        return f"best {names[best]}, worst {names[worst]}"

    def prefers_first(self, value: Any) -> Any:
        return value // BASE == 0

    def arm_of(self, values: Any) -> Any:
        return values // BASE

    def prefers_place(self, shown_value: int, place: int) -> bool:
        return shown_value // BASE == place
