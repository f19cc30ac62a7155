"""Who has a batch, and when its worker counts as gone: no batch is lost, none is worked on by two, and staff see how it stands."""

import os
import socket
import threading
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.utils import timezone

from explain import tasks
from explain.core import background
from explain.jobs import workers
from explain.maps import batches, runs
from explain.maps.batches import claim_batch, run_pending
from explain.models import Batch, Worker
from tests.factories import make_network

from .test_make_each_map_once import plan

pytestmark = pytest.mark.django_db
State = Batch.State


class Watch:
    """An event that is over at once, and keeps how long somebody would have waited for it."""

    def __init__(self) -> None:
        Watch.waits: list[float] = []

    def set(self) -> None: ...

    def wait(self, seconds: float) -> bool:
        self.waits.append(seconds)
        return True


def test_two_heartbeats_in_a_row_may_be_lost_and_the_batch_is_not_given_up(
    tools, network, settings, monkeypatch
):
    batch = claim_batch(runs.pending_batches(plan(tools, network))[0])
    monkeypatch.setattr(background, "threading", SimpleNamespace(Event=Watch, Thread=threading.Thread))
    with batches.heartbeat(batch):
        pass
    (seconds,) = Watch.waits
    assert 3 * seconds < settings.BATCH_STALE_SECONDS


def test_two_heartbeats_in_a_row_may_be_lost_and_the_worker_still_counts_as_there(settings, monkeypatch):
    presence = workers.Presence()
    presence._over = Watch()
    monkeypatch.setattr(presence, "_attempt", lambda what: None)
    presence._keep_saying()
    (seconds,) = Watch.waits
    assert 3 * seconds < settings.BATCH_STALE_SECONDS


def test_a_heartbeat_is_of_the_own_batch_and_only_while_it_is_ones_own(tools, network, settings):
    settings.BATCH_SIZE = 1
    ours, other, lost = (claim_batch(pk) for pk in runs.pending_batches(plan(tools, network)))
    long_ago = timezone.now() - timedelta(hours=1)
    Batch.objects.update(heartbeat_at=long_ago)
    Batch.objects.filter(pk=lost.pk).update(attempts=2)  # somebody else has it by now
    for batch in (ours, lost):
        batches.ours(batch).update(heartbeat_at=timezone.now())
    assert set(Batch.objects.stale()) == {other, lost}
    Batch.objects.filter(pk=ours.pk).update(state=State.DONE)
    assert not batches.ours(ours).exists()


def old(settings, seconds: float) -> object:
    return timezone.now() - timedelta(seconds=settings.BATCH_STALE_SECONDS + seconds)


def batch(run, network, **fields) -> int:
    worker = fields.pop("worker", "elsewhere:1")
    return Batch.objects.create(precompute=run, network=network, worker=worker, **fields).pk


def test_only_running_batches_of_workers_that_are_gone_wait_again(tools, network, settings):
    run = tools.precomputes.create(methods=[])
    gone, dead = old(settings, 30), f"{socket.gethostname()}:{2**22 + 1}"
    silent = batch(run, network, state="running", heartbeat_at=gone, attempts=2)
    ended = batch(run, network, state="running", heartbeat_at=timezone.now(), worker=dead, attempts=1)
    poison = batch(run, network, state="running", heartbeat_at=gone, attempts=3)
    others = [
        batch(run, network, state="running", heartbeat_at=old(settings, -30)),
        batch(run, network, state="running", heartbeat_at=timezone.now(), worker="elsewhere:4194305"),
        batch(run, network, state="running", heartbeat_at=timezone.now(), worker=f"{socket.gethostname()}:{os.getpid()}"),
        batch(run, network, state="running", heartbeat_at=timezone.now(), worker=f"{socket.gethostname()}:one"),
        batch(run, network, state="done", heartbeat_at=gone, worker=dead),
        batch(run, network, state="failed", heartbeat_at=gone, worker=dead),
        batch(run, network, state="pending", heartbeat_at=gone),
    ]  # fmt: skip
    before = dict(Batch.objects.filter(pk__in=others).values_list("pk", "state"))
    assert sorted(runs.requeue_stale()) == sorted([silent, ended])
    assert dict(Batch.objects.filter(pk__in=others).values_list("pk", "state")) == before
    again = Batch.objects.get(pk=silent)
    assert (again.state, again.worker, again.attempts) == ("pending", "", 2)
    failed = Batch.objects.get(pk=poison)
    assert (failed.state, failed.finished_at is not None) == ("failed", True)


def test_only_failed_batches_get_a_clean_slate(tools, network, settings):
    run = tools.precomputes.create(methods=[])
    kept = [batch(run, network, state=state, attempts=2, error="x") for state in ("running", "done")]
    failed = batch(run, network, state="failed", attempts=3, error="disk full")
    assert runs.retry_failed(Batch.objects.all()) == [failed]
    assert set(Batch.objects.filter(pk__in=kept).values_list("attempts", "error")) == {(2, "x")}
    again = Batch.objects.get(pk=failed)
    assert (again.state, again.attempts, again.error, again.worker) == ("pending", 0, "", "")


def test_a_batch_that_failed_goes_last_so_that_the_others_are_made(tools, network, settings, monkeypatch):
    settings.BATCH_SIZE = 1
    run = plan(tools, network)
    first, second, third = runs.pending_batches(run)
    Batch.objects.filter(pk=first).update(attempts=1)
    done: list[int] = []

    def make(pk, decoder):
        done.append(pk)
        Batch.objects.filter(pk=pk).update(state=State.DONE)

    monkeypatch.setattr(batches, "run_batch", make)
    other = batch(tools.precomputes.create(methods=[]), network)
    run_pending(run, lambda: None)
    assert done == [second, third, first]
    assert Batch.objects.get(pk=other).state == State.PENDING


def test_messages_are_sent_again_only_of_batches_that_wait_and_only_if_the_queue_is_empty(
    tools, network, settings, monkeypatch
):
    settings.BATCH_SIZE, sent, queue = 1, [], [1]
    monkeypatch.setattr(tasks, "send", sent.extend)
    monkeypatch.setattr(tasks, "queue_length", lambda: queue[0])
    first, second, third = runs.pending_batches(plan(tools, network))
    claim_batch(second)
    tasks.send_lost()
    assert sent == []
    queue[0] = 0
    tasks.send_lost()
    assert sorted(sent) == [first, third]
    sent.clear()
    Batch.objects.update(state=State.DONE)
    tasks.send_lost()
    assert sent == []


def test_progress_names_what_went_wrong_and_is_finished_when_nothing_waits_or_runs(tools, network):
    run = tools.precomputes.create(methods=[])
    empty = runs.run_progress(run)
    assert (empty.finished, empty.percent, empty.photos_per_second, empty.seconds_left) == (True, 100, None, None)  # fmt: skip
    batch(run, network, state="done")
    failed = batch(run, network, state="failed", error="disk full")
    tried = batch(run, network, state="pending", error="disk full")
    batch(tools.precomputes.create(methods=[]), network, state="failed", error="of another run")
    state = runs.run_progress(run)
    assert [batch.pk for batch in state.failures] == [failed, tried]
    assert not state.finished
    Batch.objects.filter(pk=tried).update(state="running")
    assert not runs.run_progress(run).finished
    Batch.objects.filter(pk=tried).update(state="failed")
    assert runs.run_progress(run).finished


def test_speed_is_that_of_the_last_batches_and_not_of_a_slow_morning(tools, network):
    run, now = tools.precomputes.create(methods=[]), timezone.now()
    image = tools.images.first()

    def done(began: float, ended: float) -> None:
        times = {name: now - timedelta(seconds=ago) for name, ago in (("started_at", began), ("finished_at", ended))}  # fmt: skip
        Batch.objects.get(pk=batch(run, network, state="done", **times)).images.add(image)

    done(5000, 3000)
    for number in range(runs.RECENT):
        done(100 - 10 * number, 90 - 10 * number)
    assert runs.run_progress(run).photos_per_second == pytest.approx(8 / 80)


def test_a_list_of_runs_counts_the_batches_of_each(tools, network):
    first, second = (tools.precomputes.create(methods=[]) for _ in range(2))
    first.networks.add(network, make_network("other"))
    for state in ("done", "done", "failed", "running"):
        batch(first, network, state=state)
    counted = {run.pk: (run.batch_count, run.done, run.failed) for run in runs.runs_with_counts()}
    assert counted == {second.pk: (0, 0, 0), first.pk: (4, 2, 1)}


def test_workers_that_were_not_heard_of_for_a_day_are_forgotten_and_no_others():
    now = timezone.now()
    for name, hours in (("gpu-1:7", 23), ("gpu-2:7", 25), ("gpu-3:7", 0)):
        Worker.objects.create(name=name, heartbeat_at=now - timedelta(hours=hours))
    assert [worker.name for worker in workers.workers_seen()] == ["gpu-3:7", "gpu-1:7"]
    assert [worker.is_there for worker in workers.workers_seen()] == [True, False]
    presence = workers.Presence()
    presence._arrive()
    assert {worker.name for worker in Worker.objects.all()} == {"gpu-1:7", "gpu-3:7", presence.name}
    Worker.objects.filter(name=presence.name).delete()  # by hand, or by a clock that was wrong
    presence._say()
    assert presence.name in {worker.name for worker in workers.workers_seen()}
    presence._leave()
    assert {worker.name for worker in Worker.objects.all()} == {"gpu-1:7", "gpu-3:7"}
