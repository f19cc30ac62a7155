"""Which test runs which line, and how long each takes: one run of the tests with coverage, kept under var/mutations/."""

import hashlib
import json
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from bench.changes import ROOT, database

KEPT = ROOT / "var" / "mutations"
MEASURED = ("explain", "studies", "config")


@dataclass
class Lines:
    """What the tests were seen to run."""

    tests: dict[tuple[str, int], set[str]]  # (file, line) -> the tests that run it
    seconds: dict[str, float]  # test -> how long it takes, with what it sets up

    def tests_of(self, file: str, lines: Iterable[int]) -> list[str]:
        """The tests that run any of the lines, the quickest first."""
        found = set().union(*(self.tests.get((file, line), set()) for line in lines))
        return sorted(found & self.seconds.keys(), key=lambda test: (self.seconds[test], test))


def recorded(workers: int, tests: list[str]) -> Lines:
    """The lines that `tests` (or all) run, recorded first where that has not been done: it takes a run of them."""
    state = KEPT / f"lines-{_state(tests)}.json"
    if not state.exists():
        KEPT.mkdir(parents=True, exist_ok=True)
        _record(workers, tests, state)
    kept = json.loads(state.read_text())
    found: dict[tuple[str, int], set[str]] = defaultdict(set)
    names = kept["tests"]
    for file, lines in kept["lines"].items():
        for line, numbers in lines.items():
            found[file, int(line)] = {names[number] for number in numbers}
    return Lines(found, kept["seconds"])


def _state(tests: list[str]) -> str:
    """A hash of all that decides which test runs which line."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *MEASURED, "tests", "templates"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    digest = hashlib.sha256(f"{database()} {tests}".encode())
    for name in sorted(listed.stdout.splitlines()):
        if (ROOT / name).is_file():
            digest.update(name.encode() + b"\0" + (ROOT / name).read_bytes())
    return digest.hexdigest()[:16]


def _record(workers: int, tests: list[str], to: Path) -> None:
    print("First the tests are run once, to see which runs which line.", file=sys.stderr, flush=True)
    data = KEPT / "coverage"
    for old in KEPT.glob("coverage*"):
        old.unlink()
    environment = {
        **os.environ,
        "COVERAGE_FILE": str(data),
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
    measured = [f"--cov={package}" for package in MEASURED]
    process = subprocess.run(
        [sys.executable, "-m", "pytest", "-n", str(workers), "--dist", "worksteal", "-p", "bench.mutation_seconds",
         *measured, "--cov-context=test", "--cov-report=", "--no-header", *tests],
        cwd=ROOT, env=environment, check=False, stdout=sys.stderr,
    )  # fmt: skip
    if process.returncode not in (0, 1):
        raise SystemExit(f"The tests could not be run (status {process.returncode}).")
    seconds = {
        test: time for test, time in json.loads((KEPT / "seconds.json").read_text()).items() if time >= 0
    }
    to.write_text(json.dumps({"seconds": seconds, **_by_line(data)}))


def _by_line(data: Path) -> dict:
    from coverage import CoverageData

    read = CoverageData(str(data))
    read.read()
    names: dict[str, int] = {}
    lines: dict[str, dict[int, list[int]]] = {}
    for path in read.measured_files():
        by_line = {}
        for line, contexts in read.contexts_by_lineno(path).items():
            # "tests/test_x.py::test_y|run": what a test runs while it is set up counts too.
            found = {context.rpartition("|")[0] for context in contexts if "|" in context}
            by_line[line] = [names.setdefault(name, len(names)) for name in sorted(found)]
        lines[str(Path(path).relative_to(ROOT))] = by_line
    return {"tests": list(names), "lines": lines}
