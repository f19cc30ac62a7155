"""Adaptive rounds of pairs beside the balanced design: how many answers are saved at equal width of intervals, and do intervals hold?

    python -m bench adaptive

Simulated studies whose truth is known: 14 arms, 250 photos, 8 answers for each, 25 by each person; tastes of people and photos as in bench/pairs.py,
or none. The balanced design asks every pair equally often. Adaptive rounds (analysis/paired/informative.py) begin with one balanced round; each of the
others asks what is expected to tell most. Both are analysed in the same way. Saved: how many answers fewer the adaptive rounds need
until their mean width is that of the balanced study when it is full.
"""

import argparse
import json
import sys
import time
from itertools import combinations

import numpy as np

from bench.arena import false_ones, shuffled
from bench.coverage import machine
from bench.pairs import Case, World
from bench.sittings import Sittings, truth_of
from studies.analysis.paired.answers import Pairs
from studies.analysis.paired.strengths import any_pair_of, arms_of, better_of, judge_pairs

ROUNDS = 8
CASES = [
    Case("strengths 2 apart", 14, 2.0, 250, 25, 0),
    Case("strengths 4 apart", 14, 4.0, 250, 25, 0),
    Case("strengths 8 apart", 14, 8.0, 250, 25, 0),
    Case("strengths 2 apart, no tastes", 14, 2.0, 250, 25, 0, 0.0, 0.0),
    Case("strengths 4 apart, no tastes", 14, 4.0, 250, 25, 0, 0.0, 0.0),
    Case("strengths 8 apart, no tastes", 14, 8.0, 250, 25, 0, 0.0, 0.0),
    Case("equal arms", 14, 0.0, 250, 25, 0),
]


def widths(table: Pairs) -> tuple[float, float]:
    """Mean width of the intervals of strengths, and of those of neighbours' differences of preferences, by the fitted order."""
    arms = arms_of(table)
    order = np.argsort([arm.strength for arm in arms])
    near = judge_pairs(table, list(zip(order[1:].tolist(), order[:-1].tolist(), strict=True)))
    of_arms = float(np.mean([arm.interval[1] - arm.interval[0] for arm in arms]))
    return of_arms, float(np.mean([one.interval[1] - one.interval[0] for one in near]))


def study(world: World, seed: int, *, adaptive: bool) -> tuple[list[tuple[float, float]], Pairs]:
    """The widths after each round from the second on, and all answers."""
    sittings, after = Sittings(world, seed, world.case.answers), []
    for turn in range(ROUNDS):
        if adaptive and turn:
            sittings.informative(world.case.arms)
        else:
            sittings.balanced(world.case.arms)
        if turn and (adaptive or turn == ROUNDS - 1):
            after.append(widths(sittings.answers(world.case.arms)))
    return after, sittings.answers(world.case.arms)


def needed(after: list[float], width: float) -> float:
    """After how many rounds, of which the first of `after` is the second, the width is reached: as 1/width² grows, beyond the last too."""
    told = 1 / np.square(after)
    wanted = 1 / width**2
    rounds = np.arange(2, 2 + len(told))
    if wanted > told[-1]:
        return float(rounds[-1] * wanted / told[-1])
    return float(np.interp(wanted, np.maximum.accumulate(told), rounds))


def held(table: Pairs, true: np.ndarray) -> tuple[float, float, bool]:
    """Which share of the intervals of strengths, and of all differences, holds the truth; whether any arm is placed above one that is as good."""
    of_arms = [
        arm.interval[0] <= exact <= arm.interval[1] for arm, exact in zip(arms_of(table), true, strict=True)
    ]
    pairs = list(combinations(range(len(true)), 2))
    gaps = [float(np.tanh((true[a] - true[b]) / 2)) for a, b in pairs]
    of_pairs = [
        one.interval[0] <= gap <= one.interval[1]
        for one, gap in zip(judge_pairs(table, pairs), gaps, strict=True)
    ]
    return float(np.mean(of_arms)), float(np.mean(of_pairs)), false_ones(better_of(table).table, true) > 0


def of_case(case: Case, studies: int) -> dict:
    world, rows = World(case), []
    for number in range(studies):
        turned = shuffled(world, np.random.default_rng([6, number]).permutation(case.arms))
        true = truth_of(turned, case.arms)
        (full,), balanced = study(turned, number, adaptive=False)
        after, table = study(turned, number, adaptive=True)
        saved = [1 - needed([one[at] for one in after], full[at]) / ROUNDS for at in (0, 1)]
        same = held(balanced, true)
        rows.append(
            [
                *saved,
                *held(table, true),
                *same,
                int(better_of(table).table.sum()),
                int(better_of(balanced).table.sum()),
                (any_pair_of(table) or 1) <= 0.05,
            ]
        )
    return {
        "case": case.name,
        "studies": studies,
        "at_most": at_most(world.truth.strengths),
        "figures": np.mean(np.array(rows, float), axis=0).tolist(),
    }


def at_most(strengths: np.ndarray) -> float:
    """The largest share of answers that any choice of pairs could save: were every answer about equal arms, it would tell ¼, and an answer of the
    balanced design tells p·(1 − p) on average."""
    gap = strengths[:, None] - strengths[None]
    p = 1 / (1 + np.exp(-gap[np.triu_indices(len(gap), 1)]))
    return float(1 - 4 * np.mean(p * (1 - p)))


def markdown(results: dict) -> str:
    part = results["adaptive"]
    lines = [
        "# Adaptive rounds of pairs beside the balanced design",
        "",
        f"Written by `python -m bench adaptive`. {part['machine']}; {part['minutes']:.0f} minutes. "
        + (__doc__ or "").split("\n\n")[2].replace("\n", " "),
        "",
        "“Neighbours”: of the difference of preferences between arms next to each other by strength, the hardest to tell apart. Asked for was 30 % fewer answers. “At most”: had every answer been about two equal arms, which tells most. ",
        "",
        "| case | studies | could be saved at most | saved, strengths | saved, neighbours | pairs told apart, adaptive | balanced |",
        "|---|---:|---:|---:|---:|---:|---:|",
        *(
            f"| {row['case']} | {row['studies']} | {100 * row['at_most']:.0f} % | {100 * row['figures'][0]:.0f} % | {100 * row['figures'][1]:.0f} % | {row['figures'][8]:.1f} | {row['figures'][9]:.1f} |"
            for row in part["rows"]
        ),
        "",
        "Do intervals hold? Nominal: 95 % of the intervals; 5 % at most of the studies place an arm above one that is as good by ranks of one look (max-T). "
        "As adaptive rounds may do so oftener, their ranks are those that hold at any time (bench/arena.py).",
        "",
        "| case | strengths, adaptive | balanced | differences, adaptive | balanced | placed falsely, adaptive | balanced |",
        "|---|---:|---:|---:|---:|---:|---:|",
        *(
            "| {0} | {3:.1f} % | {6:.1f} % | {4:.1f} % | {7:.1f} % | {5:.1f} % | {8:.1f} % |".format(
                row["case"], *(100 * one for one in row["figures"])
            )
            for row in part["rows"]
        ),
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--studies", type=int, default=100)
    options = parser.parse_args()
    began, rows = time.perf_counter(), []
    for case in CASES:
        rows.append(of_case(case, 5 if options.quick else options.studies))
        print(rows[-1], file=sys.stderr, flush=True)
    minutes = (time.perf_counter() - began) / 60
    print(json.dumps({"rows": rows, "machine": machine(), "minutes": minutes}))


if __name__ == "__main__":
    main()
