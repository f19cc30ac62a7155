"""What has to be told, and the telling of it. Rows are the truth, so nothing is told twice by two workers or lost with one.

Nothing here is asked while somebody answers: workers look around every minute.
"""

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db.models import CharField, Max, QuerySet
from django.db.models.functions import Cast
from django.utils import timezone

from explain.core import clock
from explain.core.errors import BadInputError
from explain.core.storable import storable
from studies.core.transactions import write_transaction
from studies.models import Event, Notice, NoticeSettings, Response, Study, Trial

from .senders import send

log = logging.getLogger("blindsight.notices")
MOST_ATTEMPTS = 12
LONGEST_WAIT = timedelta(hours=6)
AT_ONCE = 50
STARTS = (Event.Kind.OPENED, Event.Kind.RESUMED, Event.Kind.GROWN)


def look_around() -> int:
    """Note what has happened since the last look, and send what is due; how many were sent."""
    for settings in NoticeSettings.objects.select_related("study"):
        note(settings)
    sent = 0
    for notice in take_due():
        sent += _attempt(notice)
    return sent


def note(settings: NoticeSettings) -> list[Notice]:
    """Put down what a study's people are to be told now, once for each of the ways on which they are told."""
    channels = [
        *([Notice.Channel.WEBHOOK] if settings.webhook else []),
        *([Notice.Channel.EMAIL] if settings.addresses else []),
    ]
    notices = [
        Notice(study=settings.study, kind=kind, channel=channel, about=about, due_at=clock.now())
        for kind, about in _happened(settings)
        for channel in channels
    ]
    made = Notice.objects.bulk_create(notices, ignore_conflicts=True)
    _forget_what_was_erased(settings.study)
    return made


def _forget_what_was_erased(study: Study) -> None:
    """Of a message that went with its writer no notice is left either, should it have been noted at that moment."""
    written = study.events.filter(kind=Event.Kind.WROTE).annotate(name=Cast("pk", CharField()))
    told = study.notices.filter(kind=Notice.Kind.MESSAGE)
    told.exclude(about__in=written.values("name")).delete()


def _happened(settings: NoticeSettings) -> Iterator[tuple[Notice.Kind, str]]:
    """What is so now, with what tells it from another time that it was so."""
    study = settings.study
    if settings.on_message:
        written = study.events.filter(kind=Event.Kind.WROTE, at__gt=settings.changed_at)
        yield from ((Notice.Kind.MESSAGE, str(pk)) for pk in written.values_list("pk", flat=True))
    if study.state != Study.State.OPEN:
        return
    main = study.trials.filter(kind=Trial.Kind.MAIN)
    left = main.filter(state__in=(Trial.State.OPEN, Trial.State.CLAIMED)).exists()
    if not left and settings.on_full and main.exists():
        # Full again after answers were taken out, or after the study grew, is another time.
        void = main.filter(state=Trial.State.VOID).count()
        yield Notice.Kind.FULL, f"version {study.version}, {void} taken out"
    if left and settings.on_stall:
        since = _last_sign(settings)
        if since < clock.now() - timedelta(minutes=settings.stall_minutes):
            yield Notice.Kind.STALLED, since.isoformat()


def _last_sign(settings: NoticeSettings) -> datetime:
    """When something came last that keeps a study from being called stalled: an answer, its opening, or that this was set up."""
    study = settings.study
    answered = Response.objects.filter(trial__study=study).aggregate(last=Max("created_at"))["last"]
    started = study.events.filter(kind__in=STARTS).aggregate(last=Max("at"))["last"]
    return max(moment for moment in (answered, started, settings.changed_at) if moment)


def take_due() -> list[Notice]:
    """Notices that are due, taken for this worker: the next attempt is due later, should this one never end."""
    now = clock.now()
    with write_transaction():
        due: QuerySet[Notice] = Notice.objects.filter(due_at__lte=now).order_by("id")
        taken = list(due.select_for_update(skip_locked=True, of=("self",))[:AT_ONCE])
        for notice in taken:
            notice.attempts += 1
            wait = min(timedelta(minutes=2**notice.attempts), LONGEST_WAIT)
            notice.due_at = now + wait if notice.attempts < MOST_ATTEMPTS else None
            notice.save(update_fields=["attempts", "due_at"])
    return taken


def _attempt(notice: Notice) -> bool:
    try:
        send(notice)
    except Exception as error:  # a receiver that nobody thought of keeps no other from being told
        expected = isinstance(error, BadInputError | OSError | ValueError)
        notice.error = storable(str(error) or type(error).__name__)[:300]
        _keep(notice, error=notice.error)
        log.warning(
            "%s of %s was not sent: %s", notice, notice.study.slug, notice.error, exc_info=not expected
        )
        return False
    _keep(notice, sent_at=timezone.now(), due_at=None, error="")
    return True


def _keep(notice: Notice, **values: Any) -> None:
    """Note what became of a notice, unless it has gone meanwhile, with who wrote what it told of."""
    Notice.objects.filter(pk=notice.pk).update(**values)
