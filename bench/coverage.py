"""Do the intervals hold, and do the tests keep their promise? Simulated studies whose truth is known.

    python -m bench.coverage [--studies 1000] [--draws 500] [--to bench/RESULTS-statistics.md] [--json]

250 items with four answers each, by 15 or 60 people, as in the paper. Worlds differ in how much photos and people
differ (standard deviations of log odds for choices, of ratings for ratings). Nominal level 95 %.
"""

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import numpy as np
import scipy

from studies.analysis.agreement import krippendorff_alpha
from studies.analysis.contrasts import Swap, permutation_test
from studies.analysis.intervals import choice_intervals, rating_intervals
from studies.analysis.power import Assumptions, Design, Simulated, World, wilson
from studies.analysis.ranking import rank_arms
from studies.analysis.resampling import Method

ITEMS, ANSWERS, ARMS = 250, 4, 3
PEOPLE = (15, 60)
EFFECT = {"choice": 0.15, "rating": 0.7}
WORLDS = {  # spread of items, spread of people
    "photos and people differ": (0.8, 0.5),
    "both differ much": (1.2, 0.8),
    "mostly people differ": (0.3, 1.0),
    "nobody and nothing differs": (0.0, 0.0),
}
BOUNDS = (0.93, 0.99)
SIZE = (0.04, 0.06)


@dataclass(frozen=True)
class Row:
    """How often something happened in `n` simulated studies."""

    what: str
    world: str
    people: int
    method: str
    times: int
    n: int

    @property
    def rate(self) -> float:
        return self.times / self.n


def coverage(studies: int, draws: int) -> Iterator[Row]:
    """How often each kind of interval holds the true value."""
    for task in ("choice", "rating"):
        for people in PEOPLE:
            for name, spreads in WORLDS.items():
                world = _world(task, people, spreads)
                yield from _covered(task, name, people, world, studies, draws)


def _world(task: str, people: int, spreads: tuple[float, float], effect: float | None = None) -> World:
    items, persons = spreads
    assumed = Assumptions(
        EFFECT[task] if effect is None else effect, spread_items=items, spread_people=persons
    )
    return World(Design(ITEMS, people, ANSWERS, task, ARMS), assumed)


def _covered(task: str, name: str, people: int, world: World, studies: int, draws: int) -> Iterator[Row]:
    """Two-way and naive intervals of all estimates; those over people or items alone of the first."""
    hits: dict[tuple[str, Method], int] = {}
    for number in range(studies):
        study = world.study(np.random.default_rng([people, number]))
        for method in get_args(Method):
            for what, (ends, truth) in _ends(task, world, study, method, draws).items():
                key = (what, method)
                hits[key] = hits.get(key, 0) + int(ends[0] <= truth <= ends[1])
    for (what, method), times in sorted(hits.items(), key=lambda hit: hit[0][0]):
        yield Row(what, name, people, method, times, studies)


def _ends(
    task: str, world: World, study: Simulated, method: Method, draws: int
) -> dict[str, tuple[np.ndarray, float]]:
    columns = (study.items, study.participants, study.values)
    if task == "rating":
        found = rating_intervals(*columns, method=method, draws=draws)
        return {"mean rating": (found.mean, world.assumptions.effect)}
    share = world.assumptions.shares(ARMS)
    found = choice_intervals(*columns, ARMS, method=method, draws=draws)
    return {
        "score of an arm": (found.arms[0], ITEMS * share[0]),
        "difference of two arms": (found.differences[0, 1], ITEMS * (share[0] - share[1])),
        "share of preferences": (found.share_of_preferences[0], share[0] / share[:ARMS].sum()),
    }


def quality(studies: int, draws: int) -> Iterator[Row]:
    """Coverage of the intervals of alpha and of Davidson's log worth; the truth is that of a study 80 times as large."""
    name = "photos and people differ"
    for people in PEOPLE:
        world = _world("choice", people, WORLDS[name])
        large = World(Design(80 * ITEMS, 2000, ANSWERS, "choice", ARMS), world.assumptions)
        truth = large.study(np.random.default_rng(1))
        alpha = krippendorff_alpha(truth.items, truth.participants, truth.values, draws=100).alpha
        worth = rank_arms(_orders(truth, 1), truth.values, position=False).estimate.log_worth[0]
        hits = [0, 0]
        for number in range(studies):
            study = world.study(np.random.default_rng([people, number]))
            columns = (study.items, study.participants)
            agreed = krippendorff_alpha(*columns, study.values, draws=draws)
            ranked = rank_arms(_orders(study, number), study.values, *columns, position=False, draws=draws)
            hits[0] += int(agreed.interval[0] <= alpha <= agreed.interval[1])
            ends = ranked.intervals.log_worth[0]
            hits[1] += int(ends[0] <= worth <= ends[1])
        yield Row("Krippendorff's alpha", name, people, "default", hits[0], studies)
        yield Row("log worth of an arm", name, people, "default", hits[1], studies)


def _orders(study: Simulated, seed: int) -> np.ndarray:
    rows = np.tile(np.arange(ARMS), (len(study.items), 1))
    return np.random.default_rng(seed).permuted(rows, axis=1)


def sizes(studies: int) -> Iterator[Row]:
    """How often the permutation test finds a difference at 5 % where there is none."""
    for people in PEOPLE:
        for name in ("nobody and nothing differs", "photos and people differ"):
            world = _world("choice", people, WORLDS[name], effect=0.0)
            for what, keep in (("four answers to each item", 1.0), ("one answer in five missing", 0.8)):
                yield from _found(what, name, people, world, keep, studies)


def _found(what: str, name: str, people: int, world: World, keep: float, studies: int) -> Iterator[Row]:
    swaps = get_args(Swap)
    found = dict.fromkeys((*swaps, "all three"), 0)
    for number in range(studies):
        rng = np.random.default_rng([people, number, int(10 * keep)])
        study = world.study(rng)
        kept = rng.random(len(study.items)) < keep
        columns = (study.items[kept], study.participants[kept], study.values[kept])
        largest = 0.0
        for swap in swaps:
            test = permutation_test(*columns, (0, 1), ARMS, swap=swap, draws=1000, seed=number)
            found[swap] += int(test.p <= 0.05)
            largest = max(largest, test.p)
        found["all three"] += int(largest <= 0.05)
    for swap, times in found.items():
        yield Row(what, name, people, swap, times, studies)


def _table(part: str, rows: list[Row]) -> list[str]:
    """The part's table in Markdown, with its heading."""
    if part == "coverage":
        return [
            "## Coverage of 95 % intervals",
            "",
            "Share of simulated studies whose interval holds the true value. Two-way should be within 93–99 %; where "
            "nobody and nothing differs it is wider than it need be, at most √2 times.",
            "",
            *_wide(rows, list(get_args(Method)), lambda row: _outside(BOUNDS, row, row.method == "two-way")),
        ]
    if part == "quality":
        return [
            "## Agreement and ranking",
            "",
            "The same for Krippendorff's alpha (the wider of people and items) and for Davidson's log worth (two-way).",
            "",
            *_wide(rows, ["default"], lambda row: _outside(BOUNDS, row)),
        ]
    return [
        "## Size of the permutation test at 5 %",
        "",
        "Share of simulated studies without any difference of totals in which p ≤ 0.05. Exchanging by trials should be "
        "within 4–6 % where its null hypothesis holds, that is where nobody and nothing differs; where people and photos "
        "differ, it rejects because they do. A contrast is reported as found only if all three tests reject.",
        "",
        *_wide(
            rows,
            [*get_args(Swap), "all three"],
            lambda row: _outside(SIZE, row, row.method == "trials" and "nothing" in row.world),
        ),
    ]


def _outside(bounds: tuple[float, float], row: Row, judged: bool = True) -> str:
    return " ✗" if judged and not bounds[0] <= row.rate <= bounds[1] else ""


def _wide(rows: list[Row], methods: list[str], mark: Callable[[Row], str]) -> list[str]:
    """A Markdown table with one column for each method."""
    lines = [
        f"| of | world | people | {' | '.join(methods)} |",
        f"|---|---|---:|{'---:|' * len(methods)}",
    ]
    by_key = {(row.what, row.world, row.people, row.method): row for row in rows}
    for key in dict.fromkeys(key[:3] for key in by_key):
        cells = [by_key[(*key, method)] for method in methods]
        shown = " | ".join(f"{100 * row.rate:.1f} %{mark(row)}" for row in cells)
        lines.append(f"| {key[0]} | {key[1]} | {key[2]} | {shown} |")
    return lines


def main(arguments: list[str] | None = None) -> int:
    """Run everything; print tables, or JSON; exit code 0."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--studies", type=int, default=1000, help="simulated studies for each row")
    parser.add_argument("--draws", type=int, default=500, help="bootstrap draws for each interval")
    parser.add_argument("--only", choices=["coverage", "quality", "sizes"])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--to", type=Path, help="write the tables to this file as well")
    options = parser.parse_args(arguments)
    start = time.perf_counter()
    parts = {
        "coverage": coverage(options.studies, options.draws),
        "quality": quality(options.studies // 2, options.draws),
        "sizes": sizes(2 * options.studies),
    }
    found = {name: _followed(rows) for name, rows in parts.items() if options.only in (None, name)}
    minutes = (time.perf_counter() - start) / 60
    if options.json:
        rows = [
            {**vars(row), "rate": row.rate, "interval": wilson(row.times, row.n)}
            for part in found.values()
            for row in part
        ]
        print(json.dumps({"machine": _machine(), "minutes": minutes, "rows": rows}, indent=2))
        return 0
    tables = [line for part, rows in found.items() for line in ["", *_table(part, rows)]]
    text = "\n".join([*_heading(options.studies, options.draws, minutes), *tables, ""])
    print(text)
    if options.to:
        options.to.write_text(text, encoding="utf-8")
    return 0


def _followed(rows: Iterator[Row]) -> list[Row]:
    """The rows, each told on stderr as it comes."""
    kept = []
    for row in rows:
        print(f"{row.what}, {row.world}, {row.people} people, {row.method}: {row.rate:.3f}", file=sys.stderr)
        kept.append(row)
    return kept


def _heading(studies: int, draws: int, minutes: float) -> list[str]:
    chance = 100 * 1.96 * (0.95 * 0.05 / studies) ** 0.5
    return [
        "# What the intervals and tests keep of their promise",
        "",
        f"`python -m bench.coverage --studies {studies} --draws {draws}`: {ITEMS} items, {ANSWERS} answers each, {ARMS} arms; "
        f"{studies:,} simulated studies for each row of the first table, half as many for the second, twice as many for the "
        f"third. A figure near 95 % has its own chance of ±{chance:.1f} points. ✗ marks what is outside its bounds. "
        f"{_machine()}; {minutes:.0f} minutes.",
    ]


def _machine() -> str:
    return (
        f"{os.cpu_count()} cores {platform.machine()}, Python {platform.python_version()}, "
        f"numpy {np.__version__}, scipy {scipy.__version__}"
    )


if __name__ == "__main__":
    sys.exit(main())
