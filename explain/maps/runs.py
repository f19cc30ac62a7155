"""Runs that make maps: what to compute, how far it is, and what to do when a worker died.

The batch rows are the truth. Nothing here computes: batches.py does, in a worker or inline.
"""

import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet, Sum

from explain.cam import CamError
from explain.cam.names import canonical
from explain.core import clock
from explain.core.errors import BadInputError
from explain.models import Batch, Image, ImageSet, Network, Precompute
from explain.photos import label_targets

from .batches import MAX_ATTEMPTS
from .classes import several_in
from .missing import missing_maps
from .turns import Turn, turn_of

RECENT = 8  # finished batches that the speed is taken from
SHOWN_FAILURES = 50
IDLE_SECONDS = 10
State = Batch.State


def plan_run(
    *,
    image_set: ImageSet,
    networks: Sequence[Network],
    methods: Sequence[str],
    target: str = Precompute.Target.LABEL,
    user: User | None = None,
    images: Sequence[Image] | None = None,
) -> Precompute:
    """The run that makes these maps, with batches for all that is missing and not waiting already.

    `images` are the photos of the set that are asked for; all of them if it is not given.

    The same run again is the same row: it goes on where it stopped, failed batches included, and takes in photos
    that came since. Without methods it makes predictions only. Raises BadInputError.
    """
    methods = _checked(networks, methods)
    if images is None:
        images = list(Image.objects.filter(image_set=image_set).order_by("pk"))
    if not images:
        raise BadInputError(f"the set {image_set} has no photos; bring some in with manage.py import_images")
    if several_in(target) or (methods and target == Precompute.Target.LABEL):
        _check_labels(images, networks)
    with transaction.atomic():
        run = _same_run(image_set, networks, methods, target)
        if run is None:
            run = Precompute.objects.create(
                image_set=image_set, methods=list(methods), target=target, created_by=user
            )
            run.networks.set(networks)
        retry_failed(run.batches.all())
        for network in networks:
            _add_batches(run, network, images)
    return run


def _checked(networks: Sequence[Network], methods: Sequence[str]) -> list[str]:
    try:
        words = canonical(methods)
    except CamError as error:
        raise BadInputError(str(error)) from error
    if not networks:
        raise BadInputError("no network is named; add one with manage.py add_network")
    return words


def _check_labels(images: Sequence[Image], networks: Sequence[Network]) -> None:
    for network in networks:
        targets = label_targets(images, network)
        strange = [image for image in images if targets[image.pk] is None]
        if strange:
            raise BadInputError(
                f"network {network} has no class for {len(strange)} of {len(images)} photos "
                f"({strange[0].original_name} is called “{strange[0].class_name}”); name the classes as the "
                "network does, or explain its top class (--target top)"
            )


def _same_run(
    image_set: ImageSet, networks: Sequence[Network], methods: Sequence[str], target: str
) -> Precompute | None:
    wanted = ({network.pk for network in networks}, set(methods))
    for run in Precompute.objects.filter(image_set=image_set, target=target).prefetch_related("networks"):
        if ({network.pk for network in run.networks.all()}, set(run.methods)) == wanted:
            return run
    return None


def _add_batches(run: Precompute, network: Network, images: Sequence[Image]) -> None:
    lacks = missing_maps(images=images, network=network, methods=run.methods, target=run.target)
    waiting = set(
        run.batches.filter(network=network, state__in=[State.PENDING, State.RUNNING]).values_list(
            "images", flat=True
        )
    )
    todo = [pk for pk in lacks if pk not in waiting]
    links = []
    for start in range(0, len(todo), settings.BATCH_SIZE):
        batch = Batch.objects.create(precompute=run, network=network)
        links += [
            Batch.images.through(batch_id=batch.pk, image_id=pk)
            for pk in todo[start : start + settings.BATCH_SIZE]
        ]
    Batch.images.through.objects.bulk_create(links, batch_size=1000)


def pending_batches(run: Precompute) -> list[int]:
    """The ids of the batches that wait for a worker, in order."""
    return list(run.batches.filter(state=State.PENDING).order_by("pk").values_list("pk", flat=True))


def requeue_stale() -> list[int]:
    """Make batches pending again whose worker is gone; return their ids, to be sent to workers.

    Gone is who has been silent for BATCH_STALE_SECONDS, or whose process on this machine has ended. A batch whose
    workers died MAX_ATTEMPTS times has failed: it may be what kills them.
    """
    gone = [batch.pk for batch in Batch.objects.stale()]
    gone += [batch.pk for batch in Batch.objects.filter(state=State.RUNNING) if _has_ended(batch.worker)]
    stale = Batch.objects.filter(pk__in=gone, state=State.RUNNING)
    stale.filter(attempts__gte=MAX_ATTEMPTS).update(
        state=State.FAILED,
        finished_at=clock.now(),
        error=f"its worker died {MAX_ATTEMPTS} times (out of memory? a smaller BATCH_SIZE needs less)",
    )
    return _back_to_pending(stale)


def _has_ended(worker: str) -> bool:
    """Whether a worker, `host:process id`, ran on this machine and no longer does."""
    host, _, process = worker.rpartition(":")
    if host != socket.gethostname() or not process.isdecimal():
        return False
    try:
        os.kill(int(process), 0)  # signal 0 only asks
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


def retry_failed(batches: QuerySet[Batch]) -> list[int]:
    """Make those of `batches` that failed or were stopped pending again with a clean slate; return their ids, to be sent to workers."""
    return _back_to_pending(batches.filter(state__in=[State.FAILED, State.STOPPED]), attempts=0, error="")


def _back_to_pending(batches: QuerySet[Batch], **fields: Any) -> list[int]:
    """The ids of those made pending, by one UPDATE each that names the old state: no other change is overwritten."""
    ids = list(batches.values_list("pk", flat=True))
    return [
        pk
        for pk in ids
        if batches.filter(pk=pk).update(state=State.PENDING, worker="", photos_done=0, **fields)
    ]


@dataclass(frozen=True)
class RunProgress:
    """How far a run is. A photo counts once for each network; speed is that of the last finished batches."""

    batches: dict[str, int]
    photos: int  # of stopped batches too
    photos_done: int
    photos_per_second: float | None
    seconds_left: float | None
    failures: list[Batch]
    idle: bool  # batches wait, and for IDLE_SECONDS no worker has run or finished one of any run, nor does a job
    turn: Turn | None = None  # what a run waits for that has batches waiting and none running

    @property
    def finished(self) -> bool:
        """Nothing waits and nothing runs. Some batches may have failed, or were stopped."""
        return not self.batches[State.PENDING] and not self.batches[State.RUNNING]

    @property
    def stopped(self) -> bool:
        """Somebody stopped it before it was done; it can go on from there."""
        return self.finished and bool(self.batches[State.STOPPED])

    @property
    def percent(self) -> int:
        return 100 * self.photos_done // self.photos if self.photos else 100


def run_progress(run: Precompute) -> RunProgress:
    """How far `run` is, in five queries whose answers are short however many batches there are; some more while it waits."""
    by_state: dict[str, Any] = {
        row["state"]: row
        for row in run.batches.order_by()
        .values("state")
        .annotate(batches=Count("pk", distinct=True), photos=Count("images"), last=Max("finished_at"))
    }

    def of(state: str, what: str) -> int:
        return by_state[state][what] if state in by_state else 0

    counts = {state: of(state, "batches") for state in State.values}
    speed = _speed(run) if counts[State.DONE] else None
    lately = clock.now() - timedelta(seconds=IDLE_SECONDS)
    busy = counts[State.RUNNING] or any(row["last"] and row["last"] > lately for row in by_state.values())
    turn = turn_of(run) if counts[State.PENDING] and not counts[State.RUNNING] else None
    begun = run.batches.filter(state=State.RUNNING).aggregate(photos=Sum("photos_done"))["photos"] or 0
    waiting = of(State.PENDING, "photos") + of(State.RUNNING, "photos")
    return RunProgress(
        batches=counts,
        photos=sum(row["photos"] for row in by_state.values()),
        photos_done=of(State.DONE, "photos") + begun,
        photos_per_second=speed,
        seconds_left=waiting / speed if speed else None,
        failures=list(run.batches.exclude(error="").select_related("network")[:SHOWN_FAILURES]),
        idle=bool(counts[State.PENDING]) and not busy and not (turn and turn.elsewhere),
        turn=turn,
    )


def _speed(run: Precompute) -> float | None:
    """Photos per second over the last finished batches, however many workers made them. One without photos says nothing."""
    photos = Batch.images.through.objects
    done = run.batches.filter(Exists(photos.filter(batch=OuterRef("pk"))), state=State.DONE)
    recent: list[Any] = list(done.only("started_at", "finished_at").order_by("-finished_at")[:RECENT])
    if not recent:
        return None
    seconds = (recent[0].finished_at - min(batch.started_at for batch in recent)).total_seconds()
    return photos.filter(batch__in=recent).count() / seconds if seconds > 0 else None


def runs_with_counts() -> QuerySet[Precompute]:
    """Runs for a list, newest first: each with `batch_count`, `done`, `failed` and its networks, in two queries."""
    return (
        Precompute.objects.select_related("image_set")
        .prefetch_related("networks")
        .annotate(
            batch_count=Count("batches"),
            done=Count("batches", filter=Q(batches__state=State.DONE)),
            failed=Count("batches", filter=Q(batches__state=State.FAILED)),
            stopped=Count("batches", filter=Q(batches__state=State.STOPPED)),
        )
        .order_by("-pk")
    )
