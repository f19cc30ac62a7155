"""`precompute` without --inline: it sends batches, watches, and says what to do when nobody takes them."""

import time

import pytest
from django.core.management import CommandError, call_command
from kombu.exceptions import OperationalError

from explain import tasks
from explain.management.commands import precompute as command
from explain.maps import runs
from explain.maps.batches import run_pending
from explain.models import Batch, ExplanationMap, Precompute


@pytest.fixture
def sent(monkeypatch):
    """The ids that would go to the broker."""
    ids: list[int] = []
    monkeypatch.setattr(tasks.run_batch, "delay_on_commit", ids.append)
    monkeypatch.setattr(tasks, "queue_length", lambda: len(ids))
    return ids


def make_maps(**options) -> None:
    call_command("precompute", "photos", networks="tiny", methods="grad-cam", **options)


def sleeping_until(naps: int, then):
    """A time.sleep that does `then()` at the nap of that number."""
    count = iter(range(1, 1000))

    def sleep(_seconds):
        if next(count) == naps:
            then()

    return sleep


def test_it_says_how_to_start_a_worker_when_none_takes_a_batch(photos, tiny, sent, monkeypatch, capfd):
    monkeypatch.setattr(command, "PATIENCE_SECONDS", 0)
    monkeypatch.setattr(
        time, "sleep", sleeping_until(3, lambda: run_pending(Precompute.objects.get(), lambda: None))
    )
    make_maps()
    out, stderr = capfd.readouterr()
    assert stderr.count("No worker has taken a batch so far") == 1
    assert "celery -A config worker -Q gpu --pool=solo" in stderr
    assert "5 of 5 photos" in out
    assert sent == list(Batch.objects.values_list("pk", flat=True))


def test_it_says_nothing_of_workers_when_one_is_at_work(photos, tiny, sent, monkeypatch, capfd):
    monkeypatch.setattr(command, "PATIENCE_SECONDS", 0.0)
    monkeypatch.setattr(
        tasks, "send", lambda ids: run_pending(Precompute.objects.get(), lambda: None)
    )  # a very fast worker
    make_maps()
    assert "No worker" not in capfd.readouterr().err


def test_ctrl_c_leaves_the_run_and_the_same_command_goes_on(photos, tiny, sent, monkeypatch):
    def interrupted():
        raise KeyboardInterrupt

    monkeypatch.setattr(time, "sleep", sleeping_until(1, interrupted))
    with pytest.raises(CommandError, match="run the same command again to go on") as caught:
        make_maps()
    assert caught.value.returncode == 130
    assert Batch.objects.get().state == "pending"
    make_maps(inline=True)
    assert ExplanationMap.objects.count() == 5
    assert Precompute.objects.count() == 1


def test_messages_that_were_lost_are_sent_again(photos, tiny, sent):
    run = runs.plan_run(image_set=photos, networks=[tiny], methods=["grad-cam"])
    tasks.send_lost()
    assert sent == runs.pending_batches(run)
    tasks.send_lost()  # the queue holds it now
    assert len(sent) == 1


def test_a_broker_that_is_away_is_one_clear_line(photos, tiny, monkeypatch):
    def refuse(_batch_id):
        raise OperationalError("Connection refused")

    monkeypatch.setattr(tasks.run_batch, "delay_on_commit", refuse)
    with pytest.raises(CommandError, match=r"the broker .* cannot be reached .*use --inline") as caught:
        make_maps()
    assert caught.value.returncode == 2
    assert "\n" not in str(caught.value)
