"""Is the power that is printed that of the decision that is made?

    python -m bench decisions

Six designs, with several contrasts, Holm and planned looks among them. Printed is what `power` prints, from simulated studies; beside
it, of other studies of the same world, the share in which the results that pages and reports are made of find the same: by
`p_holm` of the contrasts, or by the verdicts of the looks. The two share the simulation of answers and nothing of what judges them
but the inference itself.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from types import SimpleNamespace
from typing import Any

import django
import numpy as np

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from bench.coverage import columns, machine  # noqa: E402
from studies.analysis.power import Assumptions, Design, Simulated, World, power  # noqa: E402
from studies.protocol import AnalysisPlan, bounds_of, plan_in  # noqa: E402
from studies.results.interim_analysis import looks_of  # noqa: E402
from studies.trial_types import Compared, trial_type  # noqa: E402

PRINTED, DECIDED = 3000, 3000
ALPHA = 0.05


@dataclass(frozen=True)
class Case:
    """A design, and the effect that is truly there."""

    name: str
    task: str
    items: int
    people: int
    each: int
    effect: float
    contrasts: tuple[tuple[int, int], ...] = ()
    looks: tuple[float, ...] = ()
    spending: str = "obrien-fleming"
    primary: Any = "items"

    @property
    def arms(self) -> tuple[str, ...]:
        return tuple("abc")[: 3 if self.task == "choice" else 2]

    @property
    def plan(self) -> AnalysisPlan:
        """As a protocol says it."""
        pairs = [[self.arms[a], self.arms[b]] for a, b in self.contrasts]
        source: dict[str, Any] = {"analysis": {"contrasts": pairs, "primary": self.primary}}
        if self.looks:
            source["looks"] = {"after": list(self.looks), "spending": self.spending}
        return plan_in(source, self.arms)

    @property
    def design(self) -> Design:
        plan, model = self.plan, trial_type(self.task).power.model
        bounds = bounds_of(plan.looks, len(self.contrasts)) if plan.looks else ()
        return Design(
            self.items, self.people, self.each, model, len(self.arms), self.contrasts, bounds, self.primary
        )


CASES = [
    Case("one contrast, 15 people", "choice", 250, 15, 4, 0.10),
    Case("one contrast, 5 people", "choice", 100, 5, 3, 0.20),
    Case("three contrasts, Holm", "choice", 250, 60, 4, 0.10, ((0, 1), (0, 2), (1, 2))),
    Case("two looks, O’Brien–Fleming", "choice", 250, 60, 4, 0.08, ((0, 1),), (0.5, 1.0)),
    Case("three looks, Pocock, two contrasts", "choice", 250, 60, 4, 0.11, ((0, 1), (0, 2)), (0.4, 0.7, 1.0), "pocock"),
    Case("ratings by people, two looks", "rating", 60, 30, 5, 0.3, ((0, 1),), (0.5, 1.0), primary="people"),
]  # fmt: skip


@dataclass(frozen=True)
class Row:
    """A design, its printed power, and in how many of `studies` the results found what is there."""

    name: str
    printed: float
    found: int
    studies: int

    @property
    def apart(self) -> float:
        """In points of per cent."""
        return 100 * (self.printed - self.found / self.studies)


def found_by_results(case: Case, study: Simulated) -> bool:
    """Whether the results of this study find every contrast of the better arm, the first, on its side."""
    kind = trial_type(case.task).results
    items, people, values = columns(study)
    one_after_another = np.empty(len(people), np.int64)
    one_after_another[np.argsort(people, kind="stable")] = np.arange(len(people))
    table = {"items": items, "participants": people, "values": values, "ids": one_after_another}
    answers = kind.table(table, len(case.arms))
    declared = case.contrasts or ((0, 1),)
    compared = Compared(case.arms, len(case.arms), seed=1, declared=declared, primary=case.primary)
    if case.looks:
        running = SimpleNamespace(state="open", task=case.task)
        looks, _ = looks_of(running, case.plan, answers, compared, needed=len(people), narrowed=False)  # type: ignore[arg-type]
        assert looks is not None
        return any(
            all(
                verdict.found and verdict.estimate > 0
                for pair, verdict in zip(declared, look.verdicts, strict=True)
                if 0 in pair
            )
            for look in looks.taken
        )
    rows = {(row.first, row.second): row for row in kind.contrast_rows(answers, compared)}
    judged = [rows[case.arms[a], case.arms[b]] for a, b in declared if 0 in (a, b)]
    return all(row.p_holm is not None and row.p_holm <= ALPHA and row.found.estimate > 0 for row in judged)


def compared(scale: float) -> Iterator[Row]:
    for case in CASES:
        assumptions = Assumptions(case.effect)
        printed = power(case.design, assumptions, studies=round(PRINTED * scale), seed=0).power
        world, studies = World(case.design, assumptions), round(DECIDED * scale)
        found = sum(
            found_by_results(case, world.study(np.random.default_rng([97, number])))
            for number in range(studies)
        )
        row = Row(case.name, printed, found, studies)
        print(f"{row.name}: {row.printed:.3f}, {found / studies:.3f}", file=sys.stderr, flush=True)
        yield row


def markdown(results: dict) -> str:
    part = results["decisions"]
    rows = [Row(**row) for row in part["rows"]]
    lines = [
        "# Power beside what is decided",
        "",
        f"Written by `python -m bench decisions`. {part['machine']}; {part['minutes']:.0f} minutes. Printed: of {part['printed']:,} studies; "
        f"found: of {rows[0].studies} others. Two such shares differ by chance by up to 2.5 points (95 %).",
        "",
        f"- At most {max(abs(row.apart) for row in rows):.1f} points apart.",
        "",
        "| design | power as printed | found by the results | apart |",
        "|---|---:|---:|---:|",
    ]
    for row in rows:
        lines.append(
            f"| {row.name} | {100 * row.printed:.1f} % | {100 * row.found / row.studies:.1f} % | {row.apart:+.1f} |"
        )
    return "\n".join([*lines, ""])


def main(arguments: list[str] | None = None) -> int:
    """Run everything; print the figures as one line of JSON; exit code 0."""
    parser = argparse.ArgumentParser(prog="python -m bench.decisions", description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the studies")
    parser.add_argument("--threads", type=int, help="for the other parts; here numpy decides")
    options = parser.parse_args(arguments)
    scale, start = 0.1 if options.quick else 1.0, time.perf_counter()
    rows = [asdict(row) for row in compared(scale)]
    minutes = (time.perf_counter() - start) / 60
    print(
        json.dumps(
            {"machine": machine(), "minutes": minutes, "printed": round(PRINTED * scale), "rows": rows}
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
