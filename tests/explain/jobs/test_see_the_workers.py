"""Workers say that they are there, work or no work, and staff see it."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from explain.jobs import workers
from explain.models import Worker

pytestmark = pytest.mark.django_db


def page(client, admin_user):
    client.force_login(admin_user)
    return client.get(reverse("runs")).content.decode()


@pytest.mark.django_db(transaction=True)
def test_a_worker_is_seen_while_it_is_there_and_heard_of_again_and_again(client, admin_user, settings):
    settings.BATCH_STALE_SECONDS = 0.2
    presence = workers.Presence()
    presence.begin()
    wait_for(lambda: Worker.objects.filter(name=presence.name).exists())
    first = Worker.objects.get().heartbeat_at
    wait_for(lambda: Worker.objects.get().heartbeat_at > first)
    assert presence.name in page(client, admin_user)
    settings.BATCH_STALE_SECONDS = 120
    presence.end()
    assert not Worker.objects.exists()


def wait_for(fact):
    import time

    end = time.monotonic() + 120
    while not fact():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_worker_that_fell_silent_is_marked_and_forgotten_after_a_day(client, admin_user):
    now = timezone.now()
    Worker.objects.create(name="gpu-1:7", heartbeat_at=now - timedelta(minutes=5))
    Worker.objects.create(name="gpu-2:7", heartbeat_at=now - timedelta(days=2))
    html = page(client, admin_user)
    assert "gpu-1:7" in html
    assert html.count(">not responding<") == 1
    assert "gpu-2:7" not in html


def test_where_there_is_none_it_says_how_to_start_one(client, admin_user):
    assert "celery -A config worker -Q gpu --pool=solo" in page(client, admin_user)
