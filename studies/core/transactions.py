"""Transactions that write, one after the other where the database would make them wait for each other anyway."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

_turn = threading.RLock()


@contextmanager
def write_transaction() -> Iterator[None]:
    """A transaction that writes.

    SQLite has one write lock and gives it to whoever happens to ask at the right moment: among many threads some
    wait until their time is up ("database is locked"). Threads of one process therefore take turns before they ask,
    which is fair, and quicker too. Inside a transaction the lock is held already, so there is no turn to wait for.
    """
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        with transaction.atomic():
            yield
    else:
        with _turn, transaction.atomic():
            yield


@contextmanager
def in_one_statement() -> Iterator[None]:
    """For a single statement, which is a transaction by itself. Inside another it can fail without ending that one."""
    if connection.in_atomic_block:
        with transaction.atomic():
            yield
    else:
        yield
