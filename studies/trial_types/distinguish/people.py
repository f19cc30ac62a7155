"""Simulated people who pick one of several maps: each looks like a normal, that of the class that is right higher by an arm's d′."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from studies.analysis.table import UNKNOWN

from ..base import People, Stated
from ..verify.people import d_primes
from .answers import DistinguishAnswers


class DistinguishPeople(People):
    """`own` is (arms,) d′ of each arm: it grows with the arm's share. `taste` makes a person better or worse in all of them."""

    first = 0

    def __init__(self, answers: DistinguishAnswers) -> None:
        self.answers = answers

    def rule(self, stated: Stated) -> str:
        names = [name for name in stated.shares if name != "same"]
        own = d_primes(np.array([stated.shares[name] for name in names], float))
        told = ", ".join(f"{name} {value:.2f}" for name, value in zip(names, own.tolist(), strict=True))
        return f"the likeliest of {self.answers.classes}, d′ by arm: {told}"

    def own(self, stated: Stated, arms: Sequence[str], random: np.random.Generator) -> np.ndarray:
        return d_primes(np.array([stated.shares.get(name, 0.0) for name in arms]))

    def check(self, places: Sequence[int], right: bool, random: np.random.Generator) -> int:
        return self.answers.classes - 1 if right else 0

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
        """Where nothing is known of the truth, all look alike."""
        return self._picked(own, taste, order, values, random, right=None)

    def answer_to(self, stated: Stated, *, truth: int | None, **trial: Any) -> int:
        return self._picked(**trial, right=None if truth in (None, UNKNOWN) else truth // 2)

    def _picked(
        self,
        own: Any,
        taste: float,
        order: Sequence[int],
        values: np.ndarray | None,
        random: np.random.Generator,
        *,
        right: int | None,
    ) -> int:
        seen = random.normal(size=self.answers.classes)
        if right is not None:
            seen[right] += taste + float(
                (own if values is None else d_primes(np.asarray(values, float)))[order[0]]
            )
        return int(seen.argmax())
