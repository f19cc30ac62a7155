"""Whether a worker is gone is one rule: of its batch, of its job and of itself."""

from datetime import timedelta

import pytest
from django.utils import timezone

from explain.core import clock
from explain.jobs import jobs
from explain.models import Batch, ImageSet, Job, Precompute, Worker
from tests.factories import make_network

pytestmark = pytest.mark.django_db
MOMENT = timezone.now()


@pytest.mark.parametrize(
    ("late", "gone"), [(timedelta(0), False), (timedelta(microseconds=1), True), (timedelta(days=1), True)]
)
def test_all_say_the_same_to_the_moment(researcher, settings, monkeypatch, late, gone):
    """Whoever was heard of at the last moment is there."""
    settings.BATCH_STALE_SECONDS = 120
    monkeypatch.setattr(clock, "now", lambda: MOMENT)
    heard_of = MOMENT - timedelta(seconds=120) - late
    run = Precompute.objects.create(image_set=ImageSet.objects.create(name="birds"))
    batch = Batch.objects.create(
        precompute=run, network=make_network("tiny"), state=Batch.State.RUNNING, heartbeat_at=heard_of
    )
    job = Job(kind="photos", state=Job.State.RUNNING, heartbeat_at=heard_of, created_by=researcher)
    assert Batch.objects.stale().filter(pk=batch.pk).exists() is gone
    assert jobs.is_silent(job) is gone
    assert Worker(name="host:1", heartbeat_at=heard_of).is_there is not gone
