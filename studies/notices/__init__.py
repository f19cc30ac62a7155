"""Somebody is told when a study is full, stalls, or a volunteer writes: by e-mail or a signed webhook, by a worker, never while somebody answers."""

from .outbox import look_around
from .tasks import look_out
from .watcher import Watcher

__all__ = ["Watcher", "look_around", "look_out"]
