"""Do the intervals of best and worst and of rankings hold, and do their tests keep their promise?

    python -m bench points

Simulated studies of four arms whose truth is known: of 250 photos with four answers each, by 15 and by 60 people who differ, as photos do. Orders
are Plackett and Luce's, given the tastes of a person and a photo; in rankings neighbours that are close tie. The truth of every figure, of strengths
too, is what it comes to over 400,000 answers by as many people about as many photos.
"""

import argparse
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import combinations

import django
import numpy as np

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from bench.coverage import COVERAGE, PEOPLE, SPREADS, Row, machine  # noqa: E402
from studies.analysis.points.judge import (  # noqa: E402
    any_point_difference,
    compare_points,
    judge_arms,
    judge_shares,
    strengths_intervals,
)
from studies.analysis.points.luce import Logit, choices_of_best_worst, choices_of_rankings, fit  # noqa: E402
from studies.analysis.points.power import PointsModel  # noqa: E402
from studies.analysis.points.table import Points, PointScale  # noqa: E402
from studies.analysis.power import Assumptions, Design, World  # noqa: E402
from studies.trial_types.best_worst import codes as pairs  # noqa: E402
from studies.trial_types.rank import codes as ranks  # noqa: E402

ARMS, ITEMS, ANSWERS, STUDIES = 4, 250, 4, 400
POPULATION = 400_000
CLOSE = 0.25  # neighbours whose utilities are no farther apart tie
PAIRS = list(combinations(range(ARMS), 2))
EFFECT = {"best-worst": 0.4, "rank": 0.5}


@dataclass(frozen=True)
class TiedRankings(PointsModel):
    """Rankings in which neighbours that are close have one place."""

    def values(self, latent: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        utility = latent + rng.gumbel(size=latent.shape)
        order = np.argsort(-utility, axis=1)
        falling = np.take_along_axis(utility, order, axis=1)
        steps = falling[:, :-1] - falling[:, 1:] > CLOSE
        places = np.hstack([np.ones((len(order), 1), int), 1 + np.cumsum(steps, axis=1)])
        return (places * ranks.BASE**order).sum(axis=1)


MODELS = {
    "best-worst": PointsModel(pairs.scale_of, pairs.codes_of_orders),
    "rank": TiedRankings(ranks.scale_of, ranks.codes_of_orders),
}


def strengths(task: str, answers: Points) -> Logit | None:
    said = answers.codes.tolist()
    counts = np.bincount(answers.kind).astype(float)
    if task == "rank":
        return fit(choices_of_rankings([ranks.decoded(value) for value in said], ARMS), counts)[0]
    return fit(choices_of_best_worst([pairs.decoded(value) for value in said], ARMS), counts)[0]


@dataclass(frozen=True)
class Truth:
    """What every figure is over all people and photos."""

    points: np.ndarray
    firsts: np.ndarray
    worth: np.ndarray


def truth_of(task: str, world: World, scale: PointScale) -> Truth:
    rng = np.random.default_rng(11)
    tastes = world.assumptions.spread * rng.standard_normal((POPULATION, ARMS))
    values = MODELS[task].values(world.level + tastes, rng)
    everybody = Points.of(np.arange(POPULATION), np.arange(POPULATION), values, scale=scale)
    shares = np.bincount(everybody.kind) / POPULATION
    fitted = strengths(task, everybody)
    assert fitted is not None
    return Truth(shares @ everybody.points, shares @ everybody.firsts, fitted.worth)


def counted(task: str, answers: Points, truth: Truth) -> Iterator[tuple[str, bool]]:
    """What holds in one study: each interval, and each p that is at most 0.05."""

    def holds(ends: tuple[float, float], at: float) -> bool:
        return bool(ends[0] <= at <= ends[1])

    for one, at in zip(judge_arms(answers), truth.points, strict=True):
        yield "mean of an arm", holds(one.interval, at)
    for one, at in zip(judge_shares(answers, answers.firsts), truth.firsts, strict=True):
        yield "share of first places", holds(one.interval, at)
    found = compare_points(answers, PAIRS, 0, draws=1)
    for contrast in found:
        gap = truth.points[contrast.a] - truth.points[contrast.b]
        yield "difference of two arms", holds(contrast.interval, gap)
    yield (
        "all differences at once",
        all(holds(one.interval_all_pairs, truth.points[one.a] - truth.points[one.b]) for one in found),
    )
    fitted = strengths(task, answers)
    if fitted is not None:
        ends, _ = strengths_intervals(answers, fitted)
        for pair, at in zip(ends, truth.worth, strict=True):
            yield "strength", holds(pair, at)


def in_world(
    task: str, people: int, spreads: tuple[float, float], effect: float, studies: int
) -> Iterator[tuple[str, int, int]]:
    design = Design(ITEMS, people, ANSWERS, MODELS[task], ARMS)
    world = World(design, Assumptions(effect, spread_items=spreads[0], spread_people=spreads[1]))
    scale = MODELS[task].scale_of(ARMS)
    truth, times, of = truth_of(task, world, scale), Counter[str](), Counter[str]()
    for number in range(studies):
        study = world.study(np.random.default_rng([29, number]))
        answers = Points.of(study.items, study.participants, study.values, scale=scale)
        if effect:
            happened = list(counted(task, answers, truth))
        else:
            p = compare_points(answers, [(0, 1)], 0, draws=1)[0].p
            joint = any_point_difference(answers).p
            happened = [
                ("p of a difference", p <= 0.05),
                ("p of all arms at once", joint is not None and joint <= 0.05),
            ]
        for what, held in happened:
            times[what] += held
            of[what] += 1
    for what in times:
        yield what, times[what], of[what]


def measured(studies: int) -> Iterator[Row]:
    for task, most in EFFECT.items():
        for name, spreads in SPREADS.items():
            for people in PEOPLE:
                for part, effect in (("coverage", most), ("size", 0.0)):
                    for what, times, n in in_world(task, people, spreads, effect, studies):
                        row = Row(f"{task}: {part}", f"{name}, {people} people", what, times, n)
                        print(f"{row.part}, {row.world}, {what}: {row.rate:.3f}", file=sys.stderr, flush=True)
                        yield row


def markdown(results: dict) -> str:
    part = results["points"]
    rows = [Row(**row) for row in part["rows"]]
    covered = [row for row in rows if row.part.endswith("coverage") and "at once" not in row.what]
    outside = [row for row in covered if not COVERAGE[0] <= row.rate <= COVERAGE[1]]
    lines = [
        "# Best and worst, and rankings: do their intervals hold?",
        "",
        f"Written by `python -m bench points`. {part['machine']}; {part['minutes']:.0f} minutes, {part['studies']} simulated studies a row of four arms, "
        f"{ITEMS} photos with {ANSWERS} answers each. Nominal: 95 % and 5 %. In rankings neighbours that are close tie.",
        "",
        f"- Coverage of {len(covered)} figures: {100 * min(row.rate for row in covered):.1f} to {100 * max(row.rate for row in covered):.1f} %; "
        f"outside {100 * COVERAGE[0]:.0f} to {100 * COVERAGE[1]:.0f} %: {len(outside)}.",
        "",
    ]
    for name in dict.fromkeys(row.part for row in rows):
        of = [row for row in rows if row.part == name]
        whats = list(dict.fromkeys(row.what for row in of))
        lines += [f"## {name}", "", f"| world | {' | '.join(whats)} |", f"|---|{'---:|' * len(whats)}"]
        for world in dict.fromkeys(row.world for row in of):
            rates = {row.what: f"{100 * row.rate:.1f}" for row in of if row.world == world}
            lines.append(f"| {world} | {' | '.join(rates.get(what, '–') for what in whats)} |")
        lines.append("")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--studies", type=int, default=STUDIES)
    options = parser.parse_args()
    studies, began = 20 if options.quick else options.studies, time.perf_counter()
    rows = [asdict(row) for row in measured(studies)]
    minutes = (time.perf_counter() - began) / 60
    print(json.dumps({"rows": rows, "machine": machine(), "minutes": minutes, "studies": studies}))


if __name__ == "__main__":
    main()
