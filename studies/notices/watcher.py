"""A worker's thread that looks around every minute, however long a batch of maps takes."""

import logging
import threading

from django.db import DatabaseError, connection

from . import outbox

log = logging.getLogger("blindsight.notices")
EVERY = 60.0  # seconds


class Watcher:
    """Looks around from a thread of its own until it is told to end."""

    def __init__(self, every: float = EVERY) -> None:
        self.every = every
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._keep_looking, daemon=True, name="notices")

    def begin(self) -> None:
        self._thread.start()

    def end(self) -> None:
        self._over.set()
        self._thread.join(timeout=self.every)

    def _keep_looking(self) -> None:
        while not self._over.is_set():
            try:
                outbox.look_around()
            except DatabaseError as error:
                log.warning("notices were not looked at: %s", error)
            except Exception:  # whatever one study brings about, the others are told
                log.exception("notices were not looked at")
            finally:
                connection.close()
            self._over.wait(self.every)
