"""Does a study find what simulated people were told to prefer? 100 studies for each rule and number of people.

250 items with four answers each, as in the paper. The rules: the paper's shares 0.463 / 0.314 / 0.161 / 0.062 (so that the truth
is 115.75 / 78.50 / 40.25 / 15.50 of 250) or its mean rating 1.48, by people and photos that differ or do not; and a preference that
follows localisation (studies/analysis/preference.py) on made-up shares of maps in boxes.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass

import numpy as np

from bench.coverage import machine
from studies.analysis.answers import SAME
from studies.analysis.intervals import choice_intervals, rating_intervals
from studies.analysis.power import RATINGS, Assumptions, ChoiceModel, Design, Simulated, World, wilson
from studies.analysis.preference import SHARPNESS, choice_shares
from studies.analysis.scores import choice_scores

ITEMS, ANSWERS, ARMS = 250, 4, 3
PEOPLE = (15, 30, 60, 150)
SHARES = (0.463, 0.314, 0.161, 0.062)
NAMES = ("Pixel Ablation-CAM", "Ablation-CAM", "Grad-CAM", "same")
MEAN = 1.48
SPREADS = {"nobody and nothing differs": (0.0, 0.0), "photos and people differ": (0.8, 0.5)}
FLOOR = 93


@dataclass(frozen=True)
class Printed(ChoiceModel):
    """The paper's own shares, whatever is assumed."""

    def shares(self, assumptions: Assumptions, arms: int) -> np.ndarray:
        return np.array(SHARES)


@dataclass(frozen=True)
class Row:
    """In how many of `studies` the interval held the truth, by what was estimated; and how often the ranking was right."""

    rule: str
    people: int
    studies: int
    truth: dict[str, float]
    mean: dict[str, float]  # of the estimates
    width: dict[str, float]  # of the intervals, on average
    held: dict[str, int]
    ranking: int | None
    same_ranking: int | None  # with “same” among the arms


Draw = Callable[[int, np.random.Generator], Simulated]


def choices(rule: str, truth: np.ndarray, draw: Draw, studies: int) -> Iterator[Row]:
    """The choice study under one rule, at each number of people."""
    for people in PEOPLE:
        estimates, widths, held = [], [], np.zeros(ARMS + 1, int)
        right = right_with_same = 0
        for number in range(studies):
            study = draw(people, np.random.default_rng([people, number]))
            columns = (study.items, study.participants, study.values)
            scored = choice_scores(study.items, study.values, ARMS)
            found = choice_intervals(*columns, ARMS)
            estimate = np.array([*scored.arms, scored.same])
            ends = np.vstack([found.arms, found.same])
            held += (ends[:, 0] <= truth) & (truth <= ends[:, 1])
            right += int((np.argsort(-estimate[:ARMS]) == np.argsort(-truth[:ARMS])).all())
            right_with_same += int((np.argsort(-estimate) == np.argsort(-truth)).all())
            estimates.append(estimate)
            widths.append(ends[:, 1] - ends[:, 0])
        yield Row(
            rule,
            people,
            studies,
            _named(truth),
            _named(np.mean(estimates, axis=0)),
            _named(np.mean(widths, axis=0)),
            {name: int(times) for name, times in zip(NAMES, held, strict=True)},
            right,
            right_with_same,
        )


def _named(values: np.ndarray) -> dict[str, float]:
    return {name: round(float(value), 2) for name, value in zip(NAMES, values, strict=True)}


def given_shares(world: str) -> Draw:
    items, people = SPREADS[world]
    worlds = {
        number: World(
            Design(ITEMS, number, ANSWERS, Printed(), ARMS),
            Assumptions(0.0, spread_items=items, spread_people=people),
        )
        for number in PEOPLE
    }
    return lambda number, rng: worlds[number].study(rng)


def in_boxes(count: int, rng: np.random.Generator) -> np.ndarray:
    """Made-up shares of maps in boxes (count, arms): alike within a photo, a little better for the first arm."""
    photo = rng.normal(0, 0.8, (count, 1))
    arm = np.array([0.55, 0.25, 0.0]) + rng.normal(0, 0.35, (count, ARMS))
    return 1 / (1 + np.exp(-(photo + arm)))


def by_localisation(people: int, rng: np.random.Generator) -> Simulated:
    """People of unequal sharpness who choose by what lies in the box."""
    seats = np.argsort(rng.random((ITEMS, people)), axis=1)[:, :ANSWERS].ravel()
    items = np.repeat(np.arange(ITEMS), ANSWERS)
    values, sharpness = in_boxes(ITEMS, rng), SHARPNESS * np.exp(rng.normal(0, 0.3, people))
    chances = np.vstack(
        [choice_shares(values[[i]], sharpness[p])[0] for i, p in zip(items, seats, strict=True)]
    )
    picked = (chances.cumsum(axis=1) < rng.random((len(items), 1))).sum(axis=1)
    return Simulated(items, seats, np.where(picked == ARMS, SAME, picked))


def truth_of_localisation() -> np.ndarray:
    """The scores that 250 photos would have on average, from a population of photos and people."""
    rng = np.random.default_rng(0)
    values, sharpness = in_boxes(50_000, rng), SHARPNESS * np.exp(rng.normal(0, 0.3, 50_000))
    chances = [choice_shares(values[[n]], sharpness[n])[0] for n in range(len(values))]
    return ITEMS * np.mean(chances, axis=0)


def ratings(world: str, studies: int) -> Iterator[Row]:
    items, persons = SPREADS[world]
    for people in PEOPLE:
        made = World(
            Design(ITEMS, people, ANSWERS, RATINGS, 2),
            Assumptions(MEAN, spread_items=items, spread_people=persons),
        )
        means, widths, held, above = [], [], 0, 0
        for number in range(studies):
            study = made.study(np.random.default_rng([people, number]))
            found = rating_intervals(study.items, study.participants, study.values).mean
            means.append(study.values.mean())
            widths.append(found[1] - found[0])
            held += int(found[0] <= MEAN <= found[1])
            above += int(found[0] > 0)
        yield Row(
            f"mean rating {MEAN}, {world}",
            people,
            studies,
            {"mean rating": MEAN},
            {"mean rating": round(float(np.mean(means)), 3)},
            {"mean rating": round(float(np.mean(widths)), 3)},
            {"mean rating": held},
            above,
            None,
        )


def rows(studies: int) -> Iterator[Row]:
    for world in SPREADS:
        yield from choices(
            f"the paper's shares, {world}", ITEMS * np.array(SHARES), given_shares(world), studies
        )
    yield from choices("preference follows localisation", truth_of_localisation(), by_localisation, studies)
    for world in SPREADS:
        yield from ratings(world, studies)


def markdown(results: dict) -> str:
    part = results["recovery"]
    found = [Row(**row) for row in part["rows"]]
    missed = [
        (row, name) for row in found for name, times in row.held.items() if times < FLOOR / 100 * row.studies
    ]
    verdict = (
        f"In all {sum(len(row.held) for row in found)} cells below at least {FLOOR} of 100."
        if not missed
        else "Below "
        + f"{FLOOR} of 100: "
        + "; ".join(
            f"{name}, {row.rule}, {row.people} people ({row.held[name]} of {row.studies})"
            for row, name in missed
        )
        + "."
    )
    return "\n".join(
        [
            "# Does a study find what simulated people were told to prefer?",
            "",
            f"Written by `python -m bench recovery`: {part['studies']} simulated studies for each line, {ITEMS} items, {ANSWERS} answers each, "
            f"two-way 95 % intervals in closed form. {part['machine']}; {part['minutes']:.0f} minutes. Nobody was asked anything.",
            "",
            f"**{verdict}** A count of 95 expected has its own chance: it falls below {FLOOR} by luck in about one line of eight.",
            "",
            "## Choice study: how often the 95 % interval holds the true score",
            "",
            f"| rule | people | {' | '.join(NAMES)} | ranking right | with “same” |",
            "|---|---:|" + "---:|" * (len(NAMES) + 2),
            *(_choice_line(row) for row in found if len(row.held) > 1),
            "",
            "In brackets the true score of 250 and the mean width of the interval.",
            "",
            f"## Reliability study, true mean {MEAN}",
            "",
            "| rule | people | interval holds it | mean of the estimates | mean width | interval above 0 |",
            "|---|---:|---:|---:|---:|---:|",
            *(_rating_line(row) for row in found if len(row.held) == 1),
            "",
        ]
    )


def _choice_line(row: Row) -> str:
    cells = [f"{row.held[name]} ({row.truth[name]:.2f}; {row.width[name]:.1f})" for name in NAMES]
    return f"| {row.rule} | {row.people} | {' | '.join(cells)} | {_share(row.ranking, row.studies)} | {_share(row.same_ranking, row.studies)} |"


def _rating_line(row: Row) -> str:
    (name,) = row.held
    return (
        f"| {row.rule} | {row.people} | {_share(row.held[name], row.studies)} | {row.mean[name]:.3f} | {row.width[name]:.3f} | "
        f"{_share(row.ranking, row.studies)} |"
    )


def _share(times: int | None, studies: int) -> str:
    if times is None:
        return "–"
    low, high = wilson(times, studies)
    return f"{times} of {studies} ({100 * low:.0f}–{100 * high:.0f} %)"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.recovery", description=__doc__.splitlines()[0])
    parser.add_argument("--studies", type=int, default=100)
    parser.add_argument("--quick", action="store_true", help="a tenth of the studies")
    parser.add_argument("--threads", type=int, help="for the other parts; here numpy decides")
    options = parser.parse_args()
    studies = options.studies // 10 if options.quick else options.studies
    start, made = time.perf_counter(), []
    for row in rows(studies):
        print(f"{row.rule}, {row.people} people: {row.held}, ranking {row.ranking}", file=sys.stderr)
        made.append(asdict(row))
    minutes = (time.perf_counter() - start) / 60
    print(
        json.dumps(
            {
                "machine": machine(),
                "minutes": minutes,
                "studies": studies,
                "rows": made,
            }
        )
    )


if __name__ == "__main__":
    main()
