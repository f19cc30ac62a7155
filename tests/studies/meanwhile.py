"""Two things at one moment, in an order that a test says: the second begins when the first has done its work, but has
not ended its transaction yet.

PostgreSQL alone lets both go on; on SQLite whoever writes has the only write lock, and there is nothing in between.
"""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import Any, NamedTuple

import pytest
from django.conf import settings
from django.db import connection, connections, transaction

on_postgres = pytest.mark.skipif(
    not settings.DATABASES["default"]["ENGINE"].endswith("postgresql"),
    reason="on SQLite whoever writes has the only write lock",
)
PATIENCE = 120  # seconds after which what hangs is an error; a step takes milliseconds


class Both(NamedTuple):
    first: Any
    second: Any
    waited: bool  # the second for the first


def meanwhile(
    first: Callable[[], Any],
    second: Callable[[], Any],
    is_waiting: Callable[[], bool] = lambda: False,
) -> Both:
    """Do `first`; before it is committed begin `second` beside it, which goes on until it is done or has to wait.

    `is_waiting` says so of a wait that the database does not know of.
    """
    backend: SimpleQueue[int] = SimpleQueue()

    def beside():
        try:
            backend.put(_ask("SELECT pg_backend_pid()"))
            return second()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            done = first()
            future = pool.submit(beside)
            pid, until = backend.get(timeout=PATIENCE), time.monotonic() + PATIENCE
            while not (future.done() or is_waiting() or _ask(_IS_BLOCKED, pid)):
                assert time.monotonic() < until, "The second neither ends nor waits."
                time.sleep(0.005)
            waited = not future.done()
        return Both(done, future.result(PATIENCE), waited)


_IS_BLOCKED = "SELECT cardinality(pg_blocking_pids(%s)) > 0"


def _ask(sql: str, *parameters: Any) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchone()[0]
