"""How long what somebody holds is theirs. A lease is renewed by work, an answer that settles a trial, and by nothing else.

Opening a page again keeps nothing from others. Whoever thinks for longer than a lease holds their trials until somebody
needs them, and what they answer late is taken where it is still free (allocation.py).
"""

from datetime import datetime, timedelta

from django.conf import settings

from explain.core import clock
from studies.core.transactions import write_transaction
from studies.models import Participant, Trial


def lease() -> datetime:
    """Until when a trial is somebody's that is given to them now."""
    return clock.now() + timedelta(seconds=settings.LEASE_SECONDS)


def ageing_before() -> datetime:
    """A lease until before this is a quarter over, and worth renewing: before that rows would be written for little."""
    return lease() - timedelta(seconds=settings.LEASE_SECONDS / 4)


def renew_leases(*, participant: Participant) -> int:
    """Keep what a participant holds while they are at it; the number of trials.

    What somebody else has locked is passed over: it is being given away or taken back, and is not waited for.
    """
    held = Trial.objects.filter(participant=participant, state=Trial.State.CLAIMED)
    with write_transaction():
        mine = list(held.select_for_update(of=("self",), skip_locked=True).values_list("pk", flat=True))
        return Trial.objects.filter(pk__in=mine).update(lease_until=lease())
