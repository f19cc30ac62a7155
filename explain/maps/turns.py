"""Whose turn it is: several runs share the workers batch by batch, so that nobody's ten photos wait behind another's ten thousand.

A message says that a batch waits; which one is done is decided here, when a worker is free.
"""

from dataclasses import dataclass

from django.db.models import F, Max, QuerySet

from explain.models import Batch, Job, Precompute

State = Batch.State
LATELY = 8  # finished batches of a run that their length is taken from


def next_batch() -> int | None:
    """The id of the batch that a free worker should do; None where none waits.

    The run that was served longest ago comes first, within it the batch with the fewest tries, then the oldest.
    """
    order = runs_in_turn()
    if not order:
        return None
    waiting = Batch.objects.filter(precompute_id=order[0], state=State.PENDING)
    return waiting.order_by("attempts", "pk").values_list("pk", flat=True).first()


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
    job = Job.objects.filter(state=Job.State.RUNNING).first()
    order = runs_in_turn()
    before = order[: order.index(run.pk)] if run.pk in order else []
    lengths = [_seconds_of_a_batch(pk) for pk in [*others, *before]]
    known = [seconds for seconds in lengths if seconds is not None]
    workers = max(1, len(others))
    return Turn(
        busy_with=tuple(others),
        job=job.get_kind_display() if job else "",
        before=len(before),
        seconds=sum(known) / workers if known and len(known) == len(lengths) and not job else None,
    )


def _seconds_of_a_batch(run: int) -> float | None:
    """How long a batch of a run takes, by those that were finished last."""
    ended = _finished(run).order_by("-finished_at").values_list("started_at", "finished_at")[:LATELY]
    spans = [(end - start).total_seconds() for start, end in ended if start and end]
    return sum(spans) / len(spans) if spans else None


def _finished(run: int) -> QuerySet[Batch]:
    return Batch.objects.filter(precompute_id=run, state=State.DONE, started_at__isnull=False)
