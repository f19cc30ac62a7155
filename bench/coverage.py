"""Do the intervals hold, and do the tests keep their promise? Simulated studies whose truth is known.

    python -m bench statistics            or, with other numbers: python -m bench.coverage --help

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
from dataclasses import asdict, dataclass
from functools import partial
from typing import get_args

import numpy as np

from studies.analysis.agreement import Scale, krippendorff_alpha
from studies.analysis.contrasts import Swap, permutation_test
from studies.analysis.intervals import choice_intervals, rating_intervals
from studies.analysis.power import CHOICES, RATINGS, Assumptions, Design, Simulated, World
from studies.analysis.ranking import rank_arms
from studies.analysis.resampling import Method

ITEMS, ANSWERS, ARMS = 250, 4, 3
PEOPLE = (15, 60)
EFFECT = {"choice": 0.15, "rating": 0.7}
MODEL = {"choice": CHOICES, "rating": RATINGS}
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
    return World(Design(ITEMS, people, ANSWERS, MODEL[task], ARMS), assumed)


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
        effect = world.assumptions.effect
        return {"mean rating": (found.mean, effect), "mean of people": (found.mean_of_people, effect)}
    share = CHOICES.shares(world.assumptions, ARMS)
    found = choice_intervals(*columns, ARMS, method=method, draws=draws)
    return {
        "score of an arm": (found.arms[0], ITEMS * share[0]),
        "difference of two arms": (found.differences[0, 1], ITEMS * (share[0] - share[1])),
        "share of preferences": (found.share_of_preferences[0], share[0] / share[:ARMS].sum()),
    }


# study, seed and draws -> the figure and its interval
Figure = Callable[[Simulated, int, int], tuple[float, np.ndarray]]


def quality(studies: int, draws: int) -> Iterator[Row]:
    """Coverage of the intervals of alpha and of Davidson's log worth; the truth is that of a study 80 times as large."""
    figures: dict[str, dict[str, Figure]] = {
        "choice": {"Krippendorff's alpha of choices": _alpha, "log worth of an arm": _log_worth},
        "rating": {"Krippendorff's alpha of ratings": partial(_alpha, scale="interval")},
    }
    for people in PEOPLE:
        for name, spreads in WORLDS.items():
            for task, of_task in figures.items():
                yield from _of_quality(name, people, _world(task, people, spreads), of_task, studies, draws)


def _of_quality(
    name: str, people: int, world: World, figures: dict[str, Figure], studies: int, draws: int
) -> Iterator[Row]:
    large = World(Design(80 * ITEMS, 2000, ANSWERS, world.design.model, ARMS), world.assumptions)
    whole = large.study(np.random.default_rng(1))
    truths = {what: figure(whole, 1, 100)[0] for what, figure in figures.items()}
    hits = dict.fromkeys(figures, 0)
    for number in range(studies):
        study = world.study(np.random.default_rng([people, number]))
        for what, figure in figures.items():
            low, high = figure(study, number, draws)[1]
            hits[what] += int(low <= truths[what] <= high)
    for what, times in hits.items():
        yield Row(what, name, people, "default", times, studies)


def _alpha(study: Simulated, seed: int, draws: int, scale: Scale = "nominal") -> tuple[float, np.ndarray]:
    found = krippendorff_alpha(study.items, study.participants, study.values, scale)
    return found.alpha, found.interval


def _log_worth(study: Simulated, seed: int, draws: int) -> tuple[float, np.ndarray]:
    columns = (study.items, study.participants)
    found = rank_arms(_orders(study, seed), study.values, *columns, position=False, draws=draws)
    return found.estimate.log_worth[0], found.intervals.log_worth[0]


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


COVERAGE = "Share of simulated studies whose interval holds the true value. Two-way should be within 93–99 %."
QUALITY = "The same for Krippendorff's alpha and for Davidson's log worth, both two-way."
SIZES = (
    "Share of simulated studies without any difference of totals in which p ≤ 0.05. Exchanging by trials should be within 4–6 % "
    "where its null hypothesis holds, that is where nobody and nothing differs; where people and photos differ, it rejects because "
    "they do. A contrast is reported as found only if all three tests reject."
)


def _table(part: str, rows: list[Row]) -> list[str]:
    """The part's table in Markdown, with its heading."""
    if part == "coverage":
        judged = _wide(
            rows, list(get_args(Method)), lambda row: _outside(BOUNDS, row, row.method == "two-way")
        )
        return ["## Coverage of 95 % intervals", "", COVERAGE, "", *judged]
    if part == "quality":
        judged = _wide(rows, ["default"], lambda row: _outside(BOUNDS, row))
        return ["## Agreement and ranking", "", QUALITY, "", *judged]
    judged = _wide(
        rows,
        [*get_args(Swap), "all three"],
        lambda row: _outside(SIZE, row, row.method == "trials" and "nothing" in row.world),
    )
    return ["## Size of the permutation test at 5 %", "", SIZES, "", *judged]


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


def markdown(results: dict) -> str:
    """The tables, below what they say in short."""
    part = results["statistics"]
    found = {name: [Row(**row) for row in rows] for name, rows in part["rows"].items()}
    tables = [line for name, rows in found.items() for line in ["", *_table(name, rows)]]
    return "\n".join([*_heading(part), "", *_in_short(found), *tables, ""])


def _in_short(found: dict[str, list[Row]]) -> list[str]:
    def span(rows: list[Row]) -> str:
        rates = [100 * row.rate for row in rows]
        return f"{min(rates):.1f}–{max(rates):.1f} %"

    lines = []
    if covered := found.get("coverage"):
        differ = [row for row in covered if "nothing" not in row.world]
        alike = [row for row in covered if "nothing" in row.world and row.method == "two-way"]
        by = {method: [row for row in differ if row.method == method] for method in get_args(Method)}
        lowest = min(by["two-way"], key=lambda row: row.rate)
        lines += [
            f"- Two-way intervals hold the true value in {span(by['two-way'])} of studies where people or photos differ; the lowest "
            f"is “{lowest.what}” with {lowest.people} people ({lowest.world}). Where nobody and nothing differs: {span(alike)}.",
            f"- Naive intervals hold it in {span(by['naive'])}, those over items alone in {span(by['items'])}, those over people alone in "
            f"{span(by['people'])}.",
        ]
    if sizes := found.get("sizes"):
        null = [row for row in sizes if "nothing" in row.world and row.method == "trials"]
        others = [row for row in sizes if "nothing" not in row.world]
        trials = [row for row in others if row.method == "trials"]
        all_three = [row for row in others if row.method == "all three"]
        lines.append(
            f"- The permutation test rejects in {span(null)} where its null hypothesis is true. Where arms are equal on average but people "
            f"and photos differ, exchanging by trials rejects in {span(trials)}; all three tests together in {span(all_three)}."
        )
    return lines


def main(arguments: list[str] | None = None) -> int:
    """Run everything; print the figures as one line of JSON; exit code 0."""
    parser = argparse.ArgumentParser(prog="python -m bench.coverage", description=__doc__.splitlines()[0])
    parser.add_argument("--studies", type=int, default=2000, help="simulated studies for each row")
    parser.add_argument("--draws", type=int, default=500, help="bootstrap draws for each interval")
    parser.add_argument("--only", choices=["coverage", "quality", "sizes"])
    parser.add_argument("--quick", action="store_true", help="a tenth of the studies")
    parser.add_argument("--threads", type=int, help="for the other parts; here numpy decides")
    options = parser.parse_args(arguments)
    studies = options.studies // 10 if options.quick else options.studies
    start = time.perf_counter()
    parts = {
        "coverage": coverage(studies, options.draws),
        "quality": quality(studies // 2, options.draws),
        "sizes": sizes(5 * studies),
    }
    rows = {
        name: [asdict(row) for row in _followed(rows)]
        for name, rows in parts.items()
        if options.only in (None, name)
    }
    minutes = (time.perf_counter() - start) / 60
    about = {"machine": machine(), "minutes": minutes, "studies": studies, "draws": options.draws}
    print(json.dumps({**about, "rows": rows}))
    return 0


def _followed(rows: Iterator[Row]) -> list[Row]:
    """The rows, each told on stderr as it comes."""
    kept = []
    for row in rows:
        print(f"{row.what}, {row.world}, {row.people} people, {row.method}: {row.rate:.3f}", file=sys.stderr)
        kept.append(row)
    return kept


def _heading(part: dict) -> list[str]:
    studies = part["studies"]
    chance = 100 * 1.96 * (0.95 * 0.05 / studies) ** 0.5
    return [
        "# What the intervals and tests keep of their promise",
        "",
        f"Written by `python -m bench statistics`: {ITEMS} items, {ANSWERS} answers each, {ARMS} arms; {studies:,} simulated studies of "
        f"{part['draws']} draws for each row of the first table, half as many for the second, five times as many for the third. A figure "
        f"near 95 % has its own chance of ±{chance:.1f} points, one of the third table near 5 % of ±{chance / 5**0.5:.1f}. ✗ marks what is "
        f"outside its bounds. {part['machine']}; {part['minutes']:.0f} minutes.",
    ]


def machine() -> str:
    return f"{os.cpu_count()} cores {platform.machine()}, Python {platform.python_version()}, numpy {np.__version__}"


if __name__ == "__main__":
    sys.exit(main())
