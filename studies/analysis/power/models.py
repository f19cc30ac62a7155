"""How people answer in simulated studies, one model for each way of answering that this project has.

Choices are made as in a multinomial logit with tastes: person p on item i gives arm a the utility
μ_a + item effect + person effect + Gumbel noise, “same” likewise; μ is set so that the shares over all people
and items are the assumed ones. Ratings are a normal latent value with item and person effects, rounded to −2 … 2.
"""

from dataclasses import dataclass

import numpy as np

from ..answers import RATING_LIMIT, SAME, AnswersError
from ..contrasts import Judged, judge_mean_of, judge_pairs
from ..distributions import crossing, normal_quantile
from ..table import Choices, Ratings
from .simulation import Assumptions, Design, PowerModel, Simulated

POPULATION = 100_000  # simulated (person, item) pairs from which the level is found
STEPS = 60


@dataclass(frozen=True)
class ChoiceModel(PowerModel):
    """The effect is the share of the first arm − the share of each other; spreads are of log odds.

    Values are arm indices, or −1 for “same”. Judged by differences of
    two arms, as shares of all items: those that are declared, or first arm − second arm.
    """

    def shares(self, assumptions: Assumptions, arms: int) -> np.ndarray:
        """(arms + 1,): the assumed shares of all arms and, last, of “same”."""
        other = (1 - assumptions.same - assumptions.effect) / arms
        shares = np.array([other + assumptions.effect, *[other] * (arms - 1), assumptions.same])
        if min(shares[:-1]) <= 0:
            raise AnswersError(
                f"effect: {assumptions.effect} with {assumptions.same} “same” leaves an arm a share below 0; "
                "take a smaller effect"
            )
        return shares

    def level(self, assumptions: Assumptions, arms: int) -> np.ndarray:
        shares = self.shares(assumptions, arms)
        rng = np.random.default_rng(0)
        return levels_for(shares, assumptions.spread * rng.standard_normal((POPULATION, arms + 1)))

    def values(self, latent: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        picked = np.argmax(latent + rng.gumbel(size=latent.shape), axis=1)
        return np.where(picked == latent.shape[1] - 1, SAME, picked)

    def judged(self, study: Simulated, design: Design, level: float) -> list[Judged]:
        """The better arm of the simulation is arm 0: where the first comparison names another first, the two change their names."""
        named = {0: design.better, design.better: 0}
        pairs = [(named.get(a, a), named.get(b, b)) for a, b in design.comparisons]
        answers = Choices.of(study.items, study.participants, study.values, arms=design.arms)
        return judge_pairs(answers, pairs, level=level, smallest=design.smallest)


@dataclass(frozen=True)
class RatingModel(PowerModel):
    """The effect is the mean rating, and what a study is judged by; spreads are of ratings, before they are rounded."""

    def level(self, assumptions: Assumptions, arms: int) -> np.ndarray:
        return np.array([_mean_for(assumptions.effect, float(np.hypot(assumptions.spread, 1)))])

    def values(self, latent: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        exact = latent[:, 0] + rng.standard_normal(len(latent))
        return np.clip(np.round(exact), -RATING_LIMIT, RATING_LIMIT).astype(int)

    def judged(self, study: Simulated, design: Design, level: float) -> list[Judged]:
        answers = Ratings.of(study.items, study.participants, study.values)
        return [judge_mean_of(answers, design.primary, level=level, smallest=design.smallest)]


CHOICES, RATINGS = ChoiceModel(), RatingModel()


def levels_for(shares: np.ndarray, tastes: np.ndarray) -> np.ndarray:
    """μ at which the mean chances over all tastes are `shares` (the contraction of Berry, Levinsohn & Pakes 1995)."""
    with np.errstate(divide="ignore"):
        level = np.log(shares)  # −∞ for “same” that is never said
    wanted = shares > 0
    for _ in range(STEPS):
        weight = np.exp(level + tastes)
        mean = (weight / weight.sum(axis=1, keepdims=True)).mean(axis=0)
        step = np.log(shares[wanted] / mean[wanted])
        level[wanted] += step
        if np.abs(step).max() < 1e-6:
            break
    return level


def _mean_for(rating: float, spread: float) -> float:
    """The mean of the latent value whose rounded and clipped rating has mean `rating`."""
    if not abs(rating) < RATING_LIMIT:
        raise AnswersError(f"effect: a mean rating of {rating} is not between −2 and 2")
    shares = (np.arange(POPULATION) + 0.5) / POPULATION
    noise = spread * np.array([normal_quantile(share) for share in shares.tolist()])

    def missing(middle: float) -> float:
        return rating - float(np.clip(np.round(middle + noise), -RATING_LIMIT, RATING_LIMIT).mean())

    return crossing(missing, -50.0, 50.0)
