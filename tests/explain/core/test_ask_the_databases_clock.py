"""One clock for all hosts: the database's, asked now and then, and carried on in between whatever the host's clock does."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from explain.core import clock

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


@pytest.fixture
def host(monkeypatch):
    """A host whose seconds run only when the test says so; how often it asked the database is counted."""
    at = SimpleNamespace(seconds=1000.0, asked=0, database=NOON, slow=0.0)

    def ask():
        at.asked += 1
        at.seconds += at.slow
        return at.database

    monkeypatch.setattr(clock, "_known", None)
    monkeypatch.setattr(clock, "connection", SimpleNamespace(vendor="postgresql"))
    monkeypatch.setattr(clock, "database_time", ask)
    monkeypatch.setattr(clock, "monotonic", lambda: at.seconds)
    return at


def test_the_database_is_asked_once_a_minute_and_time_goes_on_in_between(host):
    assert clock.now() == NOON
    host.seconds += 59
    assert clock.now() == NOON + timedelta(seconds=59)
    host.seconds += 1
    assert (clock.now(), host.asked) == (NOON + timedelta(seconds=60), 1)
    host.seconds += 1
    host.database = NOON + timedelta(seconds=90)  # this host's seconds are slow
    assert (clock.now(), host.asked) == (host.database, 2)
    host.seconds += 2
    assert clock.now() == host.database + timedelta(seconds=2)


def test_an_answer_that_takes_long_is_of_the_middle_of_the_time_it_took(host):
    host.slow = 4
    assert clock.now() == NOON + timedelta(seconds=2)


@pytest.mark.django_db
def test_the_databases_time_is_in_utc_and_runs():
    first, second = clock.database_time(), clock.database_time()
    assert first.utcoffset() == timedelta(0)
    assert timedelta(0) <= second - first < timedelta(minutes=1)
