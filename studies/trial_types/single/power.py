"""How many people single maps need: by the difference of two arms in the mean of the main question."""

from dataclasses import dataclass

import numpy as np

from studies.analysis.answers import AnswersError
from studies.analysis.contrasts import Judged
from studies.analysis.power import Assumptions, Design, PowerModel, Simulated
from studies.analysis.questionnaires import Measure, difference
from studies.analysis.table import Answers

from ..base import Power
from .answers import SingleAnswers

SPREAD_OF_RANGE = 1 / 6  # one unit of spread, and the chance of single answers, is a sixth of the range


@dataclass(frozen=True)
class SingleModel(PowerModel):
    """A latent value of each arm, normal around the middle of the scale, rounded to an answer from `least` to `most`.

    Values say the arm and the answer: arm · levels + (answer − least). Spreads are in units of a sixth of the scale's range, a point of
    seven; each photo and each person has one for each arm.
    """

    least: int = 1
    most: int = 7

    @property
    def levels(self) -> int:
        return self.most - self.least + 1

    @property
    def unit(self) -> float:
        return (self.most - self.least) * SPREAD_OF_RANGE

    def level(self, assumptions: Assumptions, arms: int) -> np.ndarray:
        if not abs(assumptions.effect) < self.most - self.least:
            raise AnswersError(
                f"effect: a difference of {assumptions.effect:g} is not possible on a scale from {self.least} to {self.most}"
            )
        return np.array([assumptions.effect / self.unit, *[0.0] * (arms - 1)])

    def values(self, latent: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        n, arms = latent.shape
        return self.values_about(latent, rng.permutation(n) % arms, rng)

    def values_about(self, latent: np.ndarray, arm: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        n = len(latent)
        own = latent[np.arange(n), arm] + rng.standard_normal(n)
        middle = (self.most + self.least) / 2
        said = np.clip(np.round(middle + self.unit * own), self.least, self.most).astype(int)
        return arm * self.levels + said - self.least

    def judged(self, study: Simulated, design: Design, level: float) -> list[Judged]:
        named = {0: design.better, design.better: 0}
        arm, said = np.divmod(study.values, self.levels)
        table = Answers(items=study.items, participants=study.participants, values=study.values)
        measure = Measure("main", "main", self.least, self.most)
        found = [
            difference(
                table,
                (said + self.least).astype(float),
                arm,
                (named.get(a, a), named.get(b, b)),
                measure,
                level=level,
                smallest=design.smallest,
            )
            for a, b in design.comparisons
        ]
        return [one or Judged(0.0, None, None, None, "An arm has no answers.") for one in found]


class SinglePower(Power):
    """Of the first question; the mean of a scale tells more, so that what is said here is on the safe side."""

    effect = 0.5
    effect_of = "mean of the first arm − mean of each other, in points of the first question"
    effect_in_words = "a mean of the first arm that is 0.5 points higher than those of the others"
    width_of = "first arm − second arm, in points of the first question"

    def __init__(self, answers: SingleAnswers) -> None:
        question = answers.questions[0]
        self.model = SingleModel(question.least, question.most)  # type: ignore[misc]

    def assumed(self, assumptions: Assumptions, arms: int, spread: str) -> str:
        return (
            f"Assumed difference of means {assumptions.effect:+g} points, each answer about one of {arms} arms; {spread} "
            "(in sixths of the scale)."
        )
