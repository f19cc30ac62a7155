"""python -m bench.slips [--only WORD …] [--processes N]: put each slip of tests/slips/ in, and see a test fail.

A slip is a change to the product that would cost somebody an answer, their privacy, the blindness or a right number: a
filter left out, two arguments swapped, a lock or a setting gone. Each is put into a copy of the checkout, one at a time,
and the tests that it names are run there. They must pass without it and fail with it. Slips of one database alone need
its DATABASE_URL. The table goes to bench/RESULTS-slips.md when all were tried; the exit status is 1 where one survived.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
SLIPS = ROOT / "tests" / "slips"
PATIENCE = 300  # seconds for the tests of one slip
KILLED, SURVIVED, STALE, NOT_RUN = "killed", "SURVIVED", "STALE", "not run"


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

    def put_into(self, tree: Path) -> bool:
        """Make the change in a checkout; False where the text is not there exactly once."""
        path = tree / self.file
        text = path.read_text("utf-8") if path.is_file() else ""
        if text.count(self.was) != 1 or self.was == self.becomes:
            return False
        path.write_text(text.replace(self.was, self.becomes), "utf-8")
        return True


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


@contextmanager
def checkouts(count: int) -> Iterator[list[Path]]:
    """Copies of the working tree, with its environment, in a folder that is removed afterwards."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="slips-") as folder:
        trees = [Path(folder) / str(number) for number in range(count)]
        for tree in trees:
            for name in listed.stdout.splitlines():
                if (ROOT / name).is_file():
                    (tree / name).parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy2(ROOT / name, tree / name)
            (tree / ".venv").symlink_to(Path(sys.prefix))
        yield trees


def run_tests(tree: Path, tests: Iterable[str], *options: str) -> int:
    """pytest's exit status in a checkout; 124 where it takes too long."""
    environment = {
        **os.environ,
        "PYTHONDONTWRITEBYTECODE": "1",  # a slip within the second of another would meet its bytecode
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "DATA_DIR": str(tree / "var"),
        "SECRET_KEY": "slips-only-" + "0" * 50,
        # The copy has no .env, and settings are read before tests/conftest.py: each page would be sent to TLS,
        # and each test of a page would fail, with a slip or without.
        "HTTPS": "false",
    }
    if url := environment.get("DATABASE_URL"):  # each checkout has a test database of its own
        environment["DATABASE_URL"] = f"{url}_{tree.name}"
    command = [sys.executable, "-m", "pytest", "-x", "-q", "--no-header", *options, *tests]
    with (tree / "pytest.log").open("w") as log:
        process = subprocess.Popen(
            command, cwd=tree, env=environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            return process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            process.wait()
            return 124


def try_out(slip: Slip, tree: Path) -> str:
    """What became of a slip in a checkout that is as it was afterwards."""
    path = tree / slip.file
    if slip.database and slip.database != database():
        return NOT_RUN
    if not slip.put_into(tree):
        return STALE
    try:
        status = run_tests(tree, slip.tests)
    finally:
        shutil.copy2(ROOT / slip.file, path)
    # 0: all passed. 2 to 5 say nothing of the product, but for an import that fails under the slip (2).
    return {0: SURVIVED, 3: STALE, 4: STALE, 5: STALE}.get(status, KILLED)


def database() -> str:
    return (
        "postgresql"
        if urlsplit(os.environ.get("DATABASE_URL", "")).scheme.startswith("postgres")
        else "sqlite"
    )


def try_all(slips: list[Slip], processes: int) -> list[tuple[Slip, str]]:
    with checkouts(processes) as trees:
        tests = sorted({test for slip in slips for test in slip.tests})
        print(f"{len(slips)} slips; first their tests as they are.", file=sys.stderr, flush=True)
        for start in range(0, len(tests), 40):
            if status := run_tests(trees[0], tests[start : start + 40], "-n", str(processes)):
                print((trees[0] / "pytest.log").read_text()[-4000:], file=sys.stderr)
                raise SystemExit(f"The tests fail or are not there without any slip (status {status}).")
        free: SimpleQueue[Path] = SimpleQueue()
        for tree in trees:
            free.put(tree)

        def one(slip: Slip) -> tuple[Slip, str]:
            tree = free.get()
            try:
                became = try_out(slip, tree)
            finally:
                free.put(tree)
            print(f"{became:9} {slip.file}: {slip.costs}", file=sys.stderr, flush=True)
            return slip, became

        with ThreadPoolExecutor(processes) as pool:
            return list(pool.map(one, slips))


def markdown(results: list[tuple[Slip, str]]) -> str:
    counts = Counter((slip.area, became) for slip, became in results)
    lines = [
        "# Slips that a test must notice",
        "",
        f"Each of {len(results)} changes in `tests/slips/` was put in by itself, and the tests that it names were run: "
        "`python -m bench.slips` makes this table.",
        "",
        "| area | slips | killed | survived | not run |",
        "|---|---|---|---|---|",
    ]
    for area in sorted({slip.area for slip, _ in results}):
        killed, not_run = counts[area, KILLED], counts[area, NOT_RUN]
        every = sum(count for (one, _), count in counts.items() if one == area)
        lines.append(f"| {area} | {every} | {killed} | {every - killed - not_run} | {not_run} |")
    lines.append("")
    for slip, became in results:
        if became != KILLED:
            lines.append(f"- {became}: {slip.file}: {slip.costs}")
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
    results = try_all(slips, given.processes)
    table = markdown(results)
    print(table)
    if not given.only:
        (ROOT / "bench" / "RESULTS-slips.md").write_text(table, "utf-8")
    raise SystemExit(any(became not in (KILLED, NOT_RUN) for _, became in results))


if __name__ == "__main__":
    main()
