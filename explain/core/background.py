"""Something small every few seconds, in a thread of its own, while a long step runs."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import connection


@contextmanager
def every(seconds: float, do: Callable[[], object], name: str) -> Iterator[None]:
    """Call `do()` again and again while the block runs, first after so many seconds; it is over when the block is."""
    over = threading.Event()

    def go_on() -> None:
        try:
            while not over.wait(seconds):
                do()
        finally:
            connection.close()  # each thread has one of its own

    thread = threading.Thread(target=go_on, daemon=True, name=name)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
