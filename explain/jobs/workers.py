"""Which workers are there: each keeps a row up to date, whatever the broker is and whether there is work or not."""

import logging
import os
import socket
import threading
from datetime import timedelta

from django.conf import settings
from django.db import DatabaseError, connection

from explain.core import clock
from explain.models import Worker

log = logging.getLogger(__name__)
FORGOTTEN = timedelta(days=1)  # a worker that was not heard of for so long is no longer shown


def workers_seen() -> list[Worker]:
    """The workers of the last day, those heard of last first; in one query."""
    return list(Worker.objects.filter(heartbeat_at__gt=clock.now() - FORGOTTEN))


class Presence:
    """Keeps this worker's row up to date from a thread of its own, however long a batch takes."""

    def __init__(self) -> None:
        self.name = f"{socket.gethostname()}:{os.getpid()}"
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._keep_saying, daemon=True, name="worker's heartbeat")

    def begin(self) -> None:
        self._thread.start()

    def end(self) -> None:
        """Delete this worker's row, so that nobody waits for it."""
        self._over.set()
        self._thread.join(timeout=settings.BATCH_STALE_SECONDS / 4)

    def _keep_saying(self) -> None:
        self._attempt(self._arrive)
        while not self._over.wait(settings.BATCH_STALE_SECONDS / 4):
            self._attempt(self._say)
        self._attempt(self._leave)

    def _attempt(self, step) -> None:
        """Do a step on a new connection. A database that cannot be reached for a moment is logged and stops no worker."""
        try:
            step()
        except DatabaseError as error:
            log.warning("the heartbeat of %s was not stored: %s", self.name, error)
        finally:
            connection.close()

    def _arrive(self) -> None:
        Worker.objects.filter(heartbeat_at__lt=clock.now() - FORGOTTEN).delete()
        Worker.objects.update_or_create(name=self.name, defaults={"started_at": clock.now()})
        self._say()

    def _say(self) -> None:
        now = clock.now()
        if not Worker.objects.filter(name=self.name).update(heartbeat_at=now):
            Worker.objects.create(name=self.name, heartbeat_at=now)

    def _leave(self) -> None:
        Worker.objects.filter(name=self.name).delete()
