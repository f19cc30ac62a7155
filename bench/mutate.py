"""python -m bench.mutate [--all] [--base REV] [--only PATH …] [--minutes 60] [--most 12]: do the tests notice small changes?

Each mutant (bench/mutants.py) is tried with the tests that run its lines. Without --all: those of the lines that were changed
since --base (HEAD, or the commit before where nothing is changed). With --all: of every module a sample drawn by --seed, larger
where an answer, somebody's privacy, the blindness or a figure hangs on it (VITAL). The table goes to bench/RESULTS-mutations.md after
--all. What survives stands in var/mutations/survivors.txt; a survivor that changes nothing anybody could notice is judged in
bench/mutations-judged.toml, with the reason, and counts for neither side.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict
from random import Random

from bench.changes import KILLED, NO_TEST, NOT_TRIED, ROOT, SURVIVED, Change, Outcome, checkouts, in_forks
from bench.mutants import OURS, Mutant, mutants_of
from bench.mutation_lines import KEPT, Lines, recorded
from bench.slips import read_slips

# On these hang answers, privacy, blindness and figures.
VITAL = [
    "studies/trials/allocation.py",
    "studies/trials/sql.py",
    "studies/participation/decorators.py",
    "studies/participation/picture_views.py",
    "studies/results/answers.py",
    "studies/lifecycle/fingerprint.py",
    "studies/lifecycle/opening.py",
    "studies/exports/importer.py",
    "studies/trials/attention_checks.py",
    "studies/analysis/scores.py",
    "studies/analysis/contrasts.py",
    "studies/analysis/intervals.py",
]
BUDGET, VITAL_BUDGET = 12.0, 30.0  # seconds of tests for one mutant
OUR_NAMES = {operator.__name__ for _, operator in OURS}
JUDGED = ROOT / "bench" / "mutations-judged.toml"


def modules() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "explain/*.py", "studies/*.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [
        name for name in listed.stdout.splitlines() if "/migrations/" not in name and (ROOT / name).is_file()
    ]


def changed_lines(base: str) -> dict[str, set[int]]:
    """The lines of each module that were added or changed since a commit, as they are numbered now."""
    diff = subprocess.run(
        ["git", "diff", "-U0", base, "--", "explain", "studies"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    lines: dict[str, set[int]] = defaultdict(set)
    file = ""
    for row in diff.stdout.splitlines():
        if row.startswith("+++ "):
            file = row[6:]
        elif hunk := re.match(r"@@ -\S+ \+(\d+)(?:,(\d+))? @@", row):
            start, count = int(hunk[1]), int(hunk[2] or 1)
            lines[file] |= set(range(start, start + count))
    return {file: found for file, found in lines.items() if file in set(modules())}


def chosen(given: argparse.Namespace) -> Iterator[Mutant]:
    """The mutants to try."""
    if not given.all and not given.only:
        for file, lines in changed_lines(given.base or _base()).items():
            yield from mutants_of(file, (ROOT / file).read_text("utf-8"), lines)
        return
    for file in modules():
        if given.only and not any(file.startswith(path) for path in given.only):
            continue
        most = given.most_vital if file in VITAL else given.most
        yield from mutants_of(file, (ROOT / file).read_text("utf-8"), most=most or None, seed=given.seed)


def _base() -> str:
    return (
        "HEAD"
        if subprocess.run(["git", "diff", "--quiet", "HEAD"], cwd=ROOT, check=False).returncode
        else "HEAD~1"
    )


def tests_for(mutant: Mutant, lines: Lines, own: dict[str, tuple[str, ...]]) -> list[str]:
    """The tests that run a mutant's lines, as many as fit the budget: those of the module's own slips first."""
    tests = lines.tests_of(mutant.file, range(mutant.line, mutant.end_line + 1))
    mine = own.get(mutant.file, ())
    tests.sort(key=lambda test: not test.startswith(mine or ("none",)))
    left, taken = VITAL_BUDGET if mutant.file in VITAL else BUDGET, []
    for test in tests:
        if not taken or lines.seconds[test] <= left:
            taken.append(test)
            left -= lines.seconds[test]
    return taken


def try_all(mutants: list[Mutant], given: argparse.Namespace) -> list[Outcome]:
    """What became of each mutant."""
    lines = recorded(given.processes + 1, given.tests)
    own: dict[str, tuple[str, ...]] = defaultdict(tuple)
    for slip in read_slips():
        own[slip.file] += tuple(test.partition("::")[0] for test in slip.tests)
    changes = []
    for number, mutant in enumerate(mutants):
        if tests := tests_for(mutant, lines, own):
            patience = 10 + 4 * sum(lines.seconds[test] for test in tests)
            changes.append(Change(number, mutant.file, mutant.source, tuple(tests), patience))
    Random(given.seed).shuffle(changes)  # stopped early, what was tried is a fair sample
    with checkouts(given.processes) as trees:
        outcomes = in_forks(changes, trees, minutes=given.minutes)
    return [outcomes.get(number, Outcome(NO_TEST)) for number in range(len(mutants))]


def judged() -> dict[tuple[str, ...], str]:
    """(file, function, line, piece of code, what it becomes) -> why no test could notice it."""
    rows = tomllib.loads(JUDGED.read_text("utf-8"))["judged"]
    return {
        tuple(row[key] for key in ("file", "function", "line", "was", "becomes")): row["why"] for row in rows
    }


def report(mutants: list[Mutant], outcomes: list[Outcome]) -> str:
    """The table, as Markdown; the survivors that nobody has judged go to var/mutations/survivors.txt."""
    reasons = judged()
    counts: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    survivors, spared = [], []
    for mutant, outcome in zip(mutants, outcomes, strict=True):
        status = outcome.status
        if status in (SURVIVED, NO_TEST):
            if why := reasons.get((mutant.file, mutant.function, mutant.text, mutant.was, mutant.becomes)):
                status = "judged"
                spared.append(f"- `{mutant.name}`: {why}")
            else:
                survivors.append(f"{status}: {mutant.name}")
        for row in _rows_of(mutant):
            counts[row][status] += 1
    (KEPT / "survivors.txt").write_text("\n".join(sorted(survivors)) + "\n")
    head = [
        "# Do the tests notice small changes?",
        "",
        "Made by `make mutate ALL=1`: of each module a seeded sample of changes, each tried with the tests that run its lines. "
        "A rate is the killed among the killed, the survived and those on lines that no test runs; judged ones, which nobody could "
        "notice, stand below with the reason. “Own operators” are the harder part: statements, links of a query and conditions "
        "left out, arguments swapped, numbers one off.",
        "",
        f"{sum(outcome.status != NOT_TRIED for outcome in outcomes)} of {len(outcomes)} changes were tried before the time was over.",
        "",
        "| module | tried | killed | survived | no test | judged | rate |",
        "|---|---|---|---|---|---|---|",
    ]
    totals = [row for row in counts if not row.endswith(".py")]
    files = sorted(row for row in counts if row.endswith(".py") and row not in VITAL)
    rows = [
        _row(name, counts[name])
        for name in [*sorted(totals), *(file for file in VITAL if file in counts), *files]
    ]
    return "\n".join([*head, *rows, "", "## Judged", "", *(sorted(spared) or ["None."])]) + "\n"


def _rows_of(mutant: Mutant) -> list[str]:
    app = mutant.file.partition("/")[0]
    rows = [
        mutant.file,
        "**vital modules**" if mutant.file in VITAL else f"**elsewhere in {app}**",
        "**all**",
    ]
    return [*rows, "**all, own operators**"] if mutant.operator in OUR_NAMES else rows


def _row(name: str, count: dict[str, int]) -> str:
    killed, against = count[KILLED], count[SURVIVED] + count[NO_TEST]
    rate = f"{100 * killed / (killed + against):.0f} %" if killed + against else "–"
    tried = killed + against + count["judged"]
    return (
        f"| {name} | {tried} | {killed} | {count[SURVIVED]} | {count[NO_TEST]} | {count['judged']} | {rate} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--all", action="store_true", help="a sample of every module")
    parser.add_argument("--base", help="the commit since which lines were changed")
    parser.add_argument("--only", nargs="*", default=[], help="modules, or the beginnings of their paths")
    parser.add_argument("--tests", nargs="*", default=[], help="the tests that may notice (all)")
    parser.add_argument("--most", type=int, default=12, help="mutants of one module; 0 for all of them")
    parser.add_argument(
        "--most-vital", type=int, default=120, help="of a module on which much hangs; 0 for all"
    )
    parser.add_argument("--minutes", type=float, default=60, help="after these no further mutant is tried")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args()
    mutants = list(chosen(given))
    if not mutants:
        raise SystemExit(
            "No line of explain/ or studies/ that could be changed was changed; --all tries every module."
        )
    print(f"{len(mutants)} mutants", file=sys.stderr, flush=True)
    outcomes = try_all(mutants, given)
    table = report(mutants, outcomes)
    rows = [
        {"mutant": mutant.name, "operator": mutant.operator, **asdict(outcome)}
        for mutant, outcome in zip(mutants, outcomes, strict=True)
    ]
    (KEPT / "results.json").write_text(json.dumps(rows, indent=1))
    print(table)
    print((KEPT / "survivors.txt").read_text(), file=sys.stderr)
    if given.all and not given.only:
        (ROOT / "bench" / "RESULTS-mutations.md").write_text(table, "utf-8")


if __name__ == "__main__":
    main()
