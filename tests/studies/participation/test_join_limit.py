"""How many join by one invitation from one address in an hour."""

from datetime import UTC, datetime

import pytest
from django.test import Client

from explain.core import clock
from studies.models import FurtherLink, Invitation, JoinCount, Participant

pytestmark = pytest.mark.django_db
HERE, THERE = "203.0.113.5", "198.51.100.7"
NOON = 1_800_000_000 - 1_800_000_000 % 3600 + 600


@pytest.fixture
def it_is(monkeypatch):
    """A function that sets the database's clock, as the limit reads it."""
    return lambda seconds: monkeypatch.setattr(clock, "now", lambda: datetime.fromtimestamp(seconds, UTC))


@pytest.fixture
def join(invite, settings):
    settings.JOINS_PER_HOUR = 3
    study, address = invite(items=30, responses_per_item=1)

    def join(address_of=HERE, who="", client=None, invitation=address):
        client = client or Client(REMOTE_ADDR=address_of)
        path = invitation + (f"?PROLIFIC_PID={who}" if who else "")
        client.get(path)
        return client.post(path, {"consent": "on"})

    join.study = study
    return join


def test_a_house_is_let_in_until_its_hour_is_full_and_then_told_when_to_come_back(join, it_is):
    it_is(NOON)
    assert [join().status_code for _ in range(4)] == [302, 302, 302, 429]
    assert "Please come back in an hour" in join().content.decode()
    assert join(THERE).status_code == 302
    it_is(NOON + 3600)
    assert join().status_code == 302
    assert Participant.objects.count() == 5


def test_each_invitation_counts_for_itself(join, invite):
    _, token = Invitation.issue(join.study)
    for _ in range(4):
        join()
    assert join(invitation=f"/join/{token}/").status_code == 302


def test_a_person_who_has_one_address_of_many_is_one_house(join):
    replies = [join(f"2001:db8:7:1::{number}").status_code for number in range(1, 5)]
    assert replies == [302, 302, 302, 429]


def test_a_header_says_nothing_where_there_is_no_proxy_and_the_proxys_is_heard_where_there_is(join, settings):
    for number in range(4):
        reply = join(client=Client(REMOTE_ADDR=HERE, HTTP_X_REAL_IP=f"10.0.0.{number}"))
    assert reply.status_code == 429
    settings.AXES_CLIENT_IP_CALLABLE = "config.proxy.client_address"
    assert join(client=Client(REMOTE_ADDR=HERE, HTTP_X_REAL_IP=THERE)).status_code == 302


def test_who_comes_again_on_their_device_is_not_counted_and_one_id_on_many_devices_is(join):
    device = Client(REMOTE_ADDR=HERE)
    for _ in range(5):
        assert join(who="A1", client=device).status_code == 302
    assert [join(who="A1").status_code for _ in range(3)] == [302, 302, 429]
    assert (Participant.objects.count(), FurtherLink.objects.count()) == (1, 2)


def test_simulated_people_are_not_counted_and_nobody_is_without_a_limit(join, settings):
    _, token = Invitation.issue(join.study, simulated=True)
    assert {join(invitation=f"/join/{token}/").status_code for _ in range(5)} == {302}
    settings.JOINS_PER_HOUR = 0
    assert {join().status_code for _ in range(5)} == {302}
    assert not JoinCount.objects.exists()


def test_a_school_class_and_a_lecture_get_in_as_the_site_comes(settings):
    assert settings.JOINS_PER_HOUR >= 100


def test_no_address_is_kept_and_nothing_for_longer_than_an_hour(join, it_is):
    it_is(NOON)
    join()
    (row,) = JoinCount.objects.all()
    assert HERE not in f"{row.key}{row.hour}{row.joins}"
    first = row.key
    it_is(NOON + 3600)
    join()
    (row,) = JoinCount.objects.all()
    assert row.key != first
    assert row.hour == (NOON + 3600) // 3600
