"""What does the usual crossed mixed model say of the same answers?

    python -m bench mixed-models        needs Rscript with lme4, lmerTest and ordinal

Twelve data sets, six worlds of worlds.py answered by choices and by ratings: the half-width of our 95 % interval beside that of lmer
(random intercepts of photos and people). Then simulated studies, half of them without any difference and half with one that is found
about every other time, where two ways of deciding part most easily: in how many do both decide the same at 5 %? Ratings are judged by
clmm, too, as the export's analysis.R does.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas

from bench import worlds
from bench.coverage import columns, machine
from studies.analysis.contrasts import judge_mean_of, judge_pairs
from studies.analysis.power import CHOICES, RATINGS, Assumptions, Design, PowerModel, Simulated, World
from studies.analysis.table import Choices, Ratings

SCRIPT = Path(__file__).with_suffix(".R")
SETS = (
    6  # the first of worlds.WORLDS: photos and people are normal and answer alike often, as the model has it
)
ARMS = worlds.ARMS
DESIGN = {"choices": (250, 60, 4), "ratings": (60, 30, 4)}  # items, people, answers to an item
EFFECT = {"choices": 0.09, "ratings": 0.5}  # found about every other time
MODEL: dict[str, PowerModel] = {"choices": CHOICES, "ratings": RATINGS}
Answered = worlds.Study | Simulated


@dataclass(frozen=True)
class Ours:
    estimate: float
    half: float
    p: float


@dataclass(frozen=True)
class Pair:
    """One study, judged twice."""

    task: str
    group: str  # a world, or how the study was simulated
    model: str
    ours: float  # half-width of our interval
    theirs: float | None
    p: float
    p_theirs: float

    @property
    def same_decision(self) -> bool:
        return (self.p <= 0.05) == (self.p_theirs <= 0.05)


def judged(task: str, study: Answered) -> Ours:
    """What Blindsight says: the difference of the first two arms in shares, or the mean rating, per photo."""
    if task == "choices":
        found = judge_pairs(Choices.of(*columns(study), arms=ARMS), [(0, 1)])[0]
    else:
        found = judge_mean_of(Ratings.of(*columns(study)))
    assert found.interval is not None
    assert found.p is not None
    return Ours(found.estimate, (found.interval[1] - found.interval[0]) / 2, found.p)


def studies(decisions: int, seed: int = 19) -> Iterator[tuple[str, str, Answered]]:
    """(task, group, study): the twelve data sets, then `decisions` studies of each task."""
    for world in worlds.WORLDS[:SETS]:
        for task, kind in (("choices", worlds.Choices), ("ratings", worlds.Ratings)):
            yield task, world.name, kind(world).study(np.random.default_rng([seed, 0]))
    for task in MODEL:
        items, people, each = DESIGN[task]
        for effect, group in ((0.0, "no difference"), (EFFECT[task], "a difference")):
            world = World(Design(items, people, each, MODEL[task], ARMS), Assumptions(effect))
            for number in range(decisions // 2):
                yield task, group, world.study(np.random.default_rng([seed, 1, number]))


def table(task: str, number: int, study: Answered) -> pandas.DataFrame:
    """Rows for R: what is averaged, who answered about what, and, of a rating, on which side the first arm stood."""
    items, people, values = columns(study)
    if task == "choices":
        y, side = (values == 0).astype(int) - (values == 1), np.full(len(values), np.nan)
    else:
        y, side = values, np.random.default_rng(number).choice([-0.5, 0.5], len(values))
    return pandas.DataFrame({"study": number, "item": items, "person": people, "y": y, "side": side})


def in_r(tables: list[pandas.DataFrame]) -> tuple[pandas.DataFrame, str]:
    with tempfile.TemporaryDirectory() as folder:
        answers, found = Path(folder, "answers.csv"), Path(folder, "found.csv")
        pandas.concat(tables).to_csv(answers, index=False, na_rep="NA")
        done = subprocess.run(
            ["Rscript", str(SCRIPT), str(answers), str(found)], check=True, stdout=subprocess.PIPE, text=True
        )
        return pandas.read_csv(found), done.stdout.strip()


def compared(decisions: int) -> tuple[list[Pair], str]:
    every = list(studies(decisions))
    found, versions = in_r(
        [table(task, number, study) for number, (task, _, study) in enumerate(every)],
    )
    pairs = []
    for row in found.itertuples():
        task, group, study = every[row.study]
        ours = judged(task, study)
        theirs = None if np.isnan(row.half) else float(row.half)
        pairs.append(Pair(task, group, row.model, ours.half, theirs, ours.p, float(row.p)))
    return pairs, versions


def markdown(results: dict) -> str:
    """The tables, below what they say in short."""
    part = results["mixed-models"]
    pairs = [Pair(**row) for row in part["pairs"]]
    sets = [pair for pair in pairs if pair.group in {world.name for world in worlds.WORLDS}]
    linear = [pair for pair in sets if pair.model == "linear"]
    ratios = [pair.ours / pair.theirs for pair in linear if pair.theirs]
    lines = [
        "# Beside crossed mixed models",
        "",
        f"Written by `python -m bench mixed-models`. {part['machine']}; {part['versions']}; {part['minutes']:.0f} minutes.",
        "",
        f"- Half-width of our 95 % interval over lmer's, on {len(ratios)} data sets: {min(ratios):.2f} to {max(ratios):.2f}.",
        *_in_short(pairs),
        "",
        "| data set | answered by | our half-width | lmer's | ratio | our p | lmer's p | clmm's p |",
        "|---|---|---:|---:|---:|---:|---:|---:|",
    ]
    clmm = {(pair.task, pair.group): pair.p_theirs for pair in sets if pair.model == "ordinal"}
    for pair in linear:
        other = clmm.get((pair.task, pair.group))
        lines.append(
            f"| {pair.group} | {pair.task} | {pair.ours:.4f} | {pair.theirs:.4f} | {pair.ours / pair.theirs:.2f} | {pair.p:.3f} | "
            f"{pair.p_theirs:.3f} | {'' if other is None else f'{other:.3f}'} |"
        )
    return "\n".join([*lines, ""])


def _in_short(pairs: list[Pair]) -> Iterator[str]:
    for task, (items, people, each) in DESIGN.items():
        for model, name in (("linear", "lmer"), ("ordinal", "clmm")):
            of = [
                pair
                for pair in pairs
                if (pair.task, pair.model) == (task, model) and pair.group.endswith("difference")
            ]
            if of:
                groups = []
                for group in dict.fromkeys(pair.group for pair in of):
                    some = [pair for pair in of if pair.group == group]
                    ours, theirs = (
                        sum(p <= 0.05 for p in ps)
                        for ps in zip(*((x.p, x.p_theirs) for x in some), strict=True)
                    )
                    same = sum(pair.same_decision for pair in some)
                    groups.append(f"{group}: {same} of {len(some)} (found by us {ours}, by {name} {theirs})")
                same = sum(pair.same_decision for pair in of)
                yield (
                    f"- {task.capitalize()} ({items} photos, {people} people, {each} answers to a photo): the same decision as {name} in "
                    f"{same} of {len(of)} simulated studies; {'; '.join(groups)}."
                )


def main(arguments: list[str] | None = None) -> int:
    """Run everything; print the figures as one line of JSON; exit code 0."""
    parser = argparse.ArgumentParser(prog="python -m bench.mixed_models", description=__doc__.splitlines()[0])
    parser.add_argument("--studies", type=int, default=100, help="simulated studies of each task")
    parser.add_argument("--quick", action="store_true", help="a tenth of the studies")
    parser.add_argument("--threads", type=int, help="for the other parts; R decides for itself")
    options = parser.parse_args(arguments)
    start = time.perf_counter()
    pairs, versions = compared(options.studies // 10 if options.quick else options.studies)
    figures = {
        "machine": machine(),
        "versions": versions,
        "minutes": (time.perf_counter() - start) / 60,
        "pairs": [asdict(pair) for pair in pairs],
    }
    print(json.dumps(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
