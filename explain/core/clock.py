"""The time by the database's clock: one for all hosts, however wrong the clock of one of them is.

PostgreSQL is asked once a minute, and the monotonic clock carries on in between, so a host whose clock is set
neither ends what others hold nor holds it too long. SQLite's clock is that of its machine.
"""

from datetime import UTC, datetime, timedelta
from time import monotonic

from django.conf import settings
from django.db import connection
from django.utils import timezone

ASK_AGAIN = 60.0  # seconds
_known: tuple[float, datetime] | None = None


def now() -> datetime:
    """The time that leases and heartbeats are stored in and compared with."""
    global _known
    if connection.vendor != "postgresql":
        return timezone.now()
    if _known is None or monotonic() - _known[0] > ASK_AGAIN:
        before = monotonic()
        database_now = database_time()
        _known = ((before + monotonic()) / 2, database_now)
    asked_at, time_then = _known
    return time_then + timedelta(seconds=monotonic() - asked_at)


def gone_before() -> datetime:
    """A worker that was last heard of before this moment is gone: its heartbeats come four times as often as that."""
    return now() - timedelta(seconds=settings.BATCH_STALE_SECONDS)


def database_time() -> datetime:
    """The time by the database's own clock, asked now. On PostgreSQL it is not counted among a page's queries."""
    connection.ensure_connection()
    with (
        connection.connection.cursor() if connection.vendor == "postgresql" else connection.cursor() as cursor
    ):
        if connection.vendor == "postgresql":
            cursor.execute("SELECT clock_timestamp()")
            return cursor.fetchone()[0].astimezone(UTC)
        cursor.execute("SELECT strftime('%Y-%m-%dT%H:%M:%f', 'now')")
        return datetime.fromisoformat(cursor.fetchone()[0]).replace(tzinfo=UTC)
