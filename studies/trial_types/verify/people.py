"""Simulated people who say whether the network is right: what they see is a normal, higher where it is right (signal detection)."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..base import People, Stated
from .answers import VerifyAnswers

D_PRIME = 1.2  # of an arm with its even share
LEAST = 0.05  # of an even share
STEP = 0.7  # from the criterion to “surely”


class VerifyPeople(People):
    """`own` is (arms,) d′ of each arm: it grows with the arm's share. `taste` moves the person's criterion."""

    first = 0

    def __init__(self, answers: VerifyAnswers) -> None:
        self.answers = answers

    def rule(self, stated: Stated) -> str:
        names = [name for name in stated.shares if name != "same"]
        own = d_primes(np.array([stated.shares[name] for name in names], float))
        told = ", ".join(f"{name} {value:.2f}" for name, value in zip(names, own.tolist(), strict=True))
        return f"signal detection, d′ by arm: {told}"

    def own(self, stated: Stated, arms: Sequence[str], random: np.random.Generator) -> np.ndarray:
        return d_primes(np.array([stated.shares.get(name, 0.0) for name in arms]))

    def check(self, places: Sequence[int], right: bool, random: np.random.Generator) -> int:
        return self.answers.steps - 1 if right else 0

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
        """Where nothing is known of the truth, the network is right."""
        return self._said(own, taste, order, values, random, truth=1)

    def answer_to(self, stated: Stated, *, truth: int | None, **trial: Any) -> int:
        return self._said(**trial, truth=0 if truth == 0 else 1)

    def _said(
        self,
        own: Any,
        taste: float,
        order: Sequence[int],
        values: np.ndarray | None,
        random: np.random.Generator,
        *,
        truth: int,
    ) -> int:
        d_prime = float((own if values is None else d_primes(np.asarray(values, float)))[order[0]])
        seen = (d_prime / 2 if truth else -d_prime / 2) + taste + random.normal()
        if self.answers.steps == 2:
            return int(seen > 0)
        return int(np.searchsorted([-STEP, 0, STEP], seen))


def d_primes(shares: np.ndarray) -> np.ndarray:
    """(arms,) d′ by each arm's share of all: that of an even share, more or less of it by the logarithm."""
    even = shares.mean() or 1.0
    return D_PRIME * (1 + np.tanh(0.5 * np.log2(np.maximum(shares / even, LEAST))))
