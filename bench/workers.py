"""python -m bench.workers [--quick] [--brokers redis,sqlite] [--to FILE]: maps per second with 1, 2 and 4 workers.

Real `celery` workers, one thread each, on the sample photos with EfficientNet-Lite0 and the paper's three methods, from the moment at
which the batches are sent to the end of the last one; beside the same work in one process without Celery. Servers and
folders are the bench's own: PostgreSQL with Redis, as in production, and SQLite with its broker in a file, as on a laptop.
"""

import argparse
import contextlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.load_site import ROOT, free_port, postgres
from bench.timing import machine

COUNTS = (1, 2, 4)
SETS, REPEATS = 2, 3  # sets of the 49 sample photos; runs that count
BROKERS = {
    "redis": "PostgreSQL and Redis, as in production",
    "sqlite": "SQLite, the broker in a file of its own, as on a laptop",
}


@contextlib.contextmanager
def redis(folder: Path) -> Iterator[str]:
    """A Redis that keeps nothing; its address."""
    if not shutil.which("redis-server"):
        sys.exit("bench: Redis is not installed (apt install redis-server); or measure --brokers sqlite")
    port = free_port()
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    server = subprocess.Popen(["redis-server", *options], stdout=subprocess.DEVNULL)
    try:
        time.sleep(0.5)  # Celery waits for a broker that is slower than this
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        server.terminate()
        server.wait()


@contextlib.contextmanager
def engines(broker: str, folder: Path) -> Iterator[dict[str, str]]:
    """DATABASE_URL and CELERY_BROKER_URL of servers that are there for as long as the block runs."""
    if broker == "redis":
        with postgres(folder) as database, redis(folder) as address:
            yield {"DATABASE_URL": database, "CELERY_BROKER_URL": address}
    else:
        files = {"DATABASE_URL": "bench", "CELERY_BROKER_URL": "broker"}
        schemes = {"DATABASE_URL": "sqlite", "CELERY_BROKER_URL": "sqla+sqlite"}
        yield {key: f"{schemes[key]}:///{folder / name}.sqlite3" for key, name in files.items()}


def measure(broker: str, quick: bool) -> dict:
    with (
        tempfile.TemporaryDirectory(prefix="bench-workers-") as name,
        engines(broker, Path(name)) as addresses,
    ):
        environment = os.environ | {
            **addresses,
            "DATA_DIR": f"{name}/data",
            "SECRET_KEY": "bench-only-" + "0" * 50,
            "HTTPS": "false",
            "TORCH_DEVICE": "cpu",
            "OMP_NUM_THREADS": "1",
            "BATCH_SIZE": "16",
        }
        command = [sys.executable, "-m", "bench.workers_run", "--workers", *map(str, COUNTS)]
        command += ["--sets", str(1 if quick else SETS), "--repeats", str(1 if quick else REPEATS)]
        done = subprocess.run(
            command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False
        )
    if done.returncode:
        sys.exit(f"bench: {broker} failed; the lines above say why")
    return json.loads(done.stdout.splitlines()[-1])


def markdown(results: dict) -> str:
    ground, found = results["machine"], results["brokers"]
    cores, size = ground["cores"], next(iter(found.values()))
    lines = [
        "# Maps per second with 1, 2 and 4 workers",
        "",
        f"`python -m bench.workers`: {size['photos']} photos (the 49 samples, {size['photos'] // 49} times), {size['batches']} batches of up to 16, EfficientNet-Lite0, "
        "`grad-cam`, `ablation-cam` and `pixel-ablation-cam` with their pictures, each worker a real `celery` process of one thread; from the moment at which the batches "
        "are sent to the end of the last one. Median of the runs that are named, after one in which each worker loads the network. Every run made every map once, each batch at its first attempt.",
        f"{ground['cpu']}, {cores} cores, Python {ground['python']}; load {ground['load']} before it began.",
        "",
        f"**This machine has {cores} cores, so {cores} workers are the most that it can keep busy**: {max(COUNTS)} workers cannot be faster there, and show what too many cost. "
        "“Of the limit” is the share of what the one process without Celery does, times the cores that so many workers can use; database, broker and this bench's own look at the rows run on the same cores.",
    ]
    for broker, part in found.items():
        lines += ["", f"## {BROKERS[broker]}", "", *_table(part, cores)]
    return "\n".join([*lines, ""])


def _table(part: dict, cores: int) -> list[str]:
    limit = part["maps"] / statistics.median(part["limit"]["seconds"])
    lines = [
        "| | maps/s | of the limit | s in each run | s of the first run | MB of a worker at its peak | of its own |",
        "|---|---:|---:|---:|---:|---:|---:|",
        _line("one process without Celery", part["maps"], part["limit"], None),
    ]
    for row in part["rows"]:
        name = f"{row['workers']} worker{'s' if row['workers'] > 1 else ''}"
        lines.append(_line(name, part["maps"], row, limit * min(row["workers"], cores)))
    return lines


def _line(name: str, maps: int, row: dict, limit: float | None) -> str:
    rate = maps / statistics.median(row["seconds"])
    share = f"{100 * rate / limit:.0f} %" if limit else "–"
    runs = ", ".join(f"{seconds:.1f}" for seconds in row["seconds"])
    most = {kind: max(memory[kind] for memory in row["memory"]) for kind in ("peak", "own")}
    return f"| {name} | {rate:.1f} | {share} | {runs} | {row['first']:.1f} | {most['peak']:.0f} | {most['own']:.0f} |"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.workers", description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one set of photos, one run")
    parser.add_argument("--brokers", default="redis,sqlite")
    parser.add_argument("--to", type=Path, default=Path(__file__).with_name("RESULTS-workers.md"))
    options = parser.parse_args()
    asked = options.brokers.split(",")
    if unknown := [name for name in asked if name not in BROKERS]:
        parser.error(f"there is no broker {unknown[0]!r} here; choose from {', '.join(BROKERS)}")
    ground = machine()
    results = {"machine": ground, "brokers": {name: measure(name, options.quick) for name in asked}}
    options.to.with_suffix(".json").write_text(json.dumps(results, indent=1) + "\n", "utf-8")
    text = markdown(results)
    options.to.write_text(text, "utf-8")
    print(text)


if __name__ == "__main__":
    main()
