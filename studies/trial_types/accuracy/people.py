"""Simulated people who tell right from wrong by signal detection: what types have in common whose answers are correct or not."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..base import People, Stated
from .answers import AnswersOfArms

D_PRIME = 1.2  # of an arm with its even share
LEAST = 0.05  # of an even share


class DetectingPeople(People):
    """`own` is (arms,) d′ of each arm: it grows with the arm's share."""

    first = 0

    def __init__(self, answers: AnswersOfArms) -> None:
        self.answers = answers

    @property
    @abstractmethod
    def model(self) -> str:
        """In a few words, how what they see becomes an answer."""

    @abstractmethod
    def said(self, d_prime: float, taste: float, truth: int | None, random: np.random.Generator) -> int:
        """What is answered; `truth` is that of the type's `truth`, None where it is not known."""

    def rule(self, stated: Stated) -> str:
        names = [name for name in stated.shares if name != "same"]
        own = d_primes(np.array([stated.shares[name] for name in names], float))
        told = ", ".join(f"{name} {value:.2f}" for name, value in zip(names, own.tolist(), strict=True))
        return f"{self.model}, d′ by arm: {told}"

    def own(self, stated: Stated, arms: Sequence[str], random: np.random.Generator) -> np.ndarray:
        return d_primes(np.array([stated.shares.get(name, 0.0) for name in arms]))

    def check(self, places: Sequence[int], right: bool, random: np.random.Generator) -> int:
        return self.answers.options - 1 if right else 0

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
        """As where nothing is known of the truth."""
        return self._answer(None, own, taste, order, values, random)

    def answer_to(self, stated: Stated, *, truth: int | None, **trial: Any) -> int:
        return self._answer(truth, **trial)

    def _answer(
        self,
        truth: int | None,
        own: Any,
        taste: float,
        order: Sequence[int],
        values: np.ndarray | None,
        random: np.random.Generator,
    ) -> int:
        by_arm = own if values is None else d_primes(np.asarray(values, float))
        return self.said(float(by_arm[order[0]]), taste, truth, random)


def d_primes(shares: np.ndarray) -> np.ndarray:
    """(arms,) d′ by each arm's share of all: that of an even share, more or less of it by the logarithm."""
    even = shares.mean() or 1.0
    return D_PRIME * (1 + np.tanh(0.5 * np.log2(np.maximum(shares / even, LEAST))))
