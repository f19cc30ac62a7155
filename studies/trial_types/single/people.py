"""Simulated people who answer about one map: each answer is a normal, around the middle where an arm has its even share, rounded."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..base import People, Stated
from ..questions import TrialQuestion
from .answers import SingleAnswers

LEAST = 0.05  # of an even share: an arm without any is not liked infinitely little
STRENGTH = 0.8  # how far twice an even share moves an answer, in halves of its range


class SinglePeople(People):
    """`own` is (arms,) how far each arm's answers lie above the middle, in halves of the range."""

    first = 0

    def __init__(self, answers: SingleAnswers) -> None:
        self.answers = answers

    def rule(self, stated: Stated) -> str:
        total = sum(stated.shares.values())
        liked = ", ".join(
            f"{name} {share / total:.1%}" for name, share in stated.shares.items() if name != "same"
        )
        return f"answers from a normal of spread {stated.spread:.2f} that is the higher the larger an arm’s share is: {liked}"

    def own(self, stated: Stated, arms: Sequence[str], random: np.random.Generator) -> np.ndarray:
        return lifts(np.array([stated.shares.get(name, 0.0) for name in arms]))

    def check(self, places: Sequence[int], right: bool, random: np.random.Generator) -> int:
        return self.answers.number_of([_end(question, high=right) for question in self.answers.questions])

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
        lift = float((own if values is None else lifts(np.asarray(values, float)))[order[0]])
        said = []
        for question in self.answers.questions:
            half = (question.levels - 1) / 2
            at = half * (1 + lift) + (taste + random.normal(0, stated.spread)) * half / 2
            answer = question.least + round(float(np.clip(at, 0, 2 * half)))
            said.append(int(question.turned(np.array(answer))))
        return self.answers.number_of(said)


def lifts(shares: np.ndarray) -> np.ndarray:
    """(arms,) how far each arm lies above the middle, between −1 and 1, by its share of all."""
    even = shares.mean() or 1.0
    return np.tanh(STRENGTH * np.log2(np.maximum(shares / even, LEAST)))


def _end(question: TrialQuestion, *, high: bool) -> int:
    return question.most if high != question.reversed else question.least
