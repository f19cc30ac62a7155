"""The same for many things at once: a thread for each processor, and never more in memory than are being worked on.

Threads, not processes: decoding, drawing and encoding pictures, and reading and writing files, leave Python's lock to others.
They start at once, share what is loaded, and none is left behind by a process that is killed.
"""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from .machine import processors

MOST_THREADS = 8
T = TypeVar("T")
R = TypeVar("R")


def in_threads(do: Callable[[T], R], things: Iterable[T]) -> Generator[tuple[T, R]]:
    """Each of `things` with `do(thing)`, in their order. `things` are taken in the caller's thread, a few ahead.

    `do` runs in other threads, so it asks no database. What it raises is raised here; then, and where the caller stops
    early and closes this, what has begun is finished first, and the rest is not begun.
    """
    threads = min(processors(), MOST_THREADS)
    begun: deque[tuple[T, Future[R]]] = deque()
    with ThreadPoolExecutor(threads, thread_name_prefix="parallel") as pool:
        try:
            for thing in things:
                begun.append((thing, pool.submit(do, thing)))
                if len(begun) > 2 * threads:
                    thing, future = begun.popleft()
                    yield thing, future.result()
            while begun:
                thing, future = begun.popleft()
                yield thing, future.result()
        finally:
            for _, future in begun:
                future.cancel()
