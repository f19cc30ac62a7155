"""One batch: claimed by one worker, computed, stored whole or not at all.

Rows are the truth: a worker that was given up for dead and comes back finds that the batch is no longer its own.
"""

import logging
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import DatabaseError
from django.db.models import F, QuerySet

from explain.cam import CamError
from explain.core import clock
from explain.core.background import every
from explain.core.errors import BadInputError, in_words
from explain.core.storable import storable
from explain.models import Batch, Image, Precompute
from explain.networks import load_network

from .compute import BatchComputation, needs_of
from .decoding import Decoder
from .turns import next_batch, waiting_of

if TYPE_CHECKING:
    from explain.cam.network import Network as LoadedNetwork

log = logging.getLogger(__name__)
MAX_ATTEMPTS = 3
BEAT_SECONDS = 1


def claim_batch(batch_id: int) -> Batch | None:
    """Take a pending batch, in one UPDATE: of two workers with the same message one gets it, the other None."""
    now = clock.now()
    taken = Batch.objects.filter(pk=batch_id, state=Batch.State.PENDING).update(
        state=Batch.State.RUNNING,
        worker=f"{socket.gethostname()}:{os.getpid()}",
        attempts=F("attempts") + 1,
        photos_done=0,
        started_at=now,
        heartbeat_at=now,
        finished_at=None,
    )
    return Batch.objects.select_related("precompute", "network").get(pk=batch_id) if taken else None


def ours(batch: Batch) -> QuerySet[Batch]:
    """The row, as long as it is still ours: the claim's number and moment are a fence. The number alone is none: who asks for
    another try after a failure or a stop begins to count anew."""
    return Batch.objects.filter(
        pk=batch.pk, state=Batch.State.RUNNING, attempts=batch.attempts, started_at=batch.started_at
    )


class TakenAwayError(Exception):
    """A batch is no longer ours while we compute it: its run was stopped, or another worker has it."""


class _Progress:
    """Keeps how many photos of a batch are done, at most once in BEAT_SECONDS. Raises TakenAwayError where it is not ours."""

    def __init__(self, batch: Batch) -> None:
        self.batch, self.last = batch, time.monotonic()

    def __call__(self, done: int) -> None:
        if time.monotonic() - self.last > BEAT_SECONDS:
            self.last = time.monotonic()
            if not ours(self.batch).update(photos_done=done, heartbeat_at=clock.now()):
                raise TakenAwayError


@contextmanager
def heartbeat(batch: Batch) -> Iterator[None]:
    """Keep the batch's heartbeat up to date while the block runs, in a thread of its own: a step may take minutes."""

    def beat() -> None:
        with suppress(DatabaseError):  # a busy database: the next beat will do
            ours(batch).update(heartbeat_at=clock.now())

    with every(settings.BATCH_STALE_SECONDS / 4, beat, f"heartbeat of {batch}"):
        yield


def run_batch(batch_id: int, decoder: Decoder | None = None) -> Batch | None:
    """Claim and compute one batch. None if another worker has it; a failure is kept in the row, not raised.

    A batch that fails is pending again until it has failed MAX_ATTEMPTS times.
    """
    if decoder is None:
        with Decoder() as decoder:
            return run_batch(batch_id, decoder)
    batch = claim_batch(batch_id)
    if batch is None:
        return None
    computation = BatchComputation(batch=batch, ours=ours(batch), decoder=decoder)
    try:
        with heartbeat(batch):
            computation.compute(_Progress(batch))
            if not computation.store():
                log.warning("%s was given to another worker; what this one made is dropped", batch)
    except TakenAwayError:
        log.info("%s was stopped or given to another worker; what this one made is dropped", batch)
    except (CamError, BadInputError) as error:  # their line says it all
        log.warning("%s failed: %s", batch, error)
        _fail(batch, str(error))
    except Exception as error:
        log.exception("%s failed", batch)
        _fail(batch, in_words(error))
    except BaseException:  # Ctrl-C, or a worker told to stop: not the batch's fault
        ours(batch).update(state=Batch.State.PENDING, attempts=F("attempts") - 1)
        raise
    finally:
        computation.remove_unused_files()
    batch.refresh_from_db()
    return batch


def run_next() -> Batch | None:
    """Compute the batch whose turn it is; None where none waits. Whoever finds it taken does the next."""
    while (batch_id := next_batch()) is not None:
        if (batch := run_batch(batch_id)) is not None:
            return batch
    return None


def run_pending(run: Precompute, report: Callable[[], object]) -> None:
    """Compute a run's pending batches in this process, one after the other; `report()` after each.

    Photos of the next batch are decoded while one is computed or written. It is not claimed for that: whoever is stopped
    leaves nothing behind, and a worker that takes it meanwhile has it.
    """
    with Decoder(lambda: _read_next(run)) as decoder:
        while (batch := _next(run)) is not None:
            run_batch(batch.pk, decoder)
            report()


def _next(run: Precompute) -> Batch | None:
    return waiting_of(run.pk).select_related("precompute", "network").first()


def _read_next(run: Precompute) -> "tuple[LoadedNetwork, list[Image]] | None":
    """The photos to decode next, and the network that reads them."""
    batch = _next(run)
    return None if batch is None else (load_network(batch.network), needs_of(batch)[0])


def _fail(batch: Batch, message: str) -> None:
    final = batch.attempts >= MAX_ATTEMPTS
    ours(batch).update(
        state=Batch.State.FAILED if final else Batch.State.PENDING,
        error=storable(message[:2000]),
        finished_at=clock.now() if final else None,
    )
