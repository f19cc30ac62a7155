"""A day in an arena: a newcomer joins at noon. How many answers until its interval is as wide as the others', and do intervals hold?

    python -m bench arena

Simulated days whose truth is known: 12 arms, 20,000 answers about 250 photos, 25 by each person; a thirteenth arm joins after 10,000. Rounds of 250
answers are chosen as an arena chooses them (analysis/paired/informative.py). People and photos have tastes of their own (bench/pairs.py).
After every second round all figures are made anew, as if somebody looked.
"""

import argparse
import json
import sys
import time
from itertools import combinations

import numpy as np

from bench.coverage import machine
from bench.pairs import Case, World
from bench.sittings import Sittings, truth_of
from studies.analysis.paired.answers import Pairs
from studies.analysis.paired.strengths import arms_of, better_at_any_time, better_of, judge_pairs

ARMS = 12
AS_WIDE = 1.05  # widths are estimates, too: between arms of one study that have as many answers they differ by as much
CASES = [
    Case("12 arms, strengths 2 apart", ARMS + 1, 2.0, 250, 25, 0),
    Case("12 arms, strengths 2 apart, people alike", ARMS + 1, 2.0, 250, 25, 0, 0.3, 0.0),
    Case("12 arms, 50 answers by each person", ARMS + 1, 2.0, 250, 50, 0),
    Case("12 equal arms", ARMS + 1, 0.0, 250, 25, 0),
]


def day(world: World, seed: int, answers: int = 20_000, every: int = 2) -> dict:
    """One day: what was counted at its looks, and when the newcomer's interval was as wide as the others' are on average."""
    rounds, photos = answers // world.case.photos, world.case.photos
    names = np.random.default_rng([5, seed]).permutation(world.case.arms)  # who of them is the newcomer
    world = shuffled(world, names)
    sittings, caught_up = Sittings(world, seed, world.case.answers), None
    held = of = false_ever = fixed_ever = outside = 0
    for turn in range(rounds):
        compete = ARMS if turn < rounds // 2 else ARMS + 1
        sittings.informative(compete, evenly=True)
        if (turn + 1) % every and not (compete > ARMS and caught_up is None):
            continue
        table, true = sittings.answers(compete), truth_of(world, compete)
        arms = arms_of(table)
        inside = [arm.interval[0] <= exact <= arm.interval[1] for arm, exact in zip(arms, true, strict=True)]
        held, of = held + sum(inside), of + len(inside)
        if compete > ARMS and caught_up is None:
            caught_up = _caught_up(table, arms, turn - rounds // 2 + 1, photos, inside[-1])
        outside += false_ones(better_at_any_time(table).table, true)
        false_ever |= false_ones(better_at_any_time(table).table, true) > 0
        fixed_ever |= false_ones(better_of(table).table, true) > 0
    last = judge_pairs(table, list(combinations(range(ARMS + 1), 2)))
    gaps = [float(np.tanh((true[a] - true[b]) / 2)) for a, b in combinations(range(ARMS + 1), 2)]
    return {
        "held": held,
        "of": of,
        "pairs_held": sum(
            one.interval[0] <= gap <= one.interval[1] for one, gap in zip(last, gaps, strict=True)
        ),
        "pairs_of": len(gaps),
        "false_ever": bool(false_ever),
        "fixed_ever": bool(fixed_ever),
        "told_apart": int(better_at_any_time(table).table.sum()),
        "told_apart_once": int(better_of(table).table.sum()),
        "caught_up": caught_up,
    }


def shuffled(world: World, names: np.ndarray) -> World:
    """The same world with its arms in another order."""
    other = object.__new__(World)
    other.case, other.strengths, other.truth = world.case, world.strengths[names], world.truth
    fit = object.__new__(type(world.truth))
    fit.__dict__.update(world.truth.__dict__)
    fit.__dict__["parameters"] = np.append(world.truth.strengths[names], world.truth.parameters[-2:])
    other.truth = fit
    return other


def false_ones(better: np.ndarray, true: np.ndarray) -> int:
    """How many arms were found to be better than one that is as good, or better."""
    return int((better & (true[:, None] <= true[None] + 1e-9)).sum())


def _caught_up(table: Pairs, arms: list, rounds: int, photos: int, inside: bool) -> dict | None:
    wide = [arm.interval[1] - arm.interval[0] for arm in arms]
    if wide[-1] > AS_WIDE * np.mean(wide[:-1]):
        return None
    asked = (table.wins + table.wins.T + table.same).sum(axis=1)
    return {
        "answers": int(asked[-1]),
        "others": float(asked[:-1].mean()),
        "in_all": rounds * photos,
        "width": wide[-1] / float(np.mean(wide[:-1])),
        "inside": bool(inside),
    }


def of_case(case: Case, days: int) -> dict:
    world = World(case)
    every = [day(world, number) for number in range(days)]
    caught = [one["caught_up"] for one in every if one["caught_up"]]
    total = lambda key: sum(one[key] for one in every)  # noqa: E731
    return {
        "case": case.name,
        "days": days,
        "caught_up": len(caught),
        "answers": float(np.mean([one["answers"] for one in caught])),
        "others": float(np.mean([one["others"] for one in caught])),
        "most": max(one["answers"] / one["others"] for one in caught),
        "in_all": float(np.mean([one["in_all"] for one in caught])),
        "newcomer_held": sum(one["inside"] for one in caught) / len(caught),
        "coverage": total("held") / total("of"),
        "pairs": total("pairs_held") / total("pairs_of"),
        "false_ever": total("false_ever") / days,
        "fixed_ever": total("fixed_ever") / days,
        "told_apart": total("told_apart") / days,
        "told_apart_once": total("told_apart_once") / days,
    }


def markdown(results: dict) -> str:
    part = results["arena"]
    lines = [
        "# A day in an arena: a newcomer joins at noon",
        "",
        f"Written by `python -m bench arena`. {part['machine']}; {part['minutes']:.0f} minutes. "
        + (__doc__ or "").split("\n\n")[2].replace("\n", " "),
        "",
        "## When its interval was as wide as the others'",
        "",
        "As wide: within a twentieth of the mean of theirs (of arms with as many answers widths differ by as much). “Of theirs”: the newcomer's answers as a share of those that each of the others got from the morning to that moment; asked for was 1⅓ at most.",
        "",
        "| case | days | caught up | its answers | theirs | of theirs, mean | of theirs, most | answers since noon |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
        *(
            f"| {row['case']} | {row['days']} | {row['caught_up']} | {row['answers']:.0f} | {row['others']:.0f} | "
            f"{row['answers'] / row['others']:.2f} | {row['most']:.2f} | {row['in_all']:.0f} |"
            for row in part["rows"]
        ),
        "",
        "## Do intervals and ranks hold?",
        "",
        "Intervals are of one look, 95 %. “Ever false”: days on which at any look an arm was placed above one that is as good; 5 % at most are "
        "nominal for ranks that hold at any time, which an arena gives. Beside it the ranks of one look, which a study with an end gives: looked at "
        "again and again they do not hold.",
        "",
        "| case | strengths, all looks | of the newcomer as it catches up | differences at night | ever false | ever false by one look's ranks | pairs told apart at night | by one look's |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
        *(
            f"| {row['case']} | {100 * row['coverage']:.1f} % | {100 * row['newcomer_held']:.1f} % | {100 * row['pairs']:.1f} % | {100 * row['false_ever']:.1f} % | "
            f"{100 * row['fixed_ever']:.1f} % | {row['told_apart']:.1f} | {row['told_apart_once']:.1f} |"
            for row in part["rows"]
        ),
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--days", type=int, default=40)
    options = parser.parse_args()
    began, rows = time.perf_counter(), []
    for case in CASES:
        rows.append(of_case(case, 4 if options.quick else options.days))
        print(rows[-1], file=sys.stderr, flush=True)
    minutes = (time.perf_counter() - began) / 60
    print(json.dumps({"rows": rows, "machine": machine(), "minutes": minutes}))


if __name__ == "__main__":
    main()
