"""How a time is taken, and what is told with it: medians of three, the machine, its threads and its load."""

import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any, TypeVar

REPEATS = 3
T = TypeVar("T")


def timed(run: Callable[[], T]) -> tuple[T, float]:
    """What the first of REPEATS runs gave, and the median of their times in milliseconds."""
    results, times = [], []
    for _ in range(REPEATS):
        start = time.perf_counter()
        results.append(run())
        times.append(1000 * (time.perf_counter() - start))
    return results[0], statistics.median(times)


def load_now() -> float:
    """The average over the last minute of what wants a processor, this process's own threads among it."""
    return os.getloadavg()[0]


def machine(load_before: float) -> dict[str, Any]:
    """What times were taken on: processor, how many of them, threads, and the greater load of before and now."""
    torch = sys.modules.get("torch")
    return {
        "cpu": _cpu(),
        "processors": processors(),
        "threads": torch.get_num_threads() if torch is not None else 1,
        "load": round(max(load_before, load_now()), 1),
    }


def processors() -> int:
    """How many processors this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on every system
        return os.cpu_count() or 1


def is_loaded(on: dict[str, Any]) -> bool:
    """Whether times of a `machine` are of no use: more wanted to run than it has processors."""
    return round(on["load"]) > on["processors"]


def in_words(on: dict[str, Any]) -> str:
    """A `machine` beside its times; where its load was high, that they are too long."""
    threads = f"{on['threads']} thread{'' if on['threads'] == 1 else 's'}"
    words = f"{on['cpu']}, {on['processors']} processors, {threads}, load average {on['load']:g}"
    if is_loaded(on):
        return f"{words}: the load was high, more than one for each processor, so these times are too long"
    return words


def _cpu() -> str:
    try:
        with open("/proc/cpuinfo") as file:
            names = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    except OSError:
        names = []
    return names[0] if names else platform.processor() or platform.machine()
