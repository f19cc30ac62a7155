"""A host's clock jumps an hour while people answer and maps are made: nothing is lost, nothing counts twice, all finishes."""

import uuid
from collections import Counter
from datetime import timedelta

import pytest
import time_machine
from django.conf import settings as project
from django.db import connection
from django.utils import timezone

from explain.core import clock
from explain.maps import runs
from explain.maps.batches import claim_batch, run_batch
from studies.lifecycle.opening import open_study
from studies.models import Response, Trial
from studies.trials.allocation import answer_trial, claim_trials
from tests.factories import make_participant, make_study

HOUR = timedelta(hours=1)
on_postgres = pytest.mark.skipif(
    not project.DATABASES["default"]["ENGINE"].endswith("postgresql"),
    reason="SQLite has no clock but its machine's",
)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _asked_afresh(monkeypatch):
    monkeypatch.setattr(clock, "_known", None)


@pytest.fixture
def people():
    study = open_study(study=make_study(items=3, responses_per_item=1, trials_per_participant=3))
    return make_participant(study, 1), make_participant(study, 2)


def clock_jumps(by: timedelta):
    """The clock of this host; the monotonic clock and the database's go on."""
    return time_machine.travel(timezone.now() + by, tick=True)


def answer_all(person, trials) -> list[uuid.UUID]:
    sent = [(uuid.uuid4(), trial.position) for trial in trials]
    for answer_id, position in sent:
        answer_trial(participant=person, position=position, shown_value=0, answer_id=answer_id)
    return [answer_id for answer_id, _ in sent]


@pytest.mark.parametrize("by", [HOUR, -HOUR])
def test_every_answer_is_kept_and_each_trial_counts_once(people, by):
    first, second = people
    mine = claim_trials(participant=first, count=3)
    with clock_jumps(by):
        theirs = claim_trials(participant=second, count=3)
        acknowledged = answer_all(second, theirs)
    acknowledged += answer_all(first, mine)
    assert sorted(Response.objects.values_list("answer_id", flat=True)) == sorted(acknowledged)
    counted = Response.objects.filter(status="counted").values_list("trial", flat=True)
    assert list(Counter(counted).values()) == [1, 1, 1]
    assert set(Trial.objects.values_list("state", flat=True)) == {"answered"}


def test_what_somebody_took_by_a_clock_that_was_fast_is_free_again_in_the_end(people):
    first, second = people
    with clock_jumps(HOUR):
        claim_trials(participant=first, count=3)
    with clock_jumps(HOUR + timedelta(seconds=project.LEASE_SECONDS + 1)):
        clock._known = None
        if connection.vendor == "postgresql":
            Trial.objects.update(lease_until=timezone.now() - 2 * HOUR)  # as after so much real time
        assert len(claim_trials(participant=second, count=3)) == 3


@on_postgres
@pytest.mark.parametrize("by", [HOUR, -HOUR])
def test_one_clock_for_all_hosts_nobody_loses_what_they_hold(people, by):
    first, second = people
    with clock_jumps(by):
        held = claim_trials(participant=first, count=3)
    leases = Trial.objects.filter(participant=first).values_list("lease_until", flat=True)
    expected = timedelta(seconds=project.LEASE_SECONDS)
    assert all(abs(until - timezone.now() - expected) < timedelta(minutes=1) for until in leases)
    with clock_jumps(by):
        assert claim_trials(participant=second, count=3) == []
    assert len(held) == 3


@on_postgres
@pytest.mark.parametrize("by", [HOUR, -HOUR])
def test_a_worker_with_a_wrong_clock_is_not_given_up_for_dead(photos, tiny, by):
    run = runs.plan_run(image_set=photos, networks=[tiny], methods=["grad-cam"])
    (pk,) = runs.pending_batches(run)
    with clock_jumps(by):
        claim_batch(pk)
    assert runs.requeue_stale() == []


@pytest.mark.parametrize("by", [HOUR, -HOUR])
def test_a_run_finishes_and_makes_each_map_once(photos, tiny, settings, by):
    settings.BATCH_SIZE = 1
    run = runs.plan_run(image_set=photos, networks=[tiny], methods=["grad-cam"])
    waiting = runs.pending_batches(run)
    run_batch(waiting[0])
    claim_batch(waiting[1])
    run.batches.filter(pk=waiting[1]).update(worker="elsewhere:1")  # and never heard of again
    with clock_jumps(by):
        for pk in waiting[2:]:
            run_batch(pk)
        assert not runs.run_progress(run).finished
    with clock_jumps(timedelta(seconds=settings.BATCH_STALE_SECONDS + 1)):
        if connection.vendor == "postgresql":
            run.batches.filter(pk=waiting[1]).update(heartbeat_at=timezone.now() - 2 * HOUR)
        assert runs.requeue_stale() == [waiting[1]]
        run_batch(waiting[1])
    assert runs.run_progress(run).finished
    assert Counter(run.batches.values_list("maps__image", flat=True)).most_common(1)[0][1] == 1
