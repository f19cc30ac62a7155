"""Simulated people who rate: a normal around the stated mean, moved by each person's taste, rounded and cut off."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from studies.analysis.answers import RATING_LIMIT
from studies.analysis.preference import rating_means

from ..base import People, Stated


class RatingPeople(People):
    """They have nothing of their own but their taste."""

    first = -RATING_LIMIT

    def rule(self, stated: Stated) -> str:
        return f"ratings from a normal of mean {stated.mean:+.2f} and spread {stated.spread:.2f}"

    def own(self, stated: Stated, arms: Sequence[str], random: np.random.Generator) -> None:
        return None

    def check(self, places: Sequence[int], right: bool, random: np.random.Generator) -> int:
        on_the_right = places[1] == 0
        return RATING_LIMIT if on_the_right == right else -RATING_LIMIT

    def answer(
        self,
        stated: Stated,
        *,
        own: Any,
        taste: float,
        order: Sequence[int],
        values: np.ndarray | None,
        random: np.random.Generator,
    ) -> int:
        mean = taste + (stated.mean if values is None else float(rating_means([values])[0]))
        rating = round(float(np.clip(random.normal(mean, stated.spread), -RATING_LIMIT, RATING_LIMIT)))
        return rating if order[1] == 0 else -rating
