"""How many join by one invitation from one address within an hour, counted in the database: one limit over all hosts.

Without it one machine could join until it held every trial of a study. A class room or a lecture hall has one address: the
limit is for a house (JOINS_PER_HOUR), not for a person. Of an address no more is kept than a keyed hash, for an hour.
"""

from django.conf import settings
from django.db import connection
from django.utils.crypto import salted_hmac

from explain.core import clock
from studies.models import Invitation, JoinCount

HOUR = 3600
_JOINS = f'"{JoinCount._meta.db_table}"'
_COUNT = f"""
INSERT INTO {_JOINS} ("key", hour, joins) VALUES (%s, %s, 1)
ON CONFLICT ("key") DO UPDATE SET joins = {_JOINS}.joins + 1 RETURNING joins
"""  # noqa: S608 (a name of ours)


def lets_in(invitation: Invitation, address: str) -> bool:
    """Count somebody who is about to join, and say whether they may. In the transaction of the join.

    Simulated people all come from one machine, and are not counted; nor is anybody where the limit is 0.
    """
    if not settings.JOINS_PER_HOUR or not address or invitation.simulated:
        return True
    hour = int(clock.now().timestamp()) // HOUR
    key = salted_hmac(__name__, f"{invitation.pk} {hour} {address}", algorithm="sha256").hexdigest()
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [key, hour])
        (joins,) = cursor.fetchone()
    if joins == 1:
        _forget_before(hour)
    return joins <= settings.JOINS_PER_HOUR


def _forget_before(hour: int) -> None:
    """Rows that another host is deleting at this moment are left to it."""
    earlier = JoinCount.objects.filter(hour__lt=hour).select_for_update(skip_locked=True)
    JoinCount.objects.filter(pk__in=list(earlier.values_list("pk", flat=True))).delete()
