"""From a draft to a study that is ready: what its protocol lacks is made by workers, in the steps that it needs.

Rows are the truth here too: a message that is lost is sent again by whoever looks (`is_waiting_for_nobody`), and
the same message twice does no harm.
"""

from dataclasses import dataclass
from typing import Any

from django.db import transaction

from explain import jobs, map_sources, maps
from explain.core.errors import BadInputError
from explain.models import Image, Job, Network, Precompute
from explain.tasks import queue_length, send
from studies import lifecycle
from studies.lifecycle import MissingMapsError, make_ready
from studies.models import Event, Study
from studies.protocol import (
    Code,
    Fault,
    NotSeenYetError,
    Protocol,
    ProtocolError,
    check_protocol,
    choose_photos,
    chosen_images,
    find_networks,
    find_set,
    target_of,
)

from .drafts import PACKAGED, all_faults

GAVE_UP = Event.Kind.MAPS_GIVEN_UP


def start(*, study: Study, user=None) -> bool:
    """Make a draft ready, or set it on its way: True if it is ready already, because every map is there.

    Raises ProtocolError, and changes nothing, where the protocol has a fault.
    """
    faults = all_faults(study.protocol)
    if faults:
        raise ProtocolError(*faults)
    if study.state != Study.State.DRAFT:
        state = {"study": study.slug, "state": study.get_state_display()}
        raise ProtocolError(Fault((), Code.MADE_ALREADY, state))
    try:
        make_ready(study=study, protocol=check_protocol(study.protocol))
    except (MissingMapsError, NotSeenYetError) as error:
        if isinstance(error, MissingMapsError) and not error.workers_can_help:
            raise
        with transaction.atomic():
            study.state, study.precompute = Study.State.PRECOMPUTING, None
            study.save(update_fields=["state", "precompute"])
            Event.objects.create(study=study, user=user, kind=Event.Kind.MAPS_ASKED_FOR)
        return False
    _is_ready(study, user)
    return True


def _is_ready(study: Study, user: Any) -> None:
    """Record that the study is ready, and have the arms compared: opening asks how alike they look."""
    Event.objects.create(study=study, user=user, kind=Event.Kind.READY)
    if user is not None:
        lifecycle.ask_to_compare(study=study, user=user)


def advance(study: Study) -> bool:
    """Go on with a study whose maps are in the making; True if there is more to come after the run that it waits for.

    Computes nothing itself, but imports torch: for workers only.
    """
    if study.state != Study.State.PRECOMPUTING:
        return False
    run = study.precompute
    if run is not None:
        state = maps.run_progress(run)
        if not state.finished:
            return True
        if state.batches["failed"]:
            return False  # whoever looks sees what failed, and can try it again
    try:
        protocol = check_protocol(study.protocol)
        following = _next_run(study, protocol)
    except BadInputError as error:
        _give_up(study, str(error))
        return False
    if following is None:
        event = study.events.filter(kind=Event.Kind.MAPS_ASKED_FOR).select_related("user").last()
        _is_ready(study, event.user if event else None)
        return False
    if following == run and maps.run_progress(following).finished:
        _give_up(study, "its run is finished, and maps are still missing")
        return False
    with transaction.atomic():
        waits = Study.objects.filter(pk=study.pk, state=Study.State.PRECOMPUTING)
        if not waits.update(precompute=following):  # somebody stopped it while this looked at what is missing
            lifecycle.stop_unless_wanted(following)
            return False
    send(maps.pending_batches(following))
    return True


def _next_run(study: Study, protocol: Protocol) -> Precompute | None:
    """The run that makes what is missing first; None once the study is ready."""
    image_set, networks = find_set(protocol), list(find_networks(protocol).values())
    try:
        images = chosen_images(choose_photos(protocol))
    except NotSeenYetError:
        return maps.plan_run(image_set=image_set, networks=networks, methods=[])
    try:
        make_ready(study=study, protocol=protocol)
    except (MissingMapsError, NotSeenYetError) as error:
        if isinstance(error, MissingMapsError) and not error.workers_can_help:
            raise
        methods = map_sources.methods_for([arm.keys for arm in protocol.arms])
        return maps.plan_run(
            image_set=image_set,
            networks=networks,
            methods=methods,
            images=images,
            target=target_of(protocol),
        )
    return None


def _give_up(study: Study, why: str) -> None:
    with transaction.atomic():
        waiting = Study.objects.filter(pk=study.pk, state=Study.State.PRECOMPUTING)
        if waiting.update(state=Study.State.DRAFT, precompute=None):
            Event.objects.create(study=study, kind=Event.Kind.MAPS_GIVEN_UP, data={"why": why})


def give_up_with_run(*, run: Precompute, **_: Any) -> None:
    """A run was stopped: no study waits for it any longer. Each can ask for its maps again, and goes on from there."""
    for study in Study.objects.filter(state=Study.State.PRECOMPUTING, precompute=run):
        _give_up(study, f"somebody stopped {run}; what it had made is kept")


@dataclass(frozen=True)
class Standing:
    """How far a study is on its way to being ready."""

    state: str  # of the study
    photos_done: int = 0  # of the run that it waits for; a photo counts once for each network
    photos: int = 0
    no_worker: bool = False  # batches wait, and no worker takes them up
    failures: tuple[str, ...] = ()  # why batches failed: they wait to be tried again
    why: str = ""  # of a draft: why it was given up last time


def how_far(study: Study) -> Standing:
    """Where a study stands; for those who wait for it."""
    if study.state == Study.State.DRAFT:
        last = study.events.last()
        gave_up = last is not None and last.kind == GAVE_UP
        return Standing(study.state, why=last.data.get("why", "") if last and gave_up else "")
    run = study.precompute if study.state == Study.State.PRECOMPUTING else None
    if run is None:
        return Standing(study.state)
    run_state = maps.run_progress(run)
    failures = [batch.error for batch in run_state.failures if batch.state == batch.State.FAILED]
    return Standing(
        study.state, run_state.photos_done, run_state.photos, run_state.idle, tuple(dict.fromkeys(failures))
    )


def is_waiting_for_nobody(study: Study) -> bool:
    """Whether a study's maps are in the making, but nothing runs and no message is on its way."""
    if study.state != Study.State.PRECOMPUTING:
        return False
    run = study.precompute
    if run is not None:
        state = maps.run_progress(run)
        if not state.finished or state.batches["failed"]:
            return False
    return not queue_length()


def ask_for_samples(*, user: Any, back: str) -> Job | None:
    """A job that brings the sample photos and the packaged networks here; None where all of them are.

    back: the address that its page leads to when it is done.
    """
    there = Network.objects.filter(name__in=PACKAGED).count() == len(PACKAGED)
    if there and Image.objects.filter(image_set__name=jobs.SAMPLES).exists():
        return None
    arguments = {"samples": True, "set": jobs.SAMPLES, "networks": PACKAGED}
    return jobs.ask(kind=Job.Kind.PHOTOS, arguments=arguments, user=user, back=back)
