"""A run is stopped, taken up again, and taken from the list. Maps that were made stay whatever becomes of their run."""

from django.db import transaction
from django.dispatch import Signal

from explain.core import clock
from explain.core.errors import BadInputError
from explain.models import Batch, Precompute

State = Batch.State
run_stopped = Signal()
"""Sent with `run` when a run is stopped, for those who wait for it. Within the transaction, if there is one."""
UNDER_WAY = (State.PENDING, State.RUNNING)


def stop_run(run: Precompute) -> int:
    """Let no worker take up or go on with what a run still lacks; returns how many batches that were.

    A worker that is at a batch ends it after the photo in hand (`batches.TakenAwayError`) and is free for others. What it
    had made of that batch is not stored. `retry_failed` takes the run up again.
    """
    under_way = run.batches.filter(state__in=UNDER_WAY)
    stopped = under_way.update(state=State.STOPPED, worker="", photos_done=0, finished_at=clock.now())
    if stopped:
        run_stopped.send(Precompute, run=run)
    return stopped


def remove_run(run: Precompute) -> None:
    """Take a run from the list. Raises BadInputError while it is under way."""
    with transaction.atomic():
        states = run.batches.select_for_update().values_list("state", flat=True)
        if set(states) & set(UNDER_WAY):
            raise BadInputError(f"{run} is under way; stop it first")
        run.delete()
