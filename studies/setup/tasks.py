"""Celery: another way into preparation.py."""

from contextlib import suppress
from typing import Any

from celery import shared_task
from celery.signals import worker_ready

from explain.core.errors import BadInputError
from explain.tasks import take_up, tell
from studies.models import Study

from . import preparation

LOOK_AGAIN_SECONDS = 2


@shared_task(name="studies.prepare")
def prepare(study_id: int) -> None:
    """Go on with a study whose maps are in the making, and look again later if there is more to come."""
    study = Study.objects.select_related("precompute").filter(pk=study_id).first()
    if study is not None and preparation.advance(study):
        prepare.apply_async([study_id], countdown=LOOK_AGAIN_SECONDS)


def send_prepare(study: Study) -> None:
    tell(prepare, study.pk)


def start_to_prepare(*, study: Study, user: Any) -> bool:
    """Make a draft ready, or ask workers for what it lacks: True if it is ready at once. Errors as preparation.start has them."""
    is_ready = preparation.start(study=study, user=user)
    if not is_ready:
        send_prepare(study)
    return is_ready


def try_again(study: Study) -> None:
    """Have workers try the failed batches of the run that a study waits for again."""
    if study.precompute is not None:
        take_up(study.precompute)
    send_prepare(study)


def look(study: Study) -> preparation.Standing:
    """Where a study stands; a message that was lost is sent again, as whoever looks does."""
    with suppress(BadInputError):  # the broker is away: what is said tells that no worker is busy
        if preparation.is_waiting_for_nobody(study):
            send_prepare(study)
    return preparation.how_far(study)


@worker_ready.connect
def take_up_what_was_left(**_: Any) -> None:
    """A worker that starts goes on with studies whose message was lost."""
    for study in Study.objects.filter(state=Study.State.PRECOMPUTING):
        send_prepare(study)
