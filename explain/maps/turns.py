"""Whose turn it is: several runs share the workers batch by batch, so that nobody's ten photos wait behind another's ten thousand.

A message says that a batch waits; which one is done is decided here, when a worker is free.
"""

from dataclasses import dataclass

from django.db.models import Avg, DurationField, F, Max, QuerySet

from explain.core import clock
from explain.models import Batch, Job, Precompute

State = Batch.State


def next_batch() -> int | None:
    """The id of the batch that a free worker should do; None where none waits.

    The run that was served longest ago comes first.
    """
    order = runs_in_turn()
    if not order:
        return None
    return waiting_of(order[0]).values_list("pk", flat=True).first()


def waiting_of(run: int) -> QuerySet[Batch]:
    """The batches of a run that wait, in the order in which they are done: those that failed come last, so that the others are made."""
    return Batch.objects.filter(precompute_id=run, state=State.PENDING).order_by("attempts", "pk")


def runs_in_turn() -> list[int]:
    """The ids of the runs that have a batch waiting, in the order in which workers will take one of each."""
    waiting = (
        Batch.objects.filter(state=State.PENDING).order_by().values_list("precompute", flat=True).distinct()
    )
    runs = list(waiting)
    if len(runs) < 2:  # the common case is asked of an index
        return runs
    served = (
        Batch.objects.filter(precompute__in=runs)
        .order_by()
        .values("precompute")
        .annotate(last=Max("started_at"))
    )
    in_turn = served.order_by(F("last").asc(nulls_first=True), "precompute")
    return list(in_turn.values_list("precompute", flat=True))


@dataclass(frozen=True)
class Turn:
    """What the workers do while a run waits. `seconds` until one takes it up is an estimate; None where nothing tells."""

    busy_with: tuple[int, ...]  # runs
    job: str  # what else a worker does, in words
    before: int  # other runs that are served first
    seconds: float | None

    @property
    def elsewhere(self) -> bool:
        """Whether any worker is busy, with something else."""
        return bool(self.busy_with or self.job)


def turn_of(run: Precompute) -> Turn:
    """What a run waits for that has batches waiting and none running."""
    running = Batch.objects.filter(state=State.RUNNING).exclude(pk__in=Batch.objects.stale().values("pk"))
    others = list(dict.fromkeys(running.exclude(precompute=run).values_list("precompute", flat=True)))
    job = Job.objects.filter(state=Job.State.RUNNING, heartbeat_at__gte=clock.gone_before()).first()
    order = runs_in_turn()
    before = order[: order.index(run.pk)] if run.pk in order else []
    lengths = _seconds_of_batches({*others, *before})
    known = {*others, *before} == {*lengths} and not job
    workers = max(1, len(others))
    return Turn(
        busy_with=tuple(others),
        job=job.get_kind_display() if job else "",
        before=len(before),
        seconds=sum(lengths[pk] for pk in [*others, *before]) / workers if known and lengths else None,
    )


def _seconds_of_batches(runs: set[int]) -> dict[int, float]:
    """How long a batch of each run takes, by those that are done; without runs of which none is. One query."""
    done = Batch.objects.filter(precompute__in=runs, state=State.DONE, started_at__isnull=False)
    took = Avg(F("finished_at") - F("started_at"), output_field=DurationField())
    rows = done.order_by().values_list("precompute").annotate(took=took)
    return {run: length.total_seconds() for run, length in rows}
