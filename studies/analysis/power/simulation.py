"""Simulate a study's own design, judge it as its protocol says it will be judged, count.

What people answer, and what a study is judged by, is a `PowerModel`: those of this project are in models.py, and anybody may bring
another. A simulated study is a find if the documented decision finds every comparison in which the arms truly differ, on the right
side: at the end by p as Holm corrects it, or at one of the planned looks by p at the look's level. At a look the first people's
answers are in: they come one after another, which is the hardest case.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np

from ..answers import AnswersError
from ..contrasts import Judged
from ..distributions import normal_quantile
from ..inference.equivalence import ALPHA, corrected
from ..inference.simultaneous import holm
from ..intervals import Per
from ..sequential import LookBoundary

LEVEL = 0.95


@dataclass(frozen=True)
class Assumptions:
    """What the world may be like. Spreads are standard deviations, on the scale of the model's latent values."""

    effect: float  # in the model's own terms: a difference of shares, a mean rating
    same: float = 0.06  # share of “same”, where there is such an answer
    spread_items: float = 0.8
    spread_people: float = 0.5
    left_out: float = 0.0  # share of people whom the rules of exclusion leave out, where the others decide

    def __post_init__(self) -> None:
        if min(self.spread_items, self.spread_people) < 0:
            raise AnswersError("spread: a standard deviation is 0 or more")
        if not 0 <= self.same < 1:
            raise AnswersError(f"same: {self.same} is not a share from 0 up to 1")
        if not 0 <= self.left_out < 1:
            raise AnswersError(f"left out: {self.left_out} is not a share from 0 up to 1")

    @property
    def spread(self) -> float:
        """Of both together: how far one person's view of one photo lies from the middle."""
        return float(np.hypot(self.spread_items, self.spread_people))


@dataclass(frozen=True, eq=False)
class Simulated:
    """Answers of one simulated study, as columns."""

    items: np.ndarray  # (n,) int64
    participants: np.ndarray  # (n,) int64
    values: np.ndarray  # (n,) int64: as the model reads them

    def without(self, people: int) -> "Simulated":
        """Without the answers of so many people: who they are is a matter of chance, so they are the first ones."""
        kept = self.participants >= people
        return Simulated(self.items[kept], self.participants[kept], self.values[kept]) if people else self

    def first(self, share: float) -> "Simulated":
        """The answers that are in once this share of all is, where people come one after another."""
        rows = np.argsort(self.participants, kind="stable")[: max(1, round(share * len(self.values)))]
        return Simulated(self.items[rows], self.participants[rows], self.values[rows])


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

    def values_about(self, latent: np.ndarray, arm: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """The same where it is said which arm (n,) each answer is about: of models whose trials show one map."""
        raise AnswersError(
            "model: its trials show several arms, so nobody can meet one alone; leave `between` out"
        )

    @abstractmethod
    def judged(self, study: Simulated, design: "Design", level: float) -> list[Judged]:
        """What the answers say of each comparison in `design.comparisons`, at this level, and beside `design.smallest`."""


@dataclass(frozen=True)
class Design:
    """What the protocol decides."""

    items: int
    participants: int
    answers_per_item: int
    model: PowerModel
    arms: int = 3
    contrasts: tuple[tuple[int, int], ...] = ()  # declared; where none is, the first arm against the second
    looks: tuple[LookBoundary, ...] = ()  # planned; the last is at the end
    primary: Per = "items"  # what counts once in a mean
    smallest: float | None = None  # effect that matters, in the model's own terms
    between: bool = False  # each person meets one arm alone

    @property
    def comparisons(self) -> tuple[tuple[int, int], ...]:
        """What is judged. The first arm of the first is the one that is assumed to be better."""
        return self.contrasts or ((0, 1),)

    @property
    def better(self) -> int:
        return self.comparisons[0][0]

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
    width: (
        float | None
    )  # of the studies' 95 % intervals of the first comparison, on average; None if no study had one


@dataclass(frozen=True)
class EquivalencePower:
    """The share of simulated studies in which “no difference that matters” is found, where there is no difference at all."""

    power: float
    interval: tuple[float, float]
    studies: int


class World:
    """Studies of one design under one set of assumptions. Solves for the level once, then simulates as many as asked."""

    def __init__(self, design: Design, assumptions: Assumptions):
        self.design, self.assumptions = design, assumptions
        self.level = design.model.level(assumptions, design.arms)

    def study(self, rng: np.random.Generator) -> Simulated:
        """One study: each item answered by `answers_per_item` different people, drawn at random; without those who are left out."""
        design = self.design
        if design.between:
            return self._between(rng)
        items, people = _dealt(rng, design.items, np.arange(design.participants), design.answers_per_item)
        wide = len(self.level)
        of_items = self.assumptions.spread_items * rng.standard_normal((design.items, wide))
        of_people = self.assumptions.spread_people * rng.standard_normal((design.participants, wide))
        latent = self.level + of_items[items] + of_people[people]
        return self._kept(Simulated(items, people, design.model.values(latent, rng)))

    def _kept(self, study: Simulated) -> Simulated:
        return study.without(round(self.assumptions.left_out * self.design.participants))

    def _between(self, rng: np.random.Generator) -> Simulated:
        """One study in which people come to the arms in turn, each to one. How high somebody answers does not fall out of a difference
        then, so people differ in that too, as much as in what they make of each arm."""
        design, assumed = self.design, self.assumptions
        dealt = []
        for arm in range(design.arms):
            answers = design.answers_per_item // design.arms + (arm < design.answers_per_item % design.arms)
            dealt.append(_dealt(rng, design.items, np.arange(arm, design.participants, design.arms), answers))
        items, people = (np.concatenate(column) for column in zip(*dealt, strict=True))
        wide = len(self.level)
        of_items = assumed.spread_items * rng.standard_normal((design.items, wide))
        of_people = assumed.spread_people * rng.standard_normal((design.participants, wide))
        of_people += assumed.spread_people * rng.standard_normal((design.participants, 1))
        latent = self.level + of_items[items] + of_people[people]
        values = design.model.values_about(latent, people % design.arms, rng)
        return self._kept(Simulated(items, people, values))


def _dealt(
    rng: np.random.Generator, items: int, people: np.ndarray, answers: int
) -> tuple[np.ndarray, np.ndarray]:
    """(items · answers,) items and people: each item is answered by so many different ones of `people`, drawn at random."""
    drawn = np.argsort(rng.random((items, len(people))), axis=1)[:, :answers].ravel()
    return np.repeat(np.arange(items), answers), people[drawn]


def power(
    design: Design,
    assumptions: Assumptions,
    *,
    studies: int = 200,
    seed: int = 0,
    after_each: Callable[[], object] = lambda: None,
) -> Power:
    """Simulate `studies` studies and count those in which the documented decision finds the effect. About 2 ms for a study of 1,000
    answers.

    `after_each()` is called after each study, for those who wait.

    >>> from studies.analysis.power import CHOICES
    >>> design = Design(items=40, participants=10, answers_per_item=3, model=CHOICES)
    >>> power(design, Assumptions(effect=0.5), studies=20).power > 0.8
    True
    """
    world, finds, widths = World(design, assumptions), 0, []
    for number in range(studies):
        study = world.study(np.random.default_rng([seed, number]))
        finds += finds_it(study, design, assumptions)
        ends = design.model.judged(study, design, LEVEL)[0].interval
        if ends is not None:
            widths.append(ends[1] - ends[0])
        after_each()
    width = float(np.mean(widths)) if widths else None
    return Power(design, assumptions, finds / studies, wilson(finds, studies), studies, width)


def equivalence_power(
    design: Design,
    assumptions: Assumptions,
    *,
    studies: int = 200,
    seed: int = 0,
    after_each: Callable[[], object] = lambda: None,
) -> EquivalencePower:
    """The same studies where nothing differs (`assumptions.effect` is 0): those in which every comparison is found to be smaller
    than `design.smallest`. Raises AnswersError where the design has none.
    """
    if design.smallest is None:
        raise AnswersError(
            "smallest_effect: the design declares none, so there is nothing to hold a difference against"
        )
    world, finds = World(design, replace(assumptions, effect=0.0)), 0
    for number in range(studies):
        finds += finds_equivalence(world.study(np.random.default_rng([seed, number])), design)
        after_each()
    return EquivalencePower(finds / studies, wilson(finds, studies), studies)


def finds_equivalence(study: Simulated, design: Design) -> bool:
    """Whether the documented decision finds that every comparison is smaller than what matters: at the end by two one-sided tests as
    Holm corrects them, or at a planned look by the interval at its level."""
    assert design.smallest is not None
    if design.looks:
        return any(
            all(
                found.within(design.smallest)
                for found in design.model.judged(study.first(look.fraction), design, look.level)
            )
            for look in design.looks
        )
    adjusted = corrected([found.equivalence for found in design.model.judged(study, design, LEVEL)])
    return all(p is not None and p <= ALPHA for p in adjusted)


def finds_it(study: Simulated, design: Design, assumptions: Assumptions) -> bool:
    """Whether the decision that the design documents finds what is assumed, in this study."""
    signs = [_sign(design, pair, assumptions) for pair in design.comparisons]
    if not any(signs):
        signs = [1] * len(signs)  # nothing differs: what is found is found by chance, on this side
    if design.looks:
        return any(_at_look(study, design, look, signs) for look in design.looks)
    judged = design.model.judged(study, design, LEVEL)
    adjusted = holm([found.p for found in judged])
    return all(
        p is not None and p <= 1 - LEVEL and sign * found.estimate > 0
        for found, p, sign in zip(judged, adjusted, signs, strict=True)
        if sign
    )


def _sign(design: Design, pair: tuple[int, int], assumptions: Assumptions) -> int:
    """1 where the first arm of a comparison is truly better, −1 where the second is, 0 where they are alike."""
    side = int(pair[0] == design.better) - int(pair[1] == design.better)
    return side * int(np.sign(assumptions.effect))


def _at_look(study: Simulated, design: Design, look: LookBoundary, signs: list[int]) -> bool:
    judged = design.model.judged(study.first(look.fraction), design, look.level)
    return all(
        found.found(look.level) and sign * found.estimate > 0
        for found, sign in zip(judged, signs, strict=True)
        if sign
    )


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
