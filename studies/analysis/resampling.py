"""Draw people and items with replacement, both at once.

In one draw person p counts w_p times, w ~ Multinomial(P; 1/P, …, 1/P), and item i counts v_i times,
v ~ Multinomial(I; 1/I, …, 1/I), independently (McCullagh 2000, "Resampling and exchangeable arrays", Bernoulli 6, 285–301).

A mean of answers moves by what the drawn people and the drawn items add to it (`drawn_means`). What is no mean is made
again from the answers in the draw, of which that of p about i counts w_p · v_i times: the pigeonhole bootstrap (Owen 2007, Annals
of Applied Statistics 1, 386–411).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from scipy import sparse
from scipy.special import ndtr, stdtrit

from studies.analysis.answers import AnswersError

Method = Literal["two-way", "items", "people", "naive"]
DRAWS_AT_ONCE = 64
WEIGHTS_AT_ONCE = 2_000_000  # 16 MB of float64: what the weights of a block of draws may hold
CELLS_AT_ONCE = 250_000  # 2 MB: what a part of a block may hold, so that it stays in the processor's cache
FEW = 10
DRAWS = 2000  # for each interval, unless asked otherwise


Tables = list[sparse.csr_array]  # for each kind of answer: (items, people) sums


@dataclass(frozen=True, eq=False)
class Part:
    """Some of the items in a block of d draws."""

    tables: Tables
    cells: np.ndarray  # (kinds, items, d): for each item the answers of the drawn people, added up
    items: np.ndarray  # (items, d): how often each of these items was drawn


@dataclass(frozen=True, eq=False)
class Block:
    """A block of d draws. What is added up over items is added up part by part."""

    parts: list[Tables]
    items: np.ndarray  # (items, d): how often each item was drawn
    people: np.ndarray  # (people, d): how often each person was drawn

    def __iter__(self) -> Iterator[Part]:
        start = 0
        for tables in self.parts:
            stop = start + tables[0].shape[0]
            cells = np.stack([table @ self.people for table in tables])
            yield Part(tables, cells, self.items[start:stop])
            start = stop


@dataclass(frozen=True, eq=False)
class Crossed:
    """Who answered about what."""

    item: np.ndarray  # (n,) int, 0 … items − 1
    person: np.ndarray  # (n,) int, 0 … people − 1
    items: int
    people: int

    def table(self, rows: np.ndarray) -> sparse.csr_array:
        """(items, people): how many answers there are in these rows."""
        item, person = self.item[rows], self.person[rows]
        return sparse.csr_array((np.ones(len(item)), (item, person)), shape=(self.items, self.people))

    def tables(self, kind: np.ndarray, kinds: int) -> Tables:
        """How many answers of each kind, 0 … kinds − 1."""
        return [self.table(kind == which) for which in range(kinds)]

    def blocks(self, tables: Tables, method: Method, draws: int, seed: int) -> Iterator[Block]:
        """`draws` draws in blocks that fit in memory. The same seed gives the same draws, whatever the block size."""
        people_rng, items_rng = np.random.default_rng(seed).spawn(2)
        d = max(1, min(DRAWS_AT_ONCE, WEIGHTS_AT_ONCE // max(self.people, self.items)))
        step = max(1, CELLS_AT_ONCE // (len(tables) * d))
        parts = [[table[start : start + step] for table in tables] for start in range(0, self.items, step)]
        for start in range(0, draws, d):
            size = min(d, draws - start)
            people = np.ones((self.people, size))
            items = np.ones((self.items, size))
            if method != "items":
                people = _weights(people_rng, self.people, size)
            if method != "people":
                items = _weights(items_rng, self.items, size)
            yield Block(parts, items, people)

    def whole(self, tables: Tables) -> Block:
        """The answers themselves, as if everybody and everything had been drawn once."""
        return Block([tables], np.ones((self.items, 1)), np.ones((self.people, 1)))


def drawn_means(
    weights: np.ndarray,
    values: np.ndarray,
    units: Sequence[np.ndarray],
    *,
    method: Method,
    draws: int,
    seed: int,
) -> np.ndarray:
    """(draws, k): k weighted means of the answers, in each draw.

    weights (n, 1) or (n, k), each column with the sum 1; values (n, k); units: for each answer its person and its item, 0 … .
    With mean t and residuals r = weight · (value − t), a draw is

        t* = t + Σ_p (w_p − 1) Σ_{answers of p} r + Σ_i (v_i − 1) Σ_{answers about i} r

    the first-order effect of counting people and items so often. Its variance is V_people + V_items: the two-way variance of
    Cameron, Gelbach & Miller (2011, Journal of Business & Economic Statistics 29, 238–249) without the term that they subtract, so
    that the chance of a single answer counts twice at most, and the variance is never below either part.
    """
    means = (weights * values).sum(axis=0)
    residuals = weights * (values - means)
    drawn = np.tile(means, (draws, 1))
    for unit, left_out, rng in zip(
        units, ("items", "people"), np.random.default_rng(seed).spawn(2), strict=True
    ):
        if method != left_out:
            sums = np.stack([np.bincount(unit, column) for column in residuals.T], axis=1)
            drawn += _swings(rng, sums, draws)
    return drawn


def _swings(rng: np.random.Generator, sums: np.ndarray, draws: int) -> np.ndarray:
    """(draws, k): Σ (times drawn − 1) · sums (units, k), in blocks that fit in memory."""
    step = max(1, WEIGHTS_AT_ONCE // len(sums))
    sizes = (min(step, draws - start) for start in range(0, draws, step))
    return np.concatenate([(_weights(rng, len(sums), size) - 1).T @ sums for size in sizes])


def drawn_weights(people: int, items: int, draws: int, seed: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """For each draw how often each person (people,) and each item (items,) was drawn: those of `blocks`."""
    people_rng, items_rng = np.random.default_rng(seed).spawn(2)
    for _ in range(draws):
        yield _weights(people_rng, people, 1)[:, 0], _weights(items_rng, items, 1)[:, 0]


def _weights(rng: np.random.Generator, size: int, draws: int) -> np.ndarray:
    """(size, draws): how often each of `size` things is drawn, when `size` are drawn with replacement."""
    rows = np.empty((draws, size), dtype=np.uint16)
    for row in rows:
        row[:] = np.bincount(rng.integers(size, size=size), minlength=size)
    return rows.T.astype(float, order="C")


def check_plan(method: str, draws: int, level: float) -> None:
    if method not in get_args(Method):
        raise AnswersError(f"method: {method!r} is not one of {', '.join(get_args(Method))}")
    if draws < 100:
        raise AnswersError(f"draws: {draws} is too few for an interval; take 2000, and at least 100")
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
    t = stdtrit(units - 1, (1 + level) / 2)
    upper = ndtr(t * np.sqrt(units / (units - 1)))
    return np.moveaxis(np.quantile(draws, [1 - upper, upper], axis=0), 0, -1)


def units_of(people: int, items: int, method: str) -> int:
    """How many things are drawn at random: the smaller number where both are."""
    return {"people": people, "items": items}.get(method, min(people, items))
