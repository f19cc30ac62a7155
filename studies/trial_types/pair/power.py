"""How many people a pair needs: by the difference of preferences of two arms. Balanced pairs, judged as the results are."""

from dataclasses import dataclass
from itertools import islice

import numpy as np

from studies.analysis.answers import SAME, AnswersError
from studies.analysis.contrasts import Judged
from studies.analysis.distributions import crossing, normal_quantile
from studies.analysis.paired import layout
from studies.analysis.paired.answers import Pairs, stored
from studies.analysis.paired.strengths import judge_pairs
from studies.analysis.power import Assumptions, Design, PowerModel, Simulated

from ..base import Power

SHARES = 2001  # of the normal at which chances are averaged
FURTHEST = 30.0


@dataclass(frozen=True)
class PairModel(PowerModel):
    """The effect is how many more prefer the first arm to another than the other way round, of those who prefer one; spreads are of
    log odds.

    Latent values are the log strengths of the arms for one person on one photo, and last what “same” has beyond the mean of the two. The
    arms other than the first are alike. Judged by the differences of preferences that are declared, or of first and second arm.
    """

    def level(self, assumptions: Assumptions, arms: int) -> np.ndarray:
        if not abs(assumptions.effect) < 1:
            raise AnswersError(
                f"effect: {assumptions.effect} is not a difference of preferences between −1 and 1"
            )
        apart = np.sqrt(2) * assumptions.spread * _normal()

        def missing(gap: float) -> float:
            return assumptions.effect - float(np.tanh((gap + apart) / 2).mean())

        levels = np.zeros(arms + 1)
        levels[0] = crossing(missing, -FURTHEST, FURTHEST) if assumptions.effect else 0.0
        levels[-1] = _tie_level(assumptions, apart) if assumptions.same else -np.inf
        return levels

    def values(self, latent: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """The pairs of a balanced layout, dealt out at random."""
        n, arms = len(latent), latent.shape[1] - 1
        deck = np.array(list(islice(layout.pairs(arms, int(rng.integers(2**62))), n))).reshape(-1, 2)
        left, right = deck[rng.permutation(n)].T
        at = np.arange(n)
        both = np.stack([latent[at, left], latent[at, right]], axis=1)
        utility = np.column_stack([both, latent[:, -1] + both.mean(axis=1)])
        picked = np.argmax(utility + rng.gumbel(size=utility.shape), axis=1)
        return stored(left, right, np.array([0, 1, SAME])[picked])

    def judged(self, study: Simulated, design: Design, level: float) -> list[Judged]:
        """The better arm of the simulation is arm 0: where the first comparison names another first, the two change their names."""
        named = {0: design.better, design.better: 0}
        pairs = [(named.get(a, a), named.get(b, b)) for a, b in design.comparisons]
        answers = Pairs.of(study.items, study.participants, study.values, arms=design.arms)
        found = judge_pairs(answers, pairs, level=level, smallest=design.smallest)
        return [one or Judged(0.0, None, None, None, "never compared") for one in found]


def _normal() -> np.ndarray:
    """Equally likely values of a standard normal."""
    return np.array([normal_quantile((place + 0.5) / SHARES) for place in range(SHARES)])


def _tie_level(assumptions: Assumptions, apart: np.ndarray) -> float:
    """How much “same” has beyond the mean of two equal arms, so that it gets its share."""
    own = assumptions.spread * _normal()

    def missing(at: float) -> float:
        weight = np.exp(at + own)[:, None]
        gaps = apart[None, ::20]
        return assumptions.same - float((weight / (weight + 2 * np.cosh(gaps / 2))).mean())

    return crossing(missing, -FURTHEST, FURTHEST)


class PairPower(Power):
    """Simulated and judged as `PairModel` says."""

    model = PairModel()
    knows_same = True
    effect = 0.2
    effect_of = (
        "share that prefers the first arm to another − share that prefers the other, of those who prefer one"
    )
    effect_in_words = (
        "of those who prefer one, 20 percentage points more prefer the first arm to the second (60 % to 40 %)"
    )
    width_of = "first arm − second arm, as a difference of preferences"

    def assumed(self, assumptions: Assumptions, arms: int, spread: str) -> str:
        more = f"{assumptions.effect:.1%}".replace("%", "percentage points")
        same = f"{assumptions.same:.1%}".replace("%", " %")
        return (
            f"Assumed for {arms} arms: of those who prefer one, {more} more prefer the first arm to any other, which are alike; “same” "
            f"{same}; {spread} (SD of log odds)."
        )
