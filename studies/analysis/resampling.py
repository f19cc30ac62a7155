"""Draw people and items with replacement, both at once.

In one draw person p counts w_p times, w ~ Multinomial(P; 1/P, …, 1/P), and item i counts v_i times,
v ~ Multinomial(I; 1/I, …, 1/I), independently (McCullagh 2000, "Resampling and exchangeable arrays", Bernoulli 6, 285–301).

A score moves by what the drawn people and the drawn items add to it (`Estimates`); so does every estimate of which is
known what a single answer adds. A correlation of ranks is made again from the answers in the draw, of which that of p about i
counts w_p · v_i times: the pigeonhole bootstrap (Owen 2007, Annals of Applied Statistics 1, 386–411).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .answers import AnswersError
from .distributions import normal_cdf, normal_quantile, student_quantile
from .group_sums import GroupSums
from .inference.effects import Method
from .table import Units

DRAWS_AT_ONCE = 64
WEIGHTS_AT_ONCE = (
    500_000  # what the weights of a block of draws may hold; counting them takes four times their 4 MB
)
CELLS_AT_ONCE = 250_000  # 2 MB: what a part of a block may hold, so that it stays in the processor's cache
KEPT_DRAWS = 20_000_000  # numbers drawn of one kind of unit that are kept for whoever asks next: 20 MB
FEW = 10
DRAWS = 2000  # for each interval, unless asked otherwise


@dataclass(frozen=True, eq=False)
class Part:
    """Some of the items in a block of d draws."""

    sums: GroupSums
    items: np.ndarray  # (items, d): how often each of these items was drawn

    def added(self, weights: np.ndarray) -> np.ndarray:
        """(kinds, items, d): weights (people, d) of those who gave each kind of answer about each item, added up."""
        return self.sums(weights).reshape(-1, *self.items.shape)


@dataclass(frozen=True, eq=False)
class Block:
    """A block of d draws. What is added up over items is added up part by part."""

    parts: list[GroupSums]
    step: int  # items of a part, but for the last
    items: np.ndarray  # (items, d): how often each item was drawn
    people: np.ndarray  # (people, d): how often each person was drawn

    def __iter__(self) -> Iterator[Part]:
        for number, sums in enumerate(self.parts):
            start = number * self.step
            yield Part(sums, self.items[start : start + self.step])


@dataclass(frozen=True, eq=False)
class Crossed:
    """Who gave which kind of answer about what."""

    item: np.ndarray  # (n,) int, 0 … items − 1
    person: np.ndarray  # (n,) int, 0 … people − 1
    kind: np.ndarray  # (n,) int, 0 … kinds − 1
    items: int
    people: int
    kinds: int

    def blocks(self, method: Method, draws: int, seed: int) -> Iterator[Block]:
        """`draws` draws in blocks that fit in memory. The same seed gives the same draws, whatever the block size."""
        people_rng, items_rng = np.random.default_rng(seed).spawn(2)
        d = max(1, min(DRAWS_AT_ONCE, WEIGHTS_AT_ONCE // max(self.people, self.items)))
        step = max(1, CELLS_AT_ONCE // (self.kinds * d))
        parts = self._parts(step)
        for start in range(0, draws, d):
            size = min(d, draws - start)
            people = np.ones((self.people, size))
            items = np.ones((self.items, size))
            if method != "items":
                people = _weights(people_rng, self.people, size)
            if method != "people":
                items = _weights(items_rng, self.items, size)
            yield Block(parts, step, items, people)

    def whole(self) -> Block:
        """The answers themselves, as if everybody and everything had been drawn once."""
        return Block(self._parts(self.items), self.items, np.ones((self.items, 1)), np.ones((self.people, 1)))

    def _parts(self, step: int) -> list[GroupSums]:
        """Sums over people for each (kind, item), `step` items at a time."""
        by_item = np.argsort(self.item, kind="stable")
        ends = np.append(0, np.cumsum(np.bincount(self.item, minlength=self.items)))
        parts = []
        for start in range(0, self.items, step):
            stop = min(start + step, self.items)
            rows = by_item[ends[start] : ends[stop]]
            group = self.kind[rows] * (stop - start) + self.item[rows] - start
            parts.append(GroupSums(group, self.person[rows], self.kinds * (stop - start)))
        return parts


class Draws:
    """`draws` draws of n units, from one of the two streams of a seed: people are drawn by stream 0, items by stream 1.

    Whatever is asked of as many units takes the same draws, so they are made once and kept as small numbers, where they
    are few enough; else they are made again, and come out the same.
    """

    def __init__(self, units: int, draws: int, seed: int, stream: int) -> None:
        self.units, self.draws, self.seed, self.stream = units, draws, seed, stream

    def swings(self, sums: np.ndarray) -> np.ndarray:
        """(draws, k): Σ (times drawn − 1) · sums (units, k), in blocks that fit in memory."""
        counts = self._kept if self.units * self.draws <= KEPT_DRAWS else self._made()
        return np.concatenate([(_as_weights(block) - 1).T @ sums for block in counts])

    @cached_property
    def _kept(self) -> list[np.ndarray]:
        return [block.astype(np.min_scalar_type(block.max())) for block in self._made()]

    def _made(self) -> Iterator[np.ndarray]:
        rng = np.random.default_rng(self.seed).spawn(2)[self.stream]
        return (_counts(rng, self.units, size) for size in parts(self.draws, self.units))


def draws_of(units: Units, draws: int, seed: int) -> tuple[Draws, Draws]:
    """Draws of the people and of the items of some answers: those of the pool, where somebody has asked for them before."""

    def drawn(count: int, stream: int) -> Draws:
        return units.pool.setdefault((count, draws, seed, stream), Draws(count, draws, seed, stream))

    return drawn(units.people, 0), drawn(units.items, 1)


class Estimates:
    """k estimates, and how far they move when people and items are drawn: their intervals by any method, at any level.

    estimates (k,). added (n, j): what each answer adds to j quantities, to first order; columns sum to 0. change (j, k):
    how the estimates move with them, where they are not the estimates themselves; a million answers are too many to hold
    what each adds to every estimate. Nothing is drawn before it is asked for, and then once.

    With r what an answer adds to the estimate t, a draw is

        t* = t + λ · [ Σ_p (w_p − 1) Σ_{answers of p} r + Σ_i (v_i − 1) Σ_{answers about i} r ]

    the first-order effect of counting people and items so often. λ is 1 but for two-way draws (`_shrunk`).
    """

    def __init__(
        self,
        estimates: np.ndarray,
        added: np.ndarray,
        units: Units,
        *,
        draws: int,
        seed: int,
        change: np.ndarray | None = None,
    ) -> None:
        change = np.eye(len(estimates)) if change is None else change
        self.estimates, self.units = estimates, units
        self.people, self.items = (
            np.stack([np.bincount(unit, column) for column in added.T], axis=1) @ change
            for unit in (units.person, units.item)
        )
        self.of_answers = np.einsum("jk,jl,lk->k", change, added.T @ added, change)
        self._draws_of_people, self._draws_of_items = draws_of(units, draws, seed)

    def ends(self, method: Method = "two-way", level: float = 0.95) -> np.ndarray:
        """(k, 2): lower and upper ends. "naive" is the normal approximation; the others draw."""
        if method == "naive":
            half = normal_quantile((1 + level) / 2) * np.sqrt(self.of_answers)
            return np.stack([self.estimates - half, self.estimates + half], axis=-1)
        return quantiles(self.drawn(method), level, units_of(self.units.people, self.units.items, method))

    def drawn(self, method: Method) -> np.ndarray:
        """(draws, k): the estimates in each draw."""
        if method == "people":
            return self.estimates + self._swings_of_people
        if method == "items":
            return self.estimates + self._swings_of_items
        swings = self._swings_of_people + self._swings_of_items
        people, items = ((sums**2).sum(axis=0) for sums in (self.people, self.items))
        swings *= _shrunk(people, items, self.of_answers)
        return self.estimates + swings

    @cached_property
    def _swings_of_people(self) -> np.ndarray:
        return self._draws_of_people.swings(self.people)

    @cached_property
    def _swings_of_items(self) -> np.ndarray:
        return self._draws_of_items.swings(self.items)


def _shrunk(people: np.ndarray, items: np.ndarray, answers: np.ndarray) -> np.ndarray:
    """(k,) λ: by how much the swings of people and items together are too wide, from the variances of each alone.

    V_people + V_items has the chance of single answers, V_answers = Σ r², in both parts. Cameron, Gelbach & Miller (2011,
    Journal of Business & Economic Statistics 29, 238–249) subtract it once; that difference may fall below either part, even
    below zero, so the largest of the three is taken (MacKinnon, Nielsen & Webb 2024, arXiv 2406.08880):

        λ² = max(V_people, V_items, V_people + V_items − V_answers) / (V_people + V_items)

    λ² is ½ where neither people nor items differ, and near 1 where one of them differs much. Of simulated studies of 250 photos
    with four answers each by 15 or 60 people, 95 % intervals held the truth in 93–95 % where people or photos differ, and in 96–98 %
    where nothing does (99.2–99.8 % without λ). bench/coverage.py measures it.
    """
    both = people + items
    wanted = np.maximum(np.maximum(people, items), both - answers)
    return np.sqrt(np.divide(wanted, both, out=np.ones_like(both), where=both > 0))


def parts(draws: int, each: int) -> Iterator[int]:
    """`draws` in parts that fit in memory, where one draw takes `each` numbers."""
    step = max(1, WEIGHTS_AT_ONCE // each)
    return (min(step, draws - start) for start in range(0, draws, step))


def _weights(rng: np.random.Generator, size: int, draws: int) -> np.ndarray:
    """(size, draws): how often each of `size` things is drawn, when `size` are drawn with replacement."""
    return _as_weights(_counts(rng, size, draws))


def _counts(rng: np.random.Generator, size: int, draws: int) -> np.ndarray:
    """(draws, size) int: the same, draw by draw."""
    drawn = rng.integers(size, size=(draws, size))
    drawn += size * np.arange(draws)[:, None]  # so that one count serves all draws
    return np.bincount(drawn.ravel(), minlength=draws * size).reshape(draws, size)


def _as_weights(counts: np.ndarray) -> np.ndarray:
    return counts.T.astype(float, order="C")


def check_level(level: float) -> None:
    if not 0 < level < 1:
        raise AnswersError(f"level: {level} is not between 0 and 1; 0.95 gives 95 % intervals")


def why_not(people: int, items: int, method: str) -> str:
    """Why no interval can be given, or an empty string."""
    if people < 2 and method in ("two-way", "people"):
        return "There is only one participant: how far people differ cannot be told, so there is no interval."
    if items < 2 and method in ("two-way", "items"):
        return "There is only one item: how far items differ cannot be told, so there is no interval."
    if people < 2 and items < 2:
        return "There is only one answer: how far answers differ cannot be told, so there is no interval."
    return ""


def caution(people: int, items: int, method: str) -> str:
    """What a reader of an interval from so little should know, or an empty string."""
    if method == "naive":
        return "This interval takes every answer for independent."
    if method == "items":
        return "This interval leaves out that people differ: it is about these people alone."
    if method == "people":
        return "This interval leaves out that items differ: it is about these items alone."
    few = [f"{n} {noun}" for n, noun in ((people, "participants"), (items, "items")) if n < FEW]
    return f"With only {' and '.join(few)} the interval is rough, and may be too narrow." if few else ""


def quantiles(draws: np.ndarray, level: float, units: int) -> np.ndarray:
    """(…, 2) from (draws, …): the expanded percentile interval (Hesterberg 2015, The American Statistician 69, 371–386).

    Drawing n units makes the spread √((n − 1)/n) of what it should be, and leaves out that the spread itself
    is uncertain, which Student's t allows for. So the percentiles are taken further out, at Φ(±t_{n−1} · √(n/(n − 1))):
    with 15 people at 95 % at 1.3 % and 98.7 %, with 60 at 2.2 % and 97.8 %. `units` is n, the smaller of what was drawn.
    """
    upper = float(normal_cdf(student_reach(level, units)))
    return np.moveaxis(np.quantile(draws, [1 - upper, upper], axis=0), 0, -1)


def student_reach(level: float, units: int) -> float:
    """How many standard errors to either side, where the errors are those of so many units: t_{n−1} · √(n/(n − 1))."""
    return float(student_quantile((1 + level) / 2, units - 1) * np.sqrt(units / (units - 1)))


def units_of(people: int, items: int, method: str) -> int:
    """How many things are drawn at random: the smaller number where both are."""
    return {"people": people, "items": items}.get(method, min(people, items))
