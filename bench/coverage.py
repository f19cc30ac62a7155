"""Do the intervals hold, and do the tests keep their promise? Simulated studies whose truth is known.

    python -m bench statistics            or, with other numbers: python -m bench.coverage --help

In each world of worlds.py arms are equal on average, over people and photos that differ (effects.py: one leads). Counted is how often each p that a page shows
is at most 0.05, how often each interval holds the truth, how often the two contradict each other, and how often planned looks find
something, all looks together. Nominal: 5 and 95 %.
"""

import argparse
import json
import os
import platform
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from itertools import combinations
from typing import get_args

import numpy as np

from bench import effects, worlds
from bench.worlds import ARMS, Study
from studies.analysis.agreement import Scale, krippendorff_alpha
from studies.analysis.contrasts import any_difference_of, family_of, judge_mean_of, judge_pairs
from studies.analysis.inference.sensitivity import Swap, permutation_test, rating_tests_of
from studies.analysis.inference.simultaneous import holm
from studies.analysis.intervals import Per, choice_intervals_of
from studies.analysis.power import CHOICES, RATINGS, Assumptions, Design, Simulated, World
from studies.analysis.power.simulation import finds_it
from studies.analysis.ranking import rank_arms
from studies.analysis.sequential import plan_looks
from studies.analysis.table import Choices, Ratings

ITEMS, ANSWERS = 250, 4
PEOPLE = (15, 60)
EFFECT = {"choice": 0.15, "rating": 0.7}
MODEL = {"choice": CHOICES, "rating": RATINGS}
SPREADS = {  # spread of items, spread of people
    "photos and people differ": (0.8, 0.5),
    "both differ much": (1.2, 0.8),
    "mostly people differ": (0.3, 1.0),
    "nobody and nothing differs": (0.0, 0.0),
}
COVERAGE, SIZE = (0.93, 0.98), (0.04, 0.065)
PAIRS = list(combinations(range(ARMS), 2))
EXCHANGES = 200
SENSITIVITY = "sensitivity: "


@dataclass(frozen=True)
class Row:
    """How often something happened in `n` simulated studies."""

    part: str
    world: str
    what: str
    times: int
    n: int

    @property
    def rate(self) -> float:
        return self.times / self.n


def sizes_and_coverage(studies: int) -> Iterator[Row]:
    """Every world, answered by choices and by ratings."""
    for world in worlds.WORLDS:
        for task, kind, count in (
            ("choices", worlds.Choices, of_choices),
            ("ratings", worlds.Ratings, of_ratings),
        ):
            simulated, happened = kind(world), Counter[tuple[str, str]]()
            for number in range(studies):
                happened.update(count(simulated.study(np.random.default_rng([3, number])), world))
            for (part, what), times in happened.items():
                yield Row(f"{task}: {part}", world.name, what, times, studies)


def of_choices(study: Study, world: worlds.World) -> dict[tuple[str, str], int]:
    """Of one study: each p that is at most 0.05, each interval that holds the truth, and each contradiction of the two."""
    answers = Choices.of(study.items, study.participants, study.values, arms=ARMS)
    found: dict[tuple[str, str], int] = {}
    equal = (1 - world.true_same) / ARMS
    for per in get_args(Per):
        every = judge_pairs(answers, PAIRS, per=per)
        one = every[0]
        found["size", f"difference, per {per}"] = one.p <= 0.05
        found["coverage", f"difference, per {per}"] = holds(one.interval, 0)
        wrong = sum((each.p <= 0.05) == holds(each.interval, 0) for each in every)
        found["contradictions", f"per {per}"] = int(wrong > 0)
    every = judge_pairs(answers, PAIRS)
    family = family_of(answers, tuple(PAIRS))
    together = judge_pairs(answers, PAIRS, level=family.level())
    joint = any_difference_of(answers).p
    found["size", "all arms at once"] = joint is not None and joint <= 0.05
    found["size", "any pair, Holm"] = min(holm([one.p for one in every])) <= 0.05
    found["size", "any pair, max-T"] = min(family.p(one.p) for one in every) <= 0.05
    found["coverage", "all pairs at once"] = all(holds(one.interval, 0) for one in together)
    ends = choice_intervals_of(answers)
    found["coverage", "share of an arm"] = holds(ends.share[0], equal)
    found["coverage", "same"] = holds(ends.same / answers.units.items, world.true_same)
    found["coverage", "share of preferences"] = holds(ends.share_of_preferences[0], 1 / ARMS)
    for swap in get_args(Swap):
        p = permutation_test(*columns(study), (0, 1), ARMS, swap=swap, draws=EXCHANGES).p
        found["size", f"{SENSITIVITY}exchanged by {swap}"] = p is not None and p <= 0.05
    return {key: int(happened) for key, happened in found.items()}


def of_ratings(study: Study, world: worlds.World) -> dict[tuple[str, str], int]:
    """The same of a study of ratings."""
    answers = Ratings.of(study.items, study.participants, study.values)
    found: dict[tuple[str, str], int] = {}
    for per in get_args(Per):
        one = judge_mean_of(answers, per)
        found["size", f"mean, per {per}"] = one.p <= 0.05
        found["coverage", f"mean, per {per}"] = holds(one.interval, 0)
        found["contradictions", f"per {per}"] = (one.p <= 0.05) == holds(one.interval, 0)
    for name, test in rating_tests_of(answers).items():
        found["size", f"{SENSITIVITY}{name}"] = test.p is not None and test.p <= 0.05
    return {key: int(happened) for key, happened in found.items()}


def columns(study: Study | Simulated) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return study.items, study.participants, study.values


def holds(interval, truth: float) -> bool:
    return bool(interval[0] <= truth <= interval[1])


def looks(studies: int) -> Iterator[Row]:
    """How often a study without any difference finds one, on either side, over all its looks; people come one after another."""
    plans = {
        "one analysis at the end": (),
        "two looks, O’Brien–Fleming": tuple(plan_looks([0.5, 1.0])),
        "two looks, Pocock": tuple(plan_looks([0.5, 1.0], spending="pocock")),
        "three looks, O’Brien–Fleming": tuple(plan_looks([0.4, 0.7, 1.0])),
        "three looks, Pocock": tuple(plan_looks([0.4, 0.7, 1.0], spending="pocock")),
    }
    for people in PEOPLE:
        world = _world("choice", people, SPREADS["photos and people differ"], effect=0.0)
        sides = [Assumptions(effect) for effect in (1e-9, -1e-9)]
        for name, plan in plans.items():
            design = Design(ITEMS, people, ANSWERS, CHOICES, ARMS, contrasts=((0, 1),), looks=plan)
            found = sum(
                any(finds_it(study, design, side) for side in sides)
                for study in (world.study(np.random.default_rng([people, n])) for n in range(studies))
            )
            yield Row("looks: size", f"{people} people", name, found, studies)


def _world(task: str, people: int, spreads: tuple[float, float], effect: float | None = None) -> World:
    items, persons = spreads
    assumed = Assumptions(
        EFFECT[task] if effect is None else effect, spread_items=items, spread_people=persons
    )
    return World(Design(ITEMS, people, ANSWERS, MODEL[task], ARMS), assumed)


# study, seed and draws -> the figure and its interval
Figure = Callable[[Simulated, int, int], tuple[float, np.ndarray]]


def quality(studies: int, draws: int) -> Iterator[Row]:
    """Coverage of the intervals of alpha and of Davidson's log worth; the truth is that of a study 80 times as large."""
    figures: dict[str, dict[str, Figure]] = {
        "choice": {"Krippendorff's alpha of choices": _alpha, "log worth of an arm": _log_worth},
        "rating": {"Krippendorff's alpha of ratings": partial(_alpha, scale="ordinal")},
    }
    for people in PEOPLE:
        for name, spreads in SPREADS.items():
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
        yield Row("agreement and ranking", f"{name}, {people} people", what, times, studies)


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


def of_effects(studies: int) -> Iterator[Row]:
    """Equivalence and effect sizes, where an arm leads."""
    return (Row(*row, studies) for row in effects.rows(studies))


PARTS = {
    "choices: coverage": ("Choices: how often 95 % intervals hold the truth", COVERAGE),
    "choices: size": ("Choices: how often p is at most 0.05 where nothing is there", SIZE),
    "ratings: coverage": ("Ratings: how often 95 % intervals hold the truth", COVERAGE),
    "ratings: size": ("Ratings: how often p is at most 0.05 where nothing is there", SIZE),
    "equivalence": (
        "“No difference that matters”: how often it is found where the difference is just what matters",
        SIZE,
    ),
    "effect sizes": ("Effect sizes where an arm leads: how often 95 % intervals hold the truth", COVERAGE),
    "looks: size": ("Planned looks: how often any of them finds a difference where there is none", SIZE),
    "agreement and ranking": ("Agreement and ranking: how often 95 % intervals hold the truth", COVERAGE),
}


def markdown(results: dict) -> str:
    """The tables, below what they say in short."""
    part = results["statistics"]
    rows = [Row(**row) for row in part["rows"]]
    tables = [
        line for name in PARTS for line in ["", *_table(name, [row for row in rows if row.part == name])]
    ]
    return "\n".join([*_heading(part), "", *_in_short(rows), *tables, ""])


def _table(part: str, rows: list[Row]) -> list[str]:
    """The part's table in Markdown, one world a line, with its heading."""
    title, bounds = PARTS[part]
    names = list(dict.fromkeys(row.what for row in rows))
    by_key = {(row.world, row.what): row for row in rows}
    lines = [f"## {title}", "", f"| world | {' | '.join(names)} |", f"|---|{'---:|' * len(names)}"]
    for world in dict.fromkeys(row.world for row in rows):
        cells = [_cell(by_key.get((world, name)), bounds) for name in names]
        lines.append(f"| {world}{_warning(world)} | {' | '.join(cells)} |")
    return lines


def _warning(world: str) -> str:
    return next(
        (f" (a page warns: {one.warned})" for one in worlds.WORLDS if one.name == world and one.warned), ""
    )


def _cell(row: Row | None, bounds: tuple[float, float]) -> str:
    if row is None:
        return ""
    chance = 1.96 * (bounds[0] * (1 - bounds[0]) / row.n) ** 0.5
    outside = not bounds[0] - chance <= row.rate <= bounds[1] + chance
    return f"{100 * row.rate:.1f} %" + (" ✗" if outside and not row.what.startswith(SENSITIVITY) else "")


def _in_short(rows: list[Row]) -> list[str]:
    warned = {world.name for world in worlds.WORLDS if world.warned}

    def span(part: str, what: str) -> str:
        rates = [
            100 * row.rate
            for row in rows
            if row.part == part and row.what == what and row.world not in warned
        ]
        return f"{min(rates):.1f}–{max(rates):.1f} %" if rates else "–"

    contradictions = sum(row.times for row in rows if row.part.endswith("contradictions"))
    return [
        f"- Where nothing is there, the p of a difference is at most 0.05 in {span('choices: size', 'difference, per items')} of studies, that of a mean "
        f"rating in {span('ratings: size', 'mean, per items')}, that of all arms at once in {span('choices: size', 'all arms at once')}.",
        f"- 95 % intervals hold a difference in {span('choices: coverage', 'difference, per items')}, an arm's share in "
        f"{span('choices: coverage', 'share of an arm')}, that of “same” in {span('choices: coverage', 'same')}, a mean rating in "
        f"{span('ratings: coverage', 'mean, per items')}. (Worlds of which a page warns are in the tables alone.)",
        f"- “No difference that matters” is found where the difference is just what matters in {span('equivalence', 'choices')} of studies of choices and "
        f"{span('equivalence', 'ratings')} of ratings; 95 % intervals hold odds in {span('effect sizes', 'odds')}, the chance to be rated better in "
        f"{span('effect sizes', 'superiority')}, d_z in {span('effect sizes', 'dz')}.",
        f"- p at most 0.05 beside an interval that holds zero, or the other way round: {contradictions} times.",
        "- What stands under “Sensitivity” has other null hypotheses, and rejects as the tables say.",
    ]


def main(arguments: list[str] | None = None) -> int:
    """Run everything; print the figures as one line of JSON; exit code 0."""
    parser = argparse.ArgumentParser(prog="python -m bench.coverage", description=__doc__.splitlines()[0])
    parser.add_argument("--studies", type=int, default=800, help="simulated studies for each row")
    parser.add_argument("--draws", type=int, default=500, help="draws for each interval of the ranking")
    parser.add_argument("--only", choices=["worlds", "effects", "looks", "quality"])
    parser.add_argument("--quick", action="store_true", help="a tenth of the studies")
    parser.add_argument("--threads", type=int, help="for the other parts; here numpy decides")
    options = parser.parse_args(arguments)
    studies = options.studies // 10 if options.quick else options.studies
    start = time.perf_counter()
    parts = {
        "worlds": sizes_and_coverage(studies),
        "effects": of_effects(studies),
        "looks": looks(studies),
        "quality": quality(studies // 4, options.draws),
    }
    rows = [
        asdict(row) for name, part in parts.items() if options.only in (None, name) for row in _followed(part)
    ]
    minutes = (time.perf_counter() - start) / 60
    print(
        json.dumps(
            {
                "machine": machine(),
                "minutes": minutes,
                "studies": studies,
                "draws": options.draws,
                "rows": rows,
            }
        )
    )
    return 0


def _followed(rows: Iterator[Row]) -> Iterator[Row]:
    """The rows, each told on stderr as it comes."""
    for row in rows:
        print(f"{row.part}, {row.world}, {row.what}: {row.rate:.3f}", file=sys.stderr, flush=True)
        yield row


def _heading(part: dict) -> list[str]:
    studies = part["studies"]
    chance = 100 * 1.96 * (0.95 * 0.05 / studies) ** 0.5
    return [
        "# What the intervals and tests keep of their promise",
        "",
        f"Written by `python -m bench statistics`: {studies:,} simulated studies of each world, as many for planned looks, a quarter as many for agreement "
        f"and ranking. A figure near 5 or 95 % has its own chance of ±{chance:.1f} points. ✗ marks what lies outside 4–6.5 % or 93–98 % by more than "
        f"that chance. {part['machine']}; {part['minutes']:.0f} minutes.",
    ]


def machine() -> str:
    return f"{os.cpu_count()} cores {platform.machine()}, Python {platform.python_version()}, numpy {np.__version__}"


if __name__ == "__main__":
    sys.exit(main())
