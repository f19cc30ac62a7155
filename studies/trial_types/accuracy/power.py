"""How many people it takes to tell two arms by the accuracy of answers."""

from dataclasses import dataclass

import numpy as np

from studies.analysis.answers import AnswersError
from studies.analysis.contrasts import Judged
from studies.analysis.distributions import normal_quantile
from studies.analysis.power import Assumptions, Design, PowerModel, Simulated
from studies.analysis.questionnaires import Measure, difference
from studies.analysis.table import Answers


@dataclass(frozen=True)
class AccuracyModel(PowerModel):
    """An answer is correct where a normal lies above 0. Values say the arm and whether it is: 2 · arm + correct.

    Spreads are in units of the chance of single answers; each photo and each person has one for each arm.
    """

    others: float  # accuracy of every arm but the first

    def level(self, assumptions: Assumptions, arms: int) -> np.ndarray:
        if not 0 < self.others + assumptions.effect < 1:
            raise AnswersError(
                f"effect: an accuracy of {self.others + assumptions.effect:g} is not possible; the others have {self.others:g}"
            )
        wider = np.sqrt(1 + assumptions.spread**2)
        first, others = normal_quantile(self.others + assumptions.effect), normal_quantile(self.others)
        return np.array([first, *[others] * (arms - 1)]) * wider

    def values(self, latent: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        n, arms = latent.shape
        return self.values_about(latent, rng.permutation(n) % arms, rng)

    def values_about(self, latent: np.ndarray, arm: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        n = len(latent)
        return 2 * arm + (latent[np.arange(n), arm] + rng.standard_normal(n) > 0)

    def judged(self, study: Simulated, design: Design, level: float) -> list[Judged]:
        named = {0: design.better, design.better: 0}
        arm, correct = np.divmod(study.values, 2)
        table = Answers(items=study.items, participants=study.participants, values=study.values)
        found = [
            difference(
                table,
                correct.astype(float),
                arm,
                (named.get(a, a), named.get(b, b)),
                Measure("accuracy", "accuracy", 0, 1),
                level=level,
                smallest=design.smallest,
            )
            for a, b in design.comparisons
        ]
        return [one or Judged(0.0, None, None, None, "An arm has no answers.") for one in found]
