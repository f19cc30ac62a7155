"""How people put arms in order in simulated studies: each arm has a utility for each person and photo, as in models.py, plus Gumbel noise, so
that without people's and photos' tastes orders are Plackett and Luce's."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..answers import AnswersError
from ..contrasts import Judged
from ..distributions import crossing
from ..power import Assumptions, Design, PowerModel, Simulated
from .judge import judge_point_pairs
from .table import Points, PointScale

POPULATION = 20_000  # simulated (person, item) pairs from which the level is found
FARTHEST = 30.0


@dataclass(frozen=True)
class PointsModel(PowerModel):
    """The effect is the mean points of the first arm − those of each other; spreads are of log worths.

    scale_of: arms -> what answers give them. value_of: orders (n, arms) of arms, the best first -> (n,) stored values.
    """

    scale_of: Callable[[int], PointScale]
    value_of: Callable[[np.ndarray], np.ndarray]

    def level(self, assumptions: Assumptions, arms: int) -> np.ndarray:
        scale = self.scale_of(arms)
        total = float(scale.points[0].sum())
        farthest = scale.most - (total - scale.most) / (arms - 1)
        if not abs(assumptions.effect) < farthest:
            raise AnswersError(
                f"effect: {assumptions.effect} is more than {arms} arms can differ by on average, {farthest:g}; take a smaller effect"
            )
        rng = np.random.default_rng(0)
        tastes = assumptions.spread * rng.standard_normal((POPULATION, arms)) + rng.gumbel(
            size=(POPULATION, arms)
        )

        def missing(level: float) -> float:
            found = self._points(tastes + np.append(level, np.zeros(arms - 1)), scale)
            return assumptions.effect - float(found[0] - found[1:].mean())

        return np.append(crossing(missing, -FARTHEST, FARTHEST), np.zeros(arms - 1))

    def _points(self, utility: np.ndarray, scale: PointScale) -> np.ndarray:
        values = self.value_of(np.argsort(-utility, axis=1))
        return scale.points[scale.places_of(values)].mean(axis=0)

    def values(self, latent: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        return self.value_of(np.argsort(-(latent + rng.gumbel(size=latent.shape)), axis=1))

    def judged(self, study: Simulated, design: Design, level: float) -> list[Judged]:
        """The better arm of the simulation is arm 0: where the first comparison names another first, the two change their names."""
        named = {0: design.better, design.better: 0}
        pairs = [(named.get(a, a), named.get(b, b)) for a, b in design.comparisons]
        scale = self.scale_of(design.arms)
        answers = Points.of(study.items, study.participants, study.values, scale=scale)
        return judge_point_pairs(answers, pairs, level=level, smallest=design.smallest)
