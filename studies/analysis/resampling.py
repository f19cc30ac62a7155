"""Draw people and items with replacement, both at once.

In one draw person p counts w_p times, w ~ Multinomial(P; 1/P, …, 1/P), and item i counts v_i times,
v ~ Multinomial(I; 1/I, …, 1/I), independently (McCullagh 2000, "Resampling and exchangeable arrays", Bernoulli 6, 285–301).

A score moves by what the drawn people and the drawn items add to it (`drawn_estimates`); so does every estimate of which is
known what a single answer adds. A correlation of ranks is made again from the answers in the draw, of which that of p about i
counts w_p · v_i times: the pigeonhole bootstrap (Owen 2007, Annals of Applied Statistics 1, 386–411).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from studies.analysis.answers import AnswersError
from studies.analysis.distributions import normal_cdf, normal_quantile, student_quantile
from studies.analysis.group_sums import GroupSums

Method = Literal["two-way", "items", "people", "naive"]
DRAWS_AT_ONCE = 64
WEIGHTS_AT_ONCE = (
    500_000  # what the weights of a block of draws may hold; counting them takes four times their 4 MB
)
CELLS_AT_ONCE = 250_000  # 2 MB: what a part of a block may hold, so that it stays in the processor's cache
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


def interval_ends(
    estimates: np.ndarray,
    added: np.ndarray,
    units: Sequence[np.ndarray],
    *,
    change: np.ndarray | None = None,
    method: Method = "two-way",
    draws: int = DRAWS,
    seed: int = 0,
    level: float = 0.95,
) -> np.ndarray:
    """(k, 2): lower and upper ends for k estimates, by any method.

    estimates (k,). added (n, j): what each answer adds to j quantities, to first order; columns sum to 0. change (j, k):
    how the estimates move with them, where they are not the estimates themselves; a million answers are too many to hold
    what each adds to every estimate. units: for each answer its person and its item, 0 … . "naive" is the normal
    approximation; the others draw.
    """
    change = np.eye(len(estimates)) if change is None else change
    if method == "naive":
        half = normal_quantile((1 + level) / 2) * np.sqrt(_of_answers(added, change))
        return np.stack([estimates - half, estimates + half], axis=-1)
    drawn = drawn_estimates(estimates, added, change, units, method=method, draws=draws, seed=seed)
    people, items = (int(unit.max()) + 1 for unit in units)
    return quantiles(drawn, level, units_of(people, items, method))


def drawn_estimates(
    estimates: np.ndarray,
    added: np.ndarray,
    change: np.ndarray,
    units: Sequence[np.ndarray],
    *,
    method: Method,
    draws: int,
    seed: int,
) -> np.ndarray:
    """(draws, k): the estimates in each draw. Arguments as in `interval_ends`.

    With r what an answer adds to the estimate t, a draw is

        t* = t + λ · [ Σ_p (w_p − 1) Σ_{answers of p} r + Σ_i (v_i − 1) Σ_{answers about i} r ]

    the first-order effect of counting people and items so often. λ is 1 but for two-way draws (`_shrunk`).
    """
    swings = np.zeros((draws, len(estimates)))
    variances: list[np.ndarray] = []
    for unit, left_out, rng in zip(
        units, ("items", "people"), np.random.default_rng(seed).spawn(2), strict=True
    ):
        if method != left_out:
            sums = np.stack([np.bincount(unit, column) for column in added.T], axis=1) @ change
            swings += _swings(rng, sums, draws)
            variances.append((sums**2).sum(axis=0))
    if method == "two-way":
        people, items = variances
        swings *= _shrunk(people, items, _of_answers(added, change))
    return estimates + swings


def _of_answers(added: np.ndarray, change: np.ndarray) -> np.ndarray:
    """(k,): the variance of each estimate if every answer were independent."""
    return np.einsum("jk,jl,lk->k", change, added.T @ added, change)


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


def _swings(rng: np.random.Generator, sums: np.ndarray, draws: int) -> np.ndarray:
    """(draws, k): Σ (times drawn − 1) · sums (units, k), in blocks that fit in memory."""
    sizes = parts(draws, len(sums))
    return np.concatenate([(_weights(rng, len(sums), size) - 1).T @ sums for size in sizes])


def parts(draws: int, each: int) -> Iterator[int]:
    """`draws` in parts that fit in memory, where one draw takes `each` numbers."""
    step = max(1, WEIGHTS_AT_ONCE // each)
    return (min(step, draws - start) for start in range(0, draws, step))


def _weights(rng: np.random.Generator, size: int, draws: int) -> np.ndarray:
    """(size, draws): how often each of `size` things is drawn, when `size` are drawn with replacement."""
    drawn = rng.integers(size, size=(draws, size))
    drawn += size * np.arange(draws)[:, None]  # so that one count serves all draws
    counts = np.bincount(drawn.ravel(), minlength=draws * size)
    return counts.reshape(draws, size).T.astype(float, order="C")


def check_plan(method: str, draws: int, level: float) -> None:
    if method not in get_args(Method):
        raise AnswersError(f"method: {method!r} is not one of {', '.join(get_args(Method))}")
    if draws < 100:
        raise AnswersError(f"draws: {draws} is too few for an interval; take 2000, and at least 100")
    check_level(level)


def check_level(level: float) -> None:
    if not 0 < level < 1:
        raise AnswersError(f"level: {level} is not between 0 and 1; 0.95 gives 95 % intervals")


def why_not(people: int, items: int, method: str) -> str:
    """Why no interval can be given, or an empty string."""
    if people < 2 and method in ("two-way", "people"):
        return "There is only one participant: how far people differ cannot be told, so there is no interval."
    if items < 2 and method in ("two-way", "items"):
        return "There is only one item: how far items differ cannot be told, so there is no interval."
    return ""


def caution(people: int, items: int, method: str) -> str:
    """What a reader of an interval from so little should know, or an empty string."""
    if method == "naive":
        return "This interval takes every answer for independent, and is too narrow."
    if method == "items":
        return "This interval leaves out that people differ, and is too narrow."
    if method == "people":
        return "This interval leaves out that items differ, and is too narrow."
    few = [f"{n} {what}" for n, what in ((people, "participants"), (items, "items")) if n < FEW]
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
