"""When others hold all trials that are left: how long somebody has to wait for one, and what is given back sooner for them.

While people wait, what is held by somebody who has not answered for IDLE_SECONDS is free at once, whatever its lease. Whoever
is answering keeps all that they hold; and an answer that comes late still counts where nobody else has given it (allocation.py).
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from math import ceil

from django.conf import settings
from django.db.models import Exists, Max, Min, OuterRef, QuerySet

from explain.core import clock
from studies.core.transactions import write_transaction
from studies.models import Event, Participant, Response, Study, Trial

from . import conditions
from .leases import lease
from .quota import expected_main


def minutes_to_wait(
    study: Study, met: Collection[int] = (), orders: Collection[str] | None = None
) -> int | None:
    """In how many minutes a trial is likely to be free for somebody who has `met` these items; 0: now. None: none will be.

    What has been left lying is given back first. `orders`: they are given trials in these alone.
    """
    held = study.trials.filter(kind=Trial.Kind.MAIN, state=Trial.State.CLAIMED).exclude(item__in=met)
    held = held if orders is None else held.filter(order__in=orders)
    held = held.filter(lease_until__gte=clock.now())
    holders = held.order_by().values_list("participant")
    by_holder = list(holders.annotate(Min("lease_until"), Max("participant__responses__created_at")))
    if not by_holder:  # read once: what is held now may be answered a moment later
        return None
    if _give_back_idle(held):
        return 0
    free_at = min(_free_at(until, last) for _, until, last in by_holder)
    return max(1, ceil((free_at - clock.now()).total_seconds() / 60))


def minutes_to_wait_for_more(participant: Participant) -> int | None:
    """The same for somebody who takes part and could be asked more than they were; None where they could not."""
    main = participant.trials.filter(kind=Trial.Kind.MAIN)
    if main.count() >= expected_main(participant.study):
        return None
    lapsed = participant.events.filter(kind=Event.Kind.LAPSED).values_list("data__item", flat=True)
    met = {*participant.trials.values_list("item", flat=True), *lapsed}
    return minutes_to_wait(participant.study, met, conditions.orders_of(participant))


def _idle() -> timedelta:
    return timedelta(seconds=settings.IDLE_SECONDS)


def _free_at(until: datetime, last: datetime | None) -> datetime:
    """When what one person holds is free for who waits: once they have been idle for long, or their lease is over."""
    given = until - timedelta(seconds=settings.LEASE_SECONDS)
    return min(until, max(given, last or given) + _idle())


def _give_back_idle(held: QuerySet[Trial]) -> int:
    """Let the leases run out that were given or renewed long ago and whose holder has not answered since; how many."""
    since = clock.now() - _idle()
    answers = Response.objects.filter(participant=OuterRef("participant"), created_at__gt=since)
    with write_transaction():
        idle = held.filter(~Exists(answers), lease_until__lt=lease() - _idle())
        locked = list(idle.select_for_update(of=("self",), skip_locked=True).values_list("pk", flat=True))
        over = clock.now() - timedelta(microseconds=1)
        return Trial.objects.filter(pk__in=locked, state=Trial.State.CLAIMED).update(lease_until=over)
