"""How many people and photos a study needs: simulate its own design, test it as it will be tested, count.

Choices are made as in a multinomial logit with tastes: person p on item i gives arm a the utility
μ_a + item effect + person effect + Gumbel noise, “same” likewise; μ is set so that the shares over all people
and items are the assumed ones. Ratings are a normal latent value with item and person effects, rounded to −2 … 2.
A simulated study counts as a find when its two-way 95 % interval excludes zero on the right side.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np

from .answers import RATING_LIMIT, SAME, AnswersError
from .distributions import crossing, normal_quantile
from .intervals import choice_intervals, rating_intervals

Task = Literal["choice", "rating"]
POPULATION = 100_000  # simulated (person, item) pairs from which μ is found
STEPS = 60


@dataclass(frozen=True)
class Design:
    """What the protocol decides."""

    items: int
    participants: int
    answers_per_item: int
    task: Task = "choice"
    arms: int = 3

    def __post_init__(self) -> None:
        if self.task not in get_args(Task):
            raise AnswersError(f"task: {self.task!r} is not one of {', '.join(get_args(Task))}")
        if self.items < 2 or self.participants < 2 or self.arms < 2:
            raise AnswersError("a study needs at least 2 items, 2 participants and 2 arms")
        if not 1 <= self.answers_per_item <= self.participants:
            raise AnswersError(
                f"answers_per_item: {self.answers_per_item} answers to an item by {self.participants} people, "
                "each of whom sees it once; take fewer answers or more people"
            )


@dataclass(frozen=True)
class Assumptions:
    """What the world may be like. Spreads are standard deviations: of log odds for choices, of ratings for ratings."""

    effect: float  # choice: share of the first arm − share of each other; rating: the mean rating
    same: float = 0.06  # share of “same”, choices only
    spread_items: float = 0.8
    spread_people: float = 0.5

    def __post_init__(self) -> None:
        if min(self.spread_items, self.spread_people) < 0:
            raise AnswersError("spread: a standard deviation is 0 or more")
        if not 0 <= self.same < 1:
            raise AnswersError(f"same: {self.same} is not a share from 0 up to 1")

    def shares(self, arms: int) -> np.ndarray:
        """(arms + 1,): the shares of all arms and, last, of “same”."""
        other = (1 - self.same - self.effect) / arms
        shares = np.array([other + self.effect, *[other] * (arms - 1), self.same])
        if min(shares[:-1]) <= 0:
            raise AnswersError(
                f"effect: {self.effect} with {self.same} “same” leaves an arm a share below 0; take a smaller effect"
            )
        return shares


@dataclass(frozen=True)
class Power:
    """The share of simulated studies that find the effect, with a 95 % interval for the simulation's own chance."""

    design: Design
    assumptions: Assumptions
    power: float
    interval: tuple[float, float]
    studies: int


@dataclass(frozen=True, eq=False)
class Simulated:
    """Answers of one simulated study, as columns."""

    items: np.ndarray  # (n,) int64
    participants: np.ndarray  # (n,) int64
    values: np.ndarray  # (n,) int64: choices (arm index or -1), or ratings


class World:
    """Studies of one design under one set of assumptions. Solves for μ once, then simulates as many as asked."""

    def __init__(self, design: Design, assumptions: Assumptions):
        self.design, self.assumptions = design, assumptions
        rng = np.random.default_rng(0)
        spread = np.hypot(assumptions.spread_items, assumptions.spread_people)
        if design.task == "choice":
            shares = assumptions.shares(design.arms)
            tastes = spread * rng.standard_normal((POPULATION, design.arms + 1))
            self.level = _levels_for(shares, tastes)
        else:
            self.level = np.array([_mean_for(assumptions.effect, float(np.hypot(spread, 1)))])

    def study(self, rng: np.random.Generator) -> Simulated:
        """One study: each item answered by `answers_per_item` different people, drawn at random."""
        design = self.design
        draws = rng.random((design.items, design.participants))
        people = np.argsort(draws, axis=1)[:, : design.answers_per_item].ravel()
        items = np.repeat(np.arange(design.items), design.answers_per_item)
        wide = len(self.level)
        of_items = self.assumptions.spread_items * rng.standard_normal((design.items, wide))
        of_people = self.assumptions.spread_people * rng.standard_normal((design.participants, wide))
        value = self.level + of_items[items] + of_people[people]
        if design.task == "choice":
            picked = np.argmax(value + rng.gumbel(size=value.shape), axis=1)
            return Simulated(items, people, np.where(picked == design.arms, SAME, picked))
        latent = value[:, 0] + rng.standard_normal(len(items))
        return Simulated(items, people, np.clip(np.round(latent), -RATING_LIMIT, RATING_LIMIT).astype(int))


def power(
    design: Design, assumptions: Assumptions, *, studies: int = 200, draws: int = 500, seed: int = 0
) -> Power:
    """Simulate `studies` studies and count those whose two-way interval shows the effect.

    Choice: the interval of first arm − second arm; rating: of the mean. About 10 ms for each study of 1,000 answers.

    >>> found = power(Design(items=40, participants=10, answers_per_item=3), Assumptions(effect=0.5), studies=20)
    >>> found.power > 0.8
    True
    """
    world = World(design, assumptions)
    found = sum(
        _finds(world.study(np.random.default_rng([seed, number])), design, assumptions, draws)
        for number in range(studies)
    )
    return Power(design, assumptions, found / studies, wilson(found, studies), studies)


def power_curve(
    design: Design,
    assumptions: Assumptions,
    *,
    participants: Iterable[int] = (),
    items: Iterable[int] = (),
    answers_per_item: Iterable[int] = (),
    studies: int = 200,
    seed: int = 0,
) -> list[Power]:
    """Power at other numbers of participants, then of items, then of answers to an item, one changed at a time."""
    designs = [
        *(replace(design, participants=number) for number in participants),
        *(replace(design, items=number) for number in items),
        *(replace(design, answers_per_item=number) for number in answers_per_item),
    ]
    return [power(other, assumptions, studies=studies, seed=seed) for other in designs]


def wilson(successes: int, trials: int, level: float = 0.95) -> tuple[float, float]:
    """Wilson's interval for a proportion (1927).

    >>> [round(end, 4) for end in wilson(8, 10)]
    [0.4902, 0.9433]
    """
    z = normal_quantile((1 + level) / 2)
    share, over = successes / trials, 1 + z**2 / trials
    middle = (share + z**2 / (2 * trials)) / over
    half = z * np.sqrt(share * (1 - share) / trials + z**2 / (4 * trials**2)) / over
    # rounding must not put the share itself outside, where it is 0 or 1 and so is one end
    return min(share, max(0.0, float(middle - half))), max(share, min(1.0, float(middle + half)))


def _finds(study: Simulated, design: Design, assumptions: Assumptions, draws: int) -> bool:
    columns = (study.items, study.participants, study.values)
    if design.task == "choice":
        ends = choice_intervals(*columns, design.arms, draws=draws).differences.get((0, 1))
    else:
        ends = rating_intervals(*columns, draws=draws).mean
    if ends is None:
        return False
    return bool(ends[0] > 0 if assumptions.effect >= 0 else ends[1] < 0)


def _levels_for(shares: np.ndarray, tastes: np.ndarray) -> np.ndarray:
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
