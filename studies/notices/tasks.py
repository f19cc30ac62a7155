"""Celery: every worker has a watcher; among several each notice is still sent once (outbox.py)."""

from typing import Any

from celery.signals import worker_ready, worker_shutdown

from .watcher import Watcher

_watchers: list[Watcher] = []


@worker_ready.connect
def look_out(**_: Any) -> None:
    _watchers.append(Watcher())
    _watchers[-1].begin()


@worker_shutdown.connect
def look_no_more(**_: Any) -> None:
    while _watchers:
        _watchers.pop().end()
