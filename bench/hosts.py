"""python -m bench.hosts [--only redis,rabbitmq] [--to FILE]: one machine as many, with the same results as the default.

The demo's photos, networks and studies three times, each in a temporary folder on servers of its own:
default (SQLite, broker in a file, pictures in a folder, one web host, one worker), then PostgreSQL, an S3 server, two
web hosts and two workers with Redis, then with RabbitMQ. People take part over all web hosts at once and some leave for
good; bench/race.py follows on the same database. Exits with 1 if a promise is broken or a result is not the default's.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from bench.hosts_report import LEASE, VARIANTS, markdown
from bench.load_site import ROOT, free_port, gunicorn, postgres
from tests.faults.brokers import rabbitmq, start_redis

TOLERANCE = 1e-5  # of a map's largest value
S3_KEYS = {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench"}


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


@contextmanager
def running(command: list[str], environment: dict[str, str], log: Path) -> Iterator[subprocess.Popen]:
    with log.open("ab") as file:
        started = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=file, stderr=file)
    try:
        yield started
    finally:
        started.terminate()
        try:
            started.wait(30)
        except subprocess.TimeoutExpired:
            started.kill()
            started.wait()


@contextmanager
def s3(folder: Path) -> Iterator[dict[str, str]]:
    """A real HTTP server with an empty bucket; the settings for it."""
    import boto3

    port = free_port()
    settings = {
        "S3_BUCKET": "pictures",
        "S3_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "S3_REGION": "us-east-1",
    }
    command = [sys.executable, "-m", "moto.server", "-p", str(port)]
    with running(command, dict(os.environ), folder / "s3.log"):
        end = time.monotonic() + 60
        while True:
            try:
                httpx.get(settings["S3_ENDPOINT_URL"])
                break
            except httpx.TransportError:
                if time.monotonic() > end:
                    sys.exit("bench: the S3 server did not start")
                time.sleep(0.1)
        keys = {name.lower(): value for name, value in S3_KEYS.items()}
        client = boto3.client("s3", endpoint_url=settings["S3_ENDPOINT_URL"], region_name="us-east-1", **keys)
        client.create_bucket(Bucket="pictures")
        yield settings | S3_KEYS


@contextmanager
def broker(variant: str, folder: Path) -> Iterator[dict[str, str]]:
    port = free_port()
    if variant == "Redis":
        server = start_redis(port)
        try:
            yield {"CELERY_BROKER_URL": f"redis://127.0.0.1:{port}/0"}
        finally:
            server.kill()
            server.wait()
    else:
        with rabbitmq(folder, port):
            yield {"CELERY_BROKER_URL": f"amqp://guest:guest@127.0.0.1:{port}//"}


@contextmanager
def engines(variant: str, folder: Path) -> Iterator[dict[str, str]]:
    """The servers of a variant; the environment of its site."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name not in ("DATABASE_URL", "CELERY_BROKER_URL") and not name.startswith(("S3_", "AWS_"))
    }
    with ExitStack() as stack:
        settings = {
            "DATA_DIR": str(folder / "data"),
            "SECRET_KEY": "bench-only-" + "0" * 50,
            "HTTPS": "false",
            "LEASE_SECONDS": str(LEASE),
            "CLAIM_BLOCK": "5",
            "JOINS_PER_HOUR": "0",  # all of them come from one machine
            "OMP_NUM_THREADS": "1",
            "BENCH_WORKERS": "1" if variant == "default" else "2",
        }
        if variant != "default":
            settings["DATABASE_URL"] = stack.enter_context(postgres(folder))
            settings |= stack.enter_context(s3(folder))
            settings |= stack.enter_context(broker(variant, folder))
        yield inherited | settings


def inside(environment: dict[str, str], *arguments: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "bench.hosts_inside", *arguments],
        env=environment,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"bench: {arguments[0]} failed; the lines above say why")
    return json.loads(done.stdout)


def measured(variant: str, folder: Path) -> dict[str, Any]:
    say(f"{variant} …")
    began = time.perf_counter()
    with ExitStack() as stack:
        environment = stack.enter_context(engines(variant, folder))
        count = int(environment["BENCH_WORKERS"])
        inside(environment, "migrate")
        worker = [sys.executable, "-m", "celery", "-A", "config", "worker", "-Q", "gpu", "--pool=solo"]
        for number in range(count):
            named = [*worker, "-n", f"worker{number}@%h"]
            stack.enter_context(running(named, environment, folder / f"worker{number}.log"))
        found = inside(environment, "prepare")
        servers = [
            stack.enter_context(gunicorn("config.wsgi", environment, folder / f"web{number}.log"))
            for number in range(count)
        ]
        found |= inside(environment, "people", *(f"http://127.0.0.1:{one.port}" for one in servers))
        inside(environment, "maps", str(folder / "maps.npz"))
        found |= {"web_hosts": count, "race": race(environment)}
    return found | {"seconds": round(time.perf_counter() - began)}


def race(environment: dict[str, str]) -> str:
    """bench/race.py at its usual size: what it says of its run."""
    command = [sys.executable, "-m", "bench.race", "--clients", "16"]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.splitlines()[0].partition(": ")[2] if done.stdout else done.stderr[-300:]


def differences(folder: Path, other: Path) -> float:
    """The largest difference of two sites' maps, as a share of the map's largest value; infinite if one is lacking."""
    first, second = np.load(folder / "maps.npz"), np.load(other / "maps.npz")
    if sorted(first.files) != sorted(second.files):
        return float("inf")
    worst = 0.0
    for name in first.files:
        most = float(np.abs(first[name]).max())
        worst = max(worst, float(np.abs(first[name] - second[name]).max()) / (most or 1.0))
    return worst


def broken(found: dict[str, Any], default: dict[str, Any]) -> list[str]:
    """The promises that a variant did not keep."""
    checks = {
        "every batch is done": found["batches_not_done"] == 0,
        "every worker made maps": len(found["batches_by_worker"]) == found["web_hosts"],
        "as many maps as in the default": found["maps"] == default["maps"],
        "maps equal to the default's": found["map_difference"] <= TOLERANCE,
        "rows and files agree": found["lost"] == found["orphans"] == 0,
        "the race keeps every promise": found["race"].endswith("every promise kept"),
    }
    for slug, study in found["studies"].items():
        asked = default["studies"][slug]
        checks |= {
            f"{slug}: exactly {study['required']} answers an item": study["answers_by_item"]
            == [study["required"]],
            f"{slug}: as many items": study["items"] == asked["items"],
            f"{slug}: nobody answered an item twice": study["most_by_one_person"] == 1,
            f"{slug}: arms in places as in the default": study["places"] == asked["places"],
            f"{slug}: pictures are those that are stored": study["pictures"] > 0
            and study["pictures_unlike"] == 0,
            f"{slug}: some left with trials in hand": study["left"] > 0,
            f"{slug}: the same scores": study["scores"] == asked["scores"],
        }
    return [promise for promise, kept in checks.items() if not kept]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.hosts", description=__doc__.splitlines()[0])
    parser.add_argument("--only", default=",".join(VARIANTS), help="variants, separated by commas")
    parser.add_argument(
        "--keep", type=Path, help="folder to keep maps and figures in, and to take others' from"
    )
    parser.add_argument(
        "--to", type=Path, default=Path(__file__).with_name("RESULTS-hosts.md"), metavar="FILE"
    )
    options = parser.parse_args()
    only = options.only.lower().split(",")
    if unknown := set(only) - {name.lower() for name in VARIANTS}:
        parser.error(f"there is no variant {unknown.pop()!r}; choose from {', '.join(VARIANTS)}")
    with tempfile.TemporaryDirectory(prefix="hosts-") as name:
        Path(name).chmod(0o755)  # the user postgres has to get through
        home = options.keep or Path(name)
        if not (home / "kept/default/figures.json").exists():
            only.append("default")  # what the others are compared with
        for variant in (each for each in VARIANTS if each.lower() in only):
            folder = Path(name) / variant
            folder.mkdir(mode=0o755)
            figures = measured(variant, folder)
            kept = home / "kept" / variant
            kept.mkdir(parents=True, exist_ok=True)
            shutil.move(folder / "maps.npz", kept / "maps.npz")
            (kept / "figures.json").write_text(json.dumps(figures))
        found = compared(home / "kept")
    text = markdown(found)
    options.to.write_text(text, "utf-8")
    print(text)
    sys.exit(any(one["broken"] for one in found.values()))


def compared(kept: Path) -> dict[str, dict[str, Any]]:
    """The figures of every variant that is there, each beside the default's."""
    there = [name for name in VARIANTS if (kept / name / "figures.json").exists()]
    found = {name: json.loads((kept / name / "figures.json").read_text()) for name in there}
    for name, one in found.items():
        one["map_difference"] = differences(kept / "default", kept / name)
        one["broken"] = broken(one, found["default"])
    return found


if __name__ == "__main__":
    main()
