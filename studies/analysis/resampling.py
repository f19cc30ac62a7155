"""Draw people and items with replacement, both at once, and count the answers that each draw holds.

The scheme is the pigeonhole bootstrap (Owen 2007, "The pigeonhole bootstrap", Annals of Applied Statistics 1,
386–411; McCullagh 2000, "Resampling and exchangeable arrays", Bernoulli 6, 285–301). In one draw
person p counts w_p times, w ~ Multinomial(P; 1/P, …, 1/P); item i counts v_i times, v ~ Multinomial(I; 1/I, …, 1/I);
the answer of p about i counts w_p · v_i times.
"""

from collections.abc import Iterator
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

    def table(
        self, rows: np.ndarray | slice = slice(None), values: np.ndarray | None = None
    ) -> sparse.csr_array:
        """(items, people): the sum of `values` (by default 1) over the answers in these rows."""
        item, person = self.item[rows], self.person[rows]
        data = np.ones(len(item)) if values is None else values[rows]
        return sparse.csr_array((data, (item, person)), shape=(self.items, self.people))

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
