"""python -m bench.slips [--only WORD …] [--processes N]: put each slip of tests/slips/ in, and see a test fail.

A slip is a change to the product that would cost somebody an answer, their privacy, the blindness or a right number: a
filter left out, two arguments swapped, a lock or a setting gone. Each is put into a copy of the checkout, one at a time,
and the tests that it names are run there: they must fail, and pass without it. Slips of one database alone need its
DATABASE_URL. The table goes to bench/RESULTS-slips.md when all were tried; the exit status is 1 where one survived.
"""

import argparse
import os
import sys
import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from bench.changes import (
    KILLED,
    NOT_TRIED,
    ROOT,
    UNFIT,
    Change,
    Outcome,
    by_themselves,
    checkouts,
    database,
    in_forks,
)

SLIPS = ROOT / "tests" / "slips"
PATIENCE = 240.0  # seconds for the tests of one slip
STALE = "stale"


@dataclass(frozen=True)
class Slip:
    """One change that a test must notice."""

    area: str  # the file in tests/slips/ that it stands in
    file: str
    costs: str  # what a user would lose
    was: str  # stands exactly once in the file
    becomes: str
    tests: tuple[str, ...]
    database: str  # the only one where it can be noticed, or ""

    def changed(self) -> str | None:
        """The file with the slip in it; None where the text is not there exactly once."""
        path = ROOT / self.file
        text = path.read_text("utf-8") if path.is_file() else ""
        return text.replace(self.was, self.becomes) if text.count(self.was) == 1 else None


def read_slips(folder: Path = SLIPS) -> list[Slip]:
    """Every slip on file. Raises KeyError or TypeError for an entry that lacks a key or has one too many."""
    return [
        Slip(
            area=path.stem,
            file=row.pop("file"),
            costs=row.pop("costs"),
            was=row.pop("was"),
            becomes=row.pop("becomes"),
            tests=tuple(row.pop("tests")),
            database=row.pop("database", ""),
            **row,
        )
        for path in sorted(folder.glob("*.toml"))
        for row in tomllib.loads(path.read_text("utf-8"))["slip"]
    ]


def try_all(slips: list[Slip], processes: int) -> list[Outcome]:
    """What became of each slip."""
    outcomes = [Outcome(NOT_TRIED)] * len(slips)
    changes = []
    for number, slip in enumerate(slips):
        if slip.database and slip.database != database():
            continue
        if (source := slip.changed()) is None:
            outcomes[number] = Outcome(STALE)
        else:
            changes.append(Change(number, slip.file, source, slip.tests, PATIENCE))
    with checkouts(processes) as trees:
        print(f"{len(changes)} slips", file=sys.stderr, flush=True)
        for number, outcome in in_forks(changes, trees).items():
            outcomes[number] = outcome
        alone = [change for change in changes if outcomes[change.number].status == UNFIT]
        print(f"{len(alone)} of them in processes of their own", file=sys.stderr, flush=True)
        for number, outcome in by_themselves(alone, trees).items():
            outcomes[number] = outcome
    return outcomes


def markdown(slips: list[Slip], outcomes: list[Outcome]) -> str:
    counts = Counter((slip.area, outcome.status) for slip, outcome in zip(slips, outcomes, strict=True))
    lines = [
        "# Slips that a test must notice",
        "",
        f"Each of {len(slips)} changes in `tests/slips/` was put in by itself, and the tests that it names were run on "
        f"{database()}: `make slips` makes this table. Not tried are those that only another database can notice.",
        "",
        "| area | slips | killed | survived | not tried |",
        "|---|---|---|---|---|",
    ]
    for area in sorted({slip.area for slip in slips}):
        every = sum(count for (one, _), count in counts.items() if one == area)
        killed, aside = counts[area, KILLED], counts[area, NOT_TRIED]
        lines.append(f"| {area} | {every} | {killed} | {every - killed - aside} | {aside} |")
    lines.append("")
    for slip, outcome in zip(slips, outcomes, strict=True):
        if outcome.status != KILLED:
            lines.append(f"- {outcome.status}: {slip.file}: {slip.costs}")
    return "\n".join(lines).rstrip() + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--only", nargs="*", default=[], help="words of which one is in the area, file or cost"
    )
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args()
    slips = [
        slip
        for slip in read_slips()
        if not given.only or any(word in f"{slip.area} {slip.file} {slip.costs}" for word in given.only)
    ]
    if not slips:
        raise SystemExit(f"No slip has any of these words: {', '.join(given.only)}.")
    outcomes = try_all(slips, given.processes)
    table = markdown(slips, outcomes)
    print(table)
    if not given.only:
        (ROOT / "bench" / "RESULTS-slips.md").write_text(table, "utf-8")
    raise SystemExit(any(outcome.status not in (KILLED, NOT_TRIED) for outcome in outcomes))


if __name__ == "__main__":
    main()
