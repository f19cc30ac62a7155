"""Simulated people who see maps in an order: what types have in common whose answers come of one."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np

from studies.analysis.answers import SAME_NAME
from studies.analysis.preference import SHARPNESS, choice_shares

from ..base import People, Stated

LEAST = 1e-9  # the worth of an arm that nobody prefers: it comes last


class PointsPeople(People):
    """`own` is (arms + 1,) shares of the arms and, last, of “same”: a draw of Dirichlet around the stated ones."""

    def rule(self, stated: Stated) -> str:
        total = sum(stated.shares.values())
        shares = ", ".join(f"{name} {share / total:.1%}" for name, share in stated.shares.items())
        return f"first of all {shares}"

    def own(self, stated: Stated, arms: Sequence[str], random: np.random.Generator) -> np.ndarray:
        shares = np.array([stated.shares.get(name, 0.0) for name in [*arms, SAME_NAME]])
        positive = shares > 0
        own = np.zeros(len(shares))
        own[positive] = random.dirichlet(shares[positive] / shares.sum() * stated.concentration)
        return own

    def check(self, places: Sequence[int], right: bool, random: np.random.Generator) -> int:
        others = random.permutation([at for at, place in enumerate(places) if place]).tolist()
        on_object = places.index(0)
        order = [on_object, *others] if right else [*others, on_object]
        return self.said([[place] for place in order])

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
        shares = own if values is None else choice_shares([values], SHARPNESS * np.exp(taste))[0]
        worth = np.log(np.maximum(shares[[*order]], LEAST)) + random.gumbel(size=len(order))
        ranking = [[place] for place in np.argsort(-worth).tolist()]
        return self.said(self.tied(ranking, float(shares[-1]), random))

    def tied(self, ranking: list[list[int]], same: float, random: np.random.Generator) -> list[list[int]]:
        """The ranking with ties, where there is such an answer; `same` is how readily this person says so."""
        return ranking

    @abstractmethod
    def said(self, places: list[list[int]]) -> int:
        """The shown value of groups of places on screen, the best first; those in one group tie."""
