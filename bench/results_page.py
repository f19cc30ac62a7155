"""The results page of a study with 1,000 and 100,000 answers: queries, draws and milliseconds.

    python -m bench results-page       or, beside another checkout of the project: BENCH_BESIDE=DIR python -m bench results-page

Three arms, a hundred answers an item; once as it is, and once with what a protocol may add: a contrast, two planned looks and a rule
that leaves people out. In a temporary SQLite database. With another checkout both checkouts answer in turn, each time in a process of its
own, and the least of each is taken: what else the machine does meanwhile strikes both.
"""

import argparse
import cProfile
import json
import os
import pstats
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve()
CHILD = "BENCH_RESULTS_PAGE"
SIZES, QUICK_SIZES = "1000,100000", "1000"
REQUESTS = 3  # of each process, after one that warms it up
LARGE_DRAW = 1000  # numbers; whatever is drawn for an interval or a test is many more
PLAN = {
    "analysis": {"contrasts": [["pixel-ablation-cam", "grad-cam"]]},
    "looks": {"after": [0.5, 1.0]},
    "exclusions": {"median_ms": 3500},  # times are 1,500 to 5,500 ms: it leaves out about half
}
ANSWERS_PER_ITEM = 100
KINDS = {"plain": {}, "planned": PLAN}
IN_WORDS = {"plain": "no plan", "planned": "a contrast, two looks, a rule"}
CHECKS = ("choices_of", "ratings_of", "labels")  # what checks or orders a whole column
FIGURES = {
    "queries": "queries",
    "readings": "answers read",
    "draws": "large draws",
    "numbers": "numbers drawn",
    "checks": "columns checked",
    "ms": "ms",
    "busy_ms": "ms of the process",
}


def prepare(sizes: list[int]) -> None:
    """The studies, and somebody who may see them."""
    from django.contrib.auth import get_user_model
    from django.core.management import call_command

    from bench import answers

    call_command("migrate", verbosity=0)
    for size in sizes:
        answers.fill(size)
    get_user_model().objects.create_superuser("admin")


def counting(calls: list[int]):
    """A generator that notes how many numbers each of its draws has; the numbers are the same."""
    import numpy as np

    def noting(name: str):
        def draw(self, *args, **kwargs):
            drawn = getattr(np.random.Generator, name)(self, *args, **kwargs)
            calls.append(int(np.size(drawn)))
            return drawn

        return draw

    names = ("integers", "binomial", "multinomial", "permuted")
    return type("Counting", (np.random.Generator,), {name: noting(name) for name in names})


def measure(size: int, kind: str) -> dict[str, float]:
    """What one page takes: counted once, timed by itself."""
    import numpy as np
    from django.contrib.auth import get_user_model
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from studies.models import Study

    Study.objects.filter(slug=f"size-{size}").update(
        protocol=KINDS[kind], responses_per_item=ANSWERS_PER_ITEM
    )
    client = Client()
    client.force_login(get_user_model().objects.get(username="admin"))

    def page() -> None:
        assert client.get(f"/studies/size-{size}/results/").status_code == 200

    page()
    times, busy = [], []
    for _ in range(REQUESTS):
        began, worked = time.perf_counter(), time.process_time()
        page()
        times.append(1000 * (time.perf_counter() - began))
        busy.append(1000 * (time.process_time() - worked))
    with CaptureQueriesContext(connection) as queries:
        page()
    statements = [query["sql"] for query in queries.captured_queries]
    calls: list[int] = []
    plain, generator = np.random.default_rng, counting(calls)
    np.random.default_rng = lambda seed=None: generator(np.random.PCG64(seed))
    profile = cProfile.Profile()
    try:
        profile.runcall(page)
    finally:
        np.random.default_rng = plain
    large = [count for count in calls if count >= LARGE_DRAW]
    called = pstats.Stats(profile).stats.items()  # type: ignore[attr-defined]
    return {
        "queries": len(statements),
        "readings": sum('"studies_response"."choice"' in sql for sql in statements),
        "draws": len(large),
        "numbers": sum(large),
        "checks": sum(row[1] for (file, _, name), row in called if "analysis" in file and name in CHECKS),
        "ms": min(times),
        "busy_ms": min(busy),
    }


def as_child(arguments: list[str]) -> None:
    sys.path[0] = os.getcwd()  # the checkout that is measured, which need not be this one
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from django.conf import settings

    settings.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.ALLOWED_HOSTS = ["testserver"]
    what, *rest = arguments
    if what == "prepare":
        prepare([int(size) for size in rest])
    else:
        print(json.dumps(measure(int(rest[0]), rest[1])))


def child(tree: Path, folder: str, *arguments: str) -> str:
    environment = os.environ | {
        "DATABASE_URL": f"sqlite:///{folder}/bench.sqlite3",
        "DATA_DIR": folder,
        "SECRET_KEY": "bench-only-" + "0" * 50,
        "HTTPS": "false",
        "OMP_NUM_THREADS": "1",
        CHILD: json.dumps(arguments),
    }
    command = [sys.executable, str(HERE)]
    done = subprocess.run(command, cwd=tree, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout


def compare(trees: dict[str, Path], sizes: list[int], runs: int) -> list[dict]:
    """For every size and kind of study and each checkout its figures, of times the least."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        print("filling …", file=sys.stderr, flush=True)
        child(HERE.parent.parent, folder, "prepare", *map(str, sizes))
        for size in sizes:
            for kind in KINDS:
                print(f"{size:,}, {IN_WORDS[kind]} …", file=sys.stderr, flush=True)
                found: dict[str, list[dict]] = {name: [] for name in trees}
                for _ in range(runs):
                    for name, tree in trees.items():
                        found[name].append(json.loads(child(tree, folder, "measure", str(size), kind)))
                for name, figures in found.items():
                    least = {key: min(run[key] for run in figures) for key in FIGURES}
                    rows.append({"size": size, "kind": kind, "checkout": name} | least)
    return rows


def markdown(results: dict) -> str:
    """The figures as Markdown."""
    part = results["results-page"]
    lines = [
        "# The results page",
        "",
        f"Written by `python -m bench results-page`. {part['machine']}, load {part['load']:.1f} at the end. Least of {part['runs']} "
        f"processes with {REQUESTS} requests each. Large draws have {LARGE_DRAW:,} numbers or more; “before” is another checkout, "
        "which BENCH_BESIDE names, measured in turn with this one.",
        "",
        "| answers | protocol | checkout | " + " | ".join(FIGURES.values()) + " |",
        "|---:|---|---|" + "---:|" * len(FIGURES),
    ]
    for row in part["rows"]:
        figures = " | ".join(f"{row[key]:,.0f}" for key in FIGURES)
        lines.append(f"| {row['size']:,} | {IN_WORDS[row['kind']]} | {row['checkout']} | {figures} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    import platform

    parser = argparse.ArgumentParser(prog="python -m bench.results_page", description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", help=f"default: {SIZES}; with --quick {QUICK_SIZES}")
    parser.add_argument(
        "--beside",
        type=Path,
        metavar="DIR",
        default=os.environ.get("BENCH_BESIDE"),
        help="another checkout, measured in turn; default: BENCH_BESIDE, if it is set",
    )
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="the small study alone, one run")
    parser.add_argument("--threads", type=int, help="for the other parts; here always 1")
    options = parser.parse_args()
    sizes = [int(size) for size in (options.sizes or (QUICK_SIZES if options.quick else SIZES)).split(",")]
    runs = 1 if options.quick else options.runs
    trees = {"before": Path(options.beside).resolve()} if options.beside else {}
    trees["after" if trees else "this"] = HERE.parent.parent
    rows = compare(trees, sizes, runs)
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    print(json.dumps({"machine": machine, "load": os.getloadavg()[0], "runs": runs, "rows": rows}))


if __name__ == "__main__":
    as_child(json.loads(os.environ[CHILD])) if CHILD in os.environ else main()
