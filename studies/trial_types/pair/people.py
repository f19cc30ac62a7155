"""Simulated people who compare two maps: each has shares of the arms and of “same”, alike to those that are stated."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from studies.analysis.answers import SAME, SAME_NAME
from studies.analysis.preference import SHARPNESS, choice_shares

from ..base import People, Stated


class PairPeople(People):
    """`own` is (arms + 1,) shares of the arms and, last, of “same”: a draw of Dirichlet around the stated ones. Of two arms they prefer
    each in proportion to its share (Luce's rule); “same” has its stated share in every trial, and none where it is not offered."""

    first = 0

    def __init__(self, *, same: bool) -> None:
        self.same = same

    def rule(self, stated: Stated) -> str:
        total = sum(stated.shares.values())
        return "of two maps each in proportion to " + ", ".join(
            f"{name} {share / total:.1%}" for name, share in stated.shares.items()
        )

    def own(self, stated: Stated, arms: Sequence[str], random: np.random.Generator) -> np.ndarray:
        shares = np.array([stated.shares.get(name, 0.0) for name in [*arms, SAME_NAME]])
        positive = shares > 0
        own = np.zeros(len(shares))
        own[positive] = random.dirichlet(shares[positive] / shares.sum() * stated.concentration)
        return own

    def check(self, places: Sequence[int], right: bool, random: np.random.Generator) -> int:
        wrong = [place for place in range(SAME if self.same else 0, len(places)) if place != places.index(0)]
        return places.index(0) if right else int(random.choice(wrong))

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
        if values is None:
            both, same = np.asarray(own)[list(order)], float(own[-1])
        else:
            *both, same = choice_shares([np.asarray(values)[list(order)]], SHARPNESS * np.exp(taste))[0]
            both = np.array(both)
        same = same if self.same else 0.0
        total = both.sum()
        chances = both / total * (1 - same) if total > 0 else np.full(2, (1 - same) / 2)
        picked = int(random.choice(3, p=np.append(chances, same)))
        return picked if picked < 2 else SAME
