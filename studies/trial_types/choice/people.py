"""Simulated people who choose: each has shares of the arms and of “same”, alike to those that are stated."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from studies.analysis.answers import SAME, SAME_NAME
from studies.analysis.preference import SHARPNESS, choice_shares

from ..base import People, Stated


class ChoicePeople(People):
    """`own` is (arms + 1,) shares of the arms and, last, of “same”: a draw of Dirichlet around the stated ones."""

    first = 0

    def rule(self, stated: Stated) -> str:
        total = sum(stated.shares.values())
        return ", ".join(f"{name} {share / total:.1%}" for name, share in stated.shares.items())

    def own(self, stated: Stated, arms: Sequence[str], random: np.random.Generator) -> np.ndarray:
        shares = np.array([stated.shares.get(name, 0.0) for name in [*arms, SAME_NAME]])
        positive = shares > 0
        own = np.zeros(len(shares))
        own[positive] = random.dirichlet(shares[positive] / shares.sum() * stated.concentration)
        return own

    def check(self, places: Sequence[int], right: bool, random: np.random.Generator) -> int:
        wrong = [place for place in range(SAME, len(places)) if place != places.index(0)]
        return places.index(0) if right else int(random.choice(wrong))

    def shares_by(self, values: np.ndarray, taste: float) -> np.ndarray:
        """(arms + 1,) shares of somebody who goes by values of an item's maps; taste is how sharply they see."""
        return choice_shares([values], SHARPNESS * np.exp(taste))[0]

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
        shares = own if values is None else self.shares_by(values, taste)
        choice = int(random.choice(len(shares), p=shares))
        return order.index(choice) if choice < len(shares) - 1 else SAME
