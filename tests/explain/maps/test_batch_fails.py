"""A batch whose worker dies or that cannot be computed: tried again, then failed with its message; the others go on."""

import os
import socket
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.utils import timezone

from explain import tasks
from explain.maps import arrays, compute, runs
from explain.maps.batches import claim_batch, heartbeat, run_batch, run_pending
from explain.models import Batch, ExplanationMap, Image


@pytest.fixture
def run(photos, tiny, settings):
    """Five photos in batches of two: three batches, nothing computed."""
    settings.BATCH_SIZE = 2
    return runs.plan_run(image_set=photos, networks=[tiny], methods=["grad-cam"])


def break_photo(name: str) -> None:
    """Take a photo's file away, as a lost disk would."""
    default_storage.delete(Image.objects.get(original_name=name).file.name)


def media_files(settings) -> int:
    return len([path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()])


def silence(batch: Batch, settings) -> None:
    """Let its last heartbeat be long ago, from a worker on another machine."""
    long_ago = timezone.now() - timedelta(seconds=settings.BATCH_STALE_SECONDS + 1)
    Batch.objects.filter(pk=batch.pk).update(heartbeat_at=long_ago, worker="elsewhere:1")


def test_a_poison_batch_fails_after_three_tries_and_the_others_go_on(run, fine_maps, settings):
    break_photo("hammer/1.jpg")
    before = media_files(settings)
    run_pending(run, lambda: None)
    states = list(run.batches.order_by("pk").values_list("state", "attempts"))
    assert states == [("failed", 3), ("done", 1), ("done", 1)]
    failed = run.batches.get(state="failed")
    assert "cannot be read" in failed.error
    assert failed.finished_at is not None
    assert ExplanationMap.objects.count() == 3
    assert media_files(settings) == before + 3


def test_a_failure_half_way_leaves_neither_rows_nor_files(run, fine_maps, settings, monkeypatch):
    """The disk is full at the second map."""
    before = media_files(settings)
    original, count = arrays.pack, iter(range(100))

    def full(cells):
        if next(count) == 1:
            raise OSError("No space left on device")
        return original(cells)

    monkeypatch.setattr(arrays, "pack", full)
    batch = run_batch(runs.pending_batches(run)[0])
    assert (batch.state, batch.attempts) == ("pending", 1)
    assert batch.error == "OSError: No space left on device"
    assert not ExplanationMap.objects.exists()
    assert media_files(settings) == before
    assert run_batch(batch.pk).state == "done"
    assert Batch.objects.get(pk=batch.pk).error == ""


def test_ctrl_c_gives_the_batch_back(run, fine_maps, settings, monkeypatch):
    before = media_files(settings)

    original, count = arrays.pack, iter(range(100))

    def interrupted(cells):
        if next(count) == 1:
            raise KeyboardInterrupt
        return original(cells)

    monkeypatch.setattr(arrays, "pack", interrupted)
    first = runs.pending_batches(run)[0]
    with pytest.raises(KeyboardInterrupt):
        run_batch(first)
    batch = Batch.objects.get(pk=first)
    assert (batch.state, batch.attempts, batch.error) == ("pending", 0, "")
    assert media_files(settings) == before


def test_a_silent_batch_is_pending_again_and_a_lively_one_is_not(run, settings):
    silent, lively, _ = [claim_batch(pk) for pk in runs.pending_batches(run)]
    silence(silent, settings)
    assert runs.requeue_stale() == [silent.pk]
    assert Batch.objects.get(pk=silent.pk).state == "pending"
    assert Batch.objects.get(pk=lively.pk).state == "running"
    assert runs.requeue_stale() == []


def test_a_batch_of_a_process_that_ended_here_need_not_wait(run):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    batch = claim_batch(runs.pending_batches(run)[0])
    assert batch.worker == f"{socket.gethostname()}:{os.getpid()}"
    assert runs.requeue_stale() == []
    Batch.objects.filter(pk=batch.pk).update(worker=f"{socket.gethostname()}:{ended.pid}")
    assert runs.requeue_stale() == [batch.pk]


def test_a_batch_that_kills_its_worker_three_times_has_failed(run, settings):
    first = runs.pending_batches(run)[0]
    for _ in range(3):
        silence(claim_batch(first), settings)
        runs.requeue_stale()
    batch = Batch.objects.get(pk=first)
    assert batch.state == "failed"
    assert batch.error.startswith("its worker died 3 times")


def test_a_worker_that_comes_back_from_the_dead_stores_nothing(run, fine_maps, settings, monkeypatch):
    """Given up for dead while it computed; another worker has the batch by now."""
    first = runs.pending_batches(run)[0]
    before = media_files(settings)
    original = compute.BatchComputation.store

    def given_up(self):
        silence(self.batch, settings)
        runs.requeue_stale()
        claim_batch(first)
        return original(self)

    monkeypatch.setattr(compute.BatchComputation, "store", given_up)
    run_batch(first)
    batch = Batch.objects.get(pk=first)
    assert (batch.state, batch.attempts) == ("running", 2)
    assert not ExplanationMap.objects.exists()
    assert media_files(settings) == before


@pytest.mark.django_db(transaction=True)
def test_a_batch_says_that_it_is_alive_however_long_a_step_takes(run, settings):
    settings.BATCH_STALE_SECONDS = 0.2
    batch = claim_batch(runs.pending_batches(run)[0])
    claimed_at = batch.heartbeat_at
    with heartbeat(batch):
        for _ in range(200):
            batch.refresh_from_db()
            if batch.heartbeat_at > claimed_at:
                break
            time.sleep(0.05)
    assert batch.heartbeat_at > claimed_at


def test_failed_batches_are_tried_again_when_asked(run):
    break_photo("hammer/1.jpg")
    run_pending(run, lambda: None)
    failed = run.batches.get(state="failed")
    assert runs.retry_failed(run.batches.all()) == [failed.pk]
    failed.refresh_from_db()
    assert (failed.state, failed.attempts, failed.error) == ("pending", 0, "")


def test_the_command_names_the_failed_batches_and_exits_with_1(run, settings):
    break_photo("hammer/1.jpg")
    with pytest.raises(CommandError) as caught:
        call_command("precompute", "photos", networks="tiny", methods="grad-cam", inline=True)
    assert caught.value.returncode == 1
    assert "(tiny): hammer/1.jpg: its file" in str(caught.value)
    assert "Run the same command again" in str(caught.value)


def test_a_task_sends_a_failed_batch_again_until_it_has_failed_for_good(run, monkeypatch):
    sent = []
    monkeypatch.setattr(tasks.run_batch, "delay_on_commit", sent.append)
    break_photo("hammer/1.jpg")
    first, *others = runs.pending_batches(run)
    Batch.objects.filter(pk__in=others).update(state="done")
    for _ in range(3):
        tasks.run_batch(first)
    assert sent == [first, first]
    assert Batch.objects.get(pk=first).state == "failed"


def test_progress_counts_photos_and_tells_the_time_left(run):
    first, second, _ = run.batches.order_by("pk")
    now = timezone.now()
    Batch.objects.filter(pk=first.pk).update(
        state="done", started_at=now - timedelta(seconds=8), finished_at=now - timedelta(seconds=4)
    )
    Batch.objects.filter(pk=second.pk).update(state="running", started_at=now, heartbeat_at=now)
    state = runs.run_progress(run)
    assert (state.photos, state.photos_done, state.percent) == (5, 2, 40)
    assert state.batches == {"pending": 1, "running": 1, "done": 1, "failed": 0, "stopped": 0}
    assert state.photos_per_second == pytest.approx(2 / 4)
    assert state.seconds_left == pytest.approx(3 / 0.5)
    assert not state.finished


def test_the_speed_is_that_of_all_workers_together(run):
    now = timezone.now()
    for batch in run.batches.order_by("pk")[:2]:
        Batch.objects.filter(pk=batch.pk).update(
            state="done", started_at=now - timedelta(seconds=10), finished_at=now - timedelta(seconds=2)
        )
    assert runs.run_progress(run).photos_per_second == pytest.approx(4 / 8)


def test_a_run_without_a_worker_is_idle_and_a_busy_one_is_not(run):
    assert runs.run_progress(run).idle
    claimed = claim_batch(runs.pending_batches(run)[0])
    assert not runs.run_progress(run).idle
    Batch.objects.filter(pk=claimed.pk).update(state="done", finished_at=timezone.now())
    assert not runs.run_progress(run).idle
    Batch.objects.filter(pk=claimed.pk).update(finished_at=timezone.now() - timedelta(minutes=1))
    assert runs.run_progress(run).idle
