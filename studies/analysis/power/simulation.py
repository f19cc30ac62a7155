"""Simulate a study's own design, test it as it will be tested, count.

What people answer, and by which interval a study is judged, is a `PowerModel`: those of this project are in
models.py, and anybody may bring another. A simulated study counts as a find when its model's 95 % interval excludes
zero on the right side.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np

from ..answers import AnswersError
from ..distributions import normal_quantile


@dataclass(frozen=True)
class Assumptions:
    """What the world may be like. Spreads are standard deviations, on the scale of the model's latent values."""

    effect: float  # in the model's own terms: a difference of shares, a mean rating
    same: float = 0.06  # share of “same”, where there is such an answer
    spread_items: float = 0.8
    spread_people: float = 0.5

    def __post_init__(self) -> None:
        if min(self.spread_items, self.spread_people) < 0:
            raise AnswersError("spread: a standard deviation is 0 or more")
        if not 0 <= self.same < 1:
            raise AnswersError(f"same: {self.same} is not a share from 0 up to 1")

    @property
    def spread(self) -> float:
        """Of both together: how far one person's view of one photo lies from the middle."""
        return float(np.hypot(self.spread_items, self.spread_people))


@dataclass(frozen=True, eq=False)
class Simulated:
    """Answers of one simulated study, as columns."""

    items: np.ndarray  # (n,) int64
    participants: np.ndarray  # (n,) int64
    values: np.ndarray  # (n,) int64: as the model's intervals read them


class PowerModel(ABC):
    """What people answer, and what a study of such answers is judged by.

    Every answer comes of latent values: the model's level, plus what is special to the item and to the person, which
    are normal and drawn by `World`.
    """

    @abstractmethod
    def level(self, assumptions: Assumptions, arms: int) -> np.ndarray:
        """(w,): where the latent values lie on average, so that the answers come out as assumed. w is the model's own.

        Raises:
            AnswersError: no answers can be like that; it names the assumption and the remedy.
        """

    @abstractmethod
    def values(self, latent: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """(n,) int64: an answer from each row of the latent values (n, w), with the chance of the moment from `rng`."""

    @abstractmethod
    def ends(self, study: Simulated, design: "Design", draws: int) -> np.ndarray | None:
        """The 95 % interval, low and high, of what is greater the greater the effect; None where the study has none."""


@dataclass(frozen=True)
class Design:
    """What the protocol decides."""

    items: int
    participants: int
    answers_per_item: int
    model: PowerModel
    arms: int = 3

    def __post_init__(self) -> None:
        if not isinstance(self.model, PowerModel):
            raise AnswersError(
                f"model: {self.model!r} is not one of those in models.py, nor another PowerModel; take CHOICES or RATINGS"
            )
        if self.items < 2 or self.participants < 2 or self.arms < 1:
            raise AnswersError("a study needs at least 2 items, 2 participants and 1 arm")
        if not 1 <= self.answers_per_item <= self.participants:
            raise AnswersError(
                f"answers_per_item: {self.answers_per_item} answers to an item by {self.participants} people, "
                "each of whom sees it once; take fewer answers or more people"
            )


@dataclass(frozen=True)
class Power:
    """The share of simulated studies that find the effect, with a 95 % interval for the simulation's own chance."""

    design: Design
    assumptions: Assumptions
    power: float
    interval: tuple[float, float]
    studies: int
    width: float | None  # of the studies' intervals, on average; None if no study had one


class World:
    """Studies of one design under one set of assumptions. Solves for the level once, then simulates as many as asked."""

    def __init__(self, design: Design, assumptions: Assumptions):
        self.design, self.assumptions = design, assumptions
        self.level = design.model.level(assumptions, design.arms)

    def study(self, rng: np.random.Generator) -> Simulated:
        """One study: each item answered by `answers_per_item` different people, drawn at random."""
        design = self.design
        draws = rng.random((design.items, design.participants))
        people = np.argsort(draws, axis=1)[:, : design.answers_per_item].ravel()
        items = np.repeat(np.arange(design.items), design.answers_per_item)
        wide = len(self.level)
        of_items = self.assumptions.spread_items * rng.standard_normal((design.items, wide))
        of_people = self.assumptions.spread_people * rng.standard_normal((design.participants, wide))
        latent = self.level + of_items[items] + of_people[people]
        return Simulated(items, people, design.model.values(latent, rng))


def power(
    design: Design,
    assumptions: Assumptions,
    *,
    studies: int = 200,
    draws: int = 500,
    seed: int = 0,
    after_each: Callable[[], object] = lambda: None,
) -> Power:
    """Simulate `studies` studies and count those whose interval shows the effect. About 10 ms for a study of 1,000 answers.

    `after_each()` is called after each study, for those who wait.

    >>> from studies.analysis.power import CHOICES
    >>> design = Design(items=40, participants=10, answers_per_item=3, model=CHOICES)
    >>> power(design, Assumptions(effect=0.5), studies=20).power > 0.8
    True
    """
    world, intervals = World(design, assumptions), []
    for number in range(studies):
        ends = design.model.ends(world.study(np.random.default_rng([seed, number])), design, draws)
        if ends is not None:
            intervals.append(ends)
        after_each()
    finds = sum(_finds(ends, assumptions) for ends in intervals)
    width = float(np.mean([high - low for low, high in intervals])) if intervals else None
    return Power(design, assumptions, finds / studies, wilson(finds, studies), studies, width)


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
    return [power(varied, assumptions, studies=studies, seed=seed) for varied in designs]


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


def _finds(ends: np.ndarray, assumptions: Assumptions) -> bool:
    return bool(ends[0] > 0 if assumptions.effect >= 0 else ends[1] < 0)
