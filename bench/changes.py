"""Changed files, tried with tests in copies of the checkout: what bench/slips.py and bench/mutate.py share."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from queue import SimpleQueue
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
KILLED, SURVIVED, UNFIT, NO_TEST, NOT_TRIED = "killed", "survived", "unfit", "no test", "not tried"


@dataclass(frozen=True)
class Change:
    """One file as it could be, and the tests that may notice."""

    number: int
    file: str
    source: str
    tests: tuple[str, ...]  # by their whole name, or that of their file or function
    patience: float  # seconds, after which a change counts as noticed: it hangs


@dataclass(frozen=True)
class Outcome:
    """What became of a change: killed, survived, unfit, no test or not tried; and the test that noticed it first."""

    status: str
    by: str = ""
    seconds: float = 0.0


def database() -> str:
    """The kind of database that DATABASE_URL names."""
    scheme = urlsplit(os.environ.get("DATABASE_URL", "")).scheme
    return "postgresql" if scheme.startswith("postgres") else "sqlite"


@contextmanager
def checkouts(count: int) -> Iterator[list[Path]]:
    """Copies of the working tree, with its environment, in a folder that is removed afterwards."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="changes-") as folder:
        trees = [Path(folder) / str(number) for number in range(count)]
        for tree in trees:
            for name in listed.stdout.splitlines():
                if (ROOT / name).is_file():
                    (tree / name).parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy2(ROOT / name, tree / name)
            (tree / ".venv").symlink_to(Path(sys.prefix))
        yield trees


def environment(tree: Path) -> dict[str, str]:
    """Of tests in a checkout. It has no .env, and settings are read before tests/conftest.py can say what they are."""
    told = {
        "PYTHONDONTWRITEBYTECODE": "1",  # a change within the second of another would meet its bytecode
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "DATA_DIR": str(tree / "var"),
        "SECRET_KEY": "changes-only-" + "0" * 50,
        "HTTPS": "false",
    }
    if url := os.environ.get("DATABASE_URL"):  # each checkout has a test database of its own
        told["DATABASE_URL"] = f"{url}_{tree.name}"
    return os.environ | told


def by_themselves(changes: list[Change], trees: list[Path]) -> dict[int, Outcome]:
    """Try each change with a process of its own: for those that take effect while a module is imported."""
    free: SimpleQueue[Path] = SimpleQueue()
    for tree in trees:
        free.put(tree)

    def one(change: Change) -> tuple[int, Outcome]:
        tree = free.get()
        try:
            return change.number, _by_itself(change, tree)
        finally:
            free.put(tree)

    with ThreadPoolExecutor(len(trees)) as pool:
        return dict(pool.map(one, changes))


def _by_itself(change: Change, tree: Path) -> Outcome:
    path = tree / change.file
    original = path.read_bytes()
    path.write_text(change.source, "utf-8")
    try:
        status = run_tests(tree, change.tests, patience=change.patience)
    finally:
        path.write_bytes(original)
    # 0: all passed. 3 to 5: pytest itself failed, or there was no test.
    return Outcome({0: SURVIVED, 3: NO_TEST, 4: NO_TEST, 5: NO_TEST}.get(status, KILLED))


def run_tests(tree: Path, tests: Iterable[str], *options: str, patience: float) -> int:
    """pytest's exit status in a checkout; 124 where it takes too long."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "--no-header", *options, *tests]
    with (tree / "pytest.log").open("w") as log:
        process = subprocess.Popen(
            command,
            cwd=tree,
            env=environment(tree),
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            return process.wait(patience)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            process.wait()
            return 124


def in_forks(changes: list[Change], trees: list[Path], *, minutes: float = 1e6) -> dict[int, Outcome]:
    """Try changes in children of one process for each checkout (changes_in_forks.py), until the minutes are over."""
    runs = [_start(tree, changes[place :: len(trees)], minutes) for place, tree in enumerate(trees)]
    outcomes = {change.number: Outcome(NOT_TRIED) for change in changes}
    for run, tree in zip(runs, trees, strict=True):
        run.wait()
        done = tree / "changes.done"
        if not done.exists():
            raise SystemExit((tree / "pytest.log").read_text()[-4000:])
        for row in map(json.loads, done.read_text().splitlines()):
            if (number := row.pop("number", None)) is not None:
                outcomes[number] = Outcome(**row)
            elif failing := row["no say"]:
                print(f"These fail here with nothing changed, and had no say: {failing}", file=sys.stderr)
        done.unlink()
    return outcomes


def _start(tree: Path, changes: list[Change], minutes: float) -> subprocess.Popen:
    jobs = tree / "changes.list"
    jobs.write_text("".join(json.dumps(asdict(change)) + "\n" for change in changes))
    files = sorted({test.partition("::")[0] for change in changes for test in change.tests})
    told = {"CHANGES": str(jobs), "CHANGES_SECONDS": str(minutes * 60)}
    command = [sys.executable, "-m", "pytest", "-p", "bench.changes_in_forks", "-q", "--no-header", *files]
    with (tree / "pytest.log").open("w") as log:
        return subprocess.Popen(
            command, cwd=tree, env=environment(tree) | told, stdout=log, stderr=subprocess.STDOUT
        )
