"""One engine of workers.py, measured in a process whose environment names its database, broker and folders. JSON on stdout."""

import argparse
import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent
NETWORK = {"name": "efficientnet-lite0", "load": "package:efficientnet_lite0"}
METHODS = ["grad-cam", "ablation-cam", "pixel-ablation-cam"]
PATIENCE = 120.0  # seconds
POLL = 0.05


def prepare(sets: int) -> None:
    """The sample photos in some sets, so that there are batches enough; a run for each, planned and not begun."""
    from django.core.management import call_command

    from explain.maps.runs import plan_run
    from explain.networks.registry import add_network
    from explain.photos.importer import import_images

    call_command("migrate", verbosity=0)
    network, _ = add_network(**NETWORK)
    photos = ROOT / "samples/photos/manifest.csv"
    for number in range(sets):
        image_set = import_images(path=photos, set_name=f"samples-{number}").image_set
        plan_run(image_set=image_set, networks=[network], methods=METHODS)


def begin_again() -> list[int]:
    """Nothing made, every batch pending: the ids of all."""
    from django.core.files.storage import default_storage

    from explain.models import Batch, ExplanationMap, Prediction

    for name in ExplanationMap.objects.exclude(array_file="").values_list("array_file", flat=True):
        default_storage.delete(name)
    ExplanationMap.objects.all().delete()
    Prediction.objects.all().delete()
    Batch.objects.update(state=Batch.State.PENDING, attempts=0, worker="", started_at=None, finished_at=None)
    return list(Batch.objects.order_by("pk").values_list("pk", flat=True))


def seconds_until_done(start: Callable[[list[int]], object]) -> float:
    """From the moment at which batches are sent to the end of the last one; every map must be there once."""
    from explain.models import Batch, ExplanationMap, Image

    ids = begin_again()
    began = time.perf_counter()
    start(ids)
    wait_until(lambda: not Batch.objects.filter(state__in=["pending", "running"]).exists())
    seconds = time.perf_counter() - began
    wanted, made = Image.objects.count() * len(METHODS), ExplanationMap.objects.count()
    once = Batch.objects.filter(state="done", attempts=1).count()
    if (made, once) != (wanted, len(ids)):
        sys.exit(f"bench: {made} of {wanted} maps, {once} of {len(ids)} batches done at the first attempt")
    return seconds


def wait_until(fact: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not fact():
        if time.monotonic() > end:
            sys.exit(f"bench: the workers did not finish:\n{log().read_text()[-2000:]}")
        time.sleep(POLL)


def log() -> Path:
    return Path(os.environ["DATA_DIR"]) / "workers.log"


@contextlib.contextmanager
def workers(count: int) -> Iterator[list[psutil.Process]]:
    """So many, started as in deploy/systemd, from the moment that all have said that they are there."""
    from explain.models import Worker

    command = [sys.executable, "-m", "celery", "-A", "config", "worker", "-Q", "gpu", "--pool=solo"]
    with log().open("ab") as file:
        started = [
            subprocess.Popen([*command, "-n", f"gpu{number}@%h"], cwd=ROOT, stdout=file, stderr=file)
            for number in range(count)
        ]
    try:
        wait_until(lambda: Worker.objects.count() == count)
        yield [psutil.Process(process.pid) for process in started]
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait(60)


def memory_mb(process: psutil.Process) -> dict[str, float]:
    """At its peak, and now without what it shares with others."""
    peak = next(
        line.split()[1]
        for line in Path(f"/proc/{process.pid}/status").read_text().splitlines()
        if line.startswith("VmHWM")
    )
    return {"peak": int(peak) / 1024, "own": process.memory_full_info().uss / 2**20}


def by_workers(count: int, repeats: int) -> dict:
    """A run that loads the network in each worker, then those that count."""
    from explain.tasks import send

    with workers(count) as processes:
        first = seconds_until_done(send)
        seconds = [seconds_until_done(send) for _ in range(repeats)]
        memory = [memory_mb(process) for process in processes]
    return {"workers": count, "first": first, "seconds": seconds, "memory": memory}


def in_one_process(repeats: int) -> dict:
    """The same work without Celery, after one run that loads the network."""
    from explain.maps.batches import run_batch

    def run_all(ids: list[int]) -> None:
        for batch_id in ids:
            run_batch(batch_id)

    first = seconds_until_done(run_all)
    seconds = [seconds_until_done(run_all) for _ in range(repeats)]
    return {"first": first, "seconds": seconds, "memory": [memory_mb(psutil.Process())]}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.workers_run", description=__doc__)
    parser.add_argument("--workers", type=int, nargs="+", required=True)
    parser.add_argument("--sets", type=int, required=True)
    parser.add_argument("--repeats", type=int, required=True)
    options = parser.parse_args()
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    import django

    django.setup()
    from explain.models import Batch, Image

    prepare(options.sets)
    limit = in_one_process(options.repeats)
    rows = [by_workers(count, options.repeats) for count in options.workers]
    photos, batches = Image.objects.count(), Batch.objects.count()
    print(
        json.dumps(
            {
                "photos": photos,
                "maps": photos * len(METHODS),
                "batches": batches,
                "limit": limit,
                "rows": rows,
            }
        )
    )


if __name__ == "__main__":
    main()
