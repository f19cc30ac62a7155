"""Fair pairs: two things timed one after the other, again and again."""

import argparse
import importlib.metadata
import json
import os
import platform
import statistics
import time
from collections.abc import Callable

import torch


def pairs(plain: Callable[[], object], ours: Callable[[], object], repeats: int) -> dict:
    """Milliseconds of both, and the median ratio of ours to plain over `repeats` adjacent pairs."""
    plain(), ours()
    times = [(seconds(plain), seconds(ours)) for _ in range(repeats)]
    return {
        "plain_ms": round(1000 * min(a for a, _ in times), 2),
        "ours_ms": round(1000 * min(b for _, b in times), 2),
        "ratio": round(statistics.median(b / a for a, b in times), 3),
        "best": round(min(b for _, b in times) / min(a for a, _ in times), 3),
    }


def seconds(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--threads", type=int, default=2)
    found = parser.parse_args()
    torch.set_num_threads(found.threads)
    return found


def report(rows: list[dict], packages: tuple[str, ...] = ()) -> None:
    """The part's result as one line of JSON: rows, machine and versions."""
    versions = {
        name: importlib.metadata.version(name) for name in ("torch", "torchvision", "timm", *packages)
    }
    print(json.dumps({"rows": rows, "machine": machine(), "versions": versions}))


def machine() -> dict:
    with open("/proc/cpuinfo") as file:
        names = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    return {
        "cpu": names[0] if names else platform.processor(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 1),
    }
