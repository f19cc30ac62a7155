"""No map is computed twice and none is lost: what is planned, what waits already, and who had a batch last."""

import os
import socket
import threading
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import IntegrityError
from django.utils import timezone

from explain import batches, making, precompute, tasks, workers
from explain.batches import claim_batch, run_batch, run_pending
from explain.errors import BadInputError
from explain.models import Batch, ExplanationMap, Image, ImageSet, Precompute, Prediction, Worker
from explain.needs import lacking
from tests.factories import make_image, make_map, make_network

from .test_precompute import METHODS, named_files, stored_files

pytestmark = pytest.mark.django_db
State = Batch.State


def plan(image_set, *networks, methods=("grad-cam",), **options) -> Precompute:
    return precompute.plan(image_set=image_set, networks=networks, methods=list(methods), **options)


@pytest.fixture
def tools(db):
    """Three photos and a network that is never loaded."""
    image_set = ImageSet.objects.create(name="tools")
    for number in range(3):
        make_image(image_set, number)
    return image_set


@pytest.fixture
def network(db):
    """Its class names are numbers; photos are found by their class's index."""
    return make_network()


def photos_of(run: Precompute) -> list[list[int]]:
    return [sorted(batch.images.values_list("pk", flat=True)) for batch in run.batches.order_by("pk")]


@pytest.mark.parametrize("state", [State.PENDING, State.RUNNING, State.FAILED])
def test_photos_that_wait_or_are_worked_on_are_not_planned_twice(tools, network, state):
    run = plan(tools, network)
    Batch.objects.update(state=state)
    assert plan(tools, network).pk == run.pk
    assert Batch.objects.count() == 1
    assert Batch.objects.get().state == (State.PENDING if state == State.FAILED else state)


def test_photos_of_a_batch_that_is_done_and_made_nothing_of_them_are_planned_again(tools, network):
    run = plan(tools, network)
    Batch.objects.update(state=State.DONE)
    plan(tools, network)
    assert photos_of(run) == [sorted(tools.images.values_list("pk", flat=True))] * 2


def test_what_waits_for_one_network_says_nothing_of_another(tools, network):
    """One run of two networks; the batches of the first are under way, those of the second were lost."""
    other = make_network("other")
    run = plan(tools, network, other)
    run.batches.filter(network=other).delete()
    plan(tools, network, other)
    assert sorted(run.batches.values_list("network__name", flat=True)) == ["other", "tiny"]


def test_a_run_is_the_same_only_for_the_same_photos_networks_methods_and_target(tools, network):
    other, others = make_network("other"), ImageSet.objects.create(name="others")
    make_image(others, 1)
    first = plan(tools, network, methods=["grad-cam", "hirescam"])
    assert plan(tools, network, methods=["hirescam", "grad-cam"]).pk == first.pk
    runs = [
        plan(others, network, methods=["grad-cam", "hirescam"]),
        plan(tools, network, methods=["grad-cam"]),
        plan(tools, other, methods=["grad-cam", "hirescam"]),
        plan(tools, network, other, methods=["grad-cam", "hirescam"]),
        plan(tools, network, methods=["grad-cam", "hirescam"], target="top"),
    ]
    assert len({run.pk for run in [first, *runs]}) == 6


def test_only_the_photos_that_are_asked_for_are_planned(tools, network, researcher):
    first = tools.images.first()
    run = plan(tools, network, images=[first], user=researcher)
    assert photos_of(run) == [[first.pk]]
    assert run.created_by == researcher
    with pytest.raises(BadInputError, match="the set tools has no photos"):
        plan(tools, network, images=[])


def test_predictions_alone_need_no_class_that_the_network_knows(tools, network):
    Image.objects.update(class_name="my bicycle", class_index=None)
    with pytest.raises(BadInputError, match="has no class for 3 of 3 photos"):
        plan(tools, network)
    assert len(photos_of(plan(tools, network, methods=[]))) == 1
    assert len(photos_of(plan(tools, network, target="top"))) == 1


def lacks(image_set, network, methods=("grad-cam", "hirescam"), target="label") -> dict[int, list[str]]:
    images = list(image_set.images.order_by("pk"))
    return lacking(images=images, network=network, methods=methods, target=target)


def whole_map(image, network, method="grad-cam", **fields) -> ExplanationMap:
    row = make_map(image, network, method)
    hashed = making.parameters_hash(network, method)
    ExplanationMap.objects.filter(pk=row.pk).update(**{"parameters_hash": hashed, **fields})
    return row


def said(image, network, top=587) -> None:
    Prediction.objects.create(image=image, network=network, top_class=top, top_probability=0.5)


def test_a_photo_lacks_a_map_until_it_has_that_very_one(tools, network):
    """Of this network, layer, method, class and parameters: any other map says something else."""
    first, second, third = tools.images.order_by("pk")
    for image in (first, second, third):
        said(image, network)
    other = make_network("other")  # the same weights under another name
    whole_map(first, other)
    whole_map(first, network, layer="earlier")
    whole_map(first, network, target=588)
    whole_map(first, network, parameters_hash="1" * 64)
    whole_map(second, network)
    whole_map(third, network)
    whole_map(third, network, "hirescam")
    assert lacks(tools, network) == {first.pk: ["grad-cam", "hirescam"], second.pk: ["hirescam"]}


def test_a_photo_without_a_prediction_of_this_network_lacks_it_though_it_has_its_maps(tools, network):
    other = make_network("other")
    for image in tools.images.all():
        whole_map(image, network)
        said(image, other)
    assert lacks(tools, network, ["grad-cam"]) == {image.pk: [] for image in tools.images.all()}


def test_the_map_of_the_top_class_is_not_that_of_the_label(tools, network):
    first, second, third = tools.images.order_by("pk")
    for image, top in ((first, 587), (second, 3), (third, 3)):
        said(image, network, top)
    for image in (first, second):
        whole_map(image, network)
    whole_map(third, network, target=3)
    assert lacks(tools, network, ["grad-cam"], "top") == {second.pk: ["grad-cam"]}
    assert lacks(tools, network, ["grad-cam"]) == {third.pk: ["grad-cam"]}


def test_two_workers_that_store_the_same_map_at_the_same_moment_store_it_once(
    photos, tiny, settings, monkeypatch
):
    """Both look, neither sees the other's rows, and the unique key stops the second: it looks again."""
    first, second = plan(photos, tiny, methods=METHODS), plan(photos, tiny)
    store, look, looked = making.Making.store, making.maps_there, []

    def overtaken(self):
        if self.batch.precompute_id == first.pk:
            run_pending(second, lambda: None)
            monkeypatch.setattr(making, "maps_there", blind_at_first)
        return store(self)

    def blind_at_first(**where):
        looked.append(where)
        return look(**where) if len(looked) > 1 else set()

    monkeypatch.setattr(making.Making, "store", overtaken)
    run_pending(first, lambda: None)
    assert (first.batches.get().state, first.batches.get().attempts, len(looked)) == (State.DONE, 1, 2)
    assert ExplanationMap.objects.count() == 15
    assert ExplanationMap.objects.filter(batch__precompute=second).count() == 5
    assert Prediction.objects.count() == 5
    assert stored_files(settings) == named_files()


def test_a_clash_that_does_not_end_is_a_failure_and_no_map_is_half_stored(
    photos, tiny, settings, monkeypatch
):
    run = plan(photos, tiny)
    before, tries = stored_files(settings), []

    def clash(_rows):
        tries.append(1)
        raise IntegrityError("a_map_is_computed_once")

    monkeypatch.setattr(ExplanationMap.objects, "bulk_create", clash)
    batch = run_batch(precompute.pending(run)[0])
    assert (batch.state, len(tries)) == (State.PENDING, 3)
    assert "IntegrityError" in batch.error
    assert not Prediction.objects.exists()
    assert stored_files(settings) == before


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
    batch = claim_batch(precompute.pending(plan(tools, network))[0])
    monkeypatch.setattr(batches, "threading", SimpleNamespace(Event=Watch, Thread=threading.Thread))
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
    ours, other, lost = (claim_batch(pk) for pk in precompute.pending(plan(tools, network)))
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
    assert sorted(precompute.requeue_stale()) == sorted([silent, ended])
    assert dict(Batch.objects.filter(pk__in=others).values_list("pk", "state")) == before
    again = Batch.objects.get(pk=silent)
    assert (again.state, again.worker, again.attempts) == ("pending", "", 2)
    failed = Batch.objects.get(pk=poison)
    assert (failed.state, failed.finished_at is not None) == ("failed", True)


def test_only_failed_batches_get_a_clean_slate(tools, network, settings):
    run = tools.precomputes.create(methods=[])
    kept = [batch(run, network, state=state, attempts=2, error="x") for state in ("running", "done")]
    failed = batch(run, network, state="failed", attempts=3, error="disk full")
    assert precompute.retry_failed(Batch.objects.all()) == [failed]
    assert set(Batch.objects.filter(pk__in=kept).values_list("attempts", "error")) == {(2, "x")}
    again = Batch.objects.get(pk=failed)
    assert (again.state, again.attempts, again.error, again.worker) == ("pending", 0, "", "")


def test_a_batch_that_failed_goes_last_so_that_the_others_are_made(tools, network, settings, monkeypatch):
    settings.BATCH_SIZE = 1
    run = plan(tools, network)
    first, second, third = precompute.pending(run)
    Batch.objects.filter(pk=first).update(attempts=1)
    done: list[int] = []

    def make(pk):
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
    first, second, third = precompute.pending(plan(tools, network))
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
    empty = precompute.progress(run)
    assert (empty.finished, empty.percent, empty.photos_per_second, empty.seconds_left) == (True, 100, None, None)  # fmt: skip
    batch(run, network, state="done")
    failed = batch(run, network, state="failed", error="disk full")
    tried = batch(run, network, state="pending", error="disk full")
    batch(tools.precomputes.create(methods=[]), network, state="failed", error="of another run")
    state = precompute.progress(run)
    assert [one.pk for one in state.failures] == [failed, tried]
    assert not state.finished
    Batch.objects.filter(pk=tried).update(state="running")
    assert not precompute.progress(run).finished
    Batch.objects.filter(pk=tried).update(state="failed")
    assert precompute.progress(run).finished


def test_speed_is_that_of_the_last_batches_and_not_of_a_slow_morning(tools, network):
    run, now = tools.precomputes.create(methods=[]), timezone.now()
    image = tools.images.first()

    def done(began: float, ended: float) -> None:
        times = {name: now - timedelta(seconds=ago) for name, ago in (("started_at", began), ("finished_at", ended))}  # fmt: skip
        Batch.objects.get(pk=batch(run, network, state="done", **times)).images.add(image)

    done(5000, 3000)
    for number in range(precompute.RECENT):
        done(100 - 10 * number, 90 - 10 * number)
    assert precompute.progress(run).photos_per_second == pytest.approx(8 / 80)


def test_a_list_of_runs_counts_the_batches_of_each(tools, network):
    first, second = (tools.precomputes.create(methods=[]) for _ in range(2))
    first.networks.add(network, make_network("other"))
    for state in ("done", "done", "failed", "running"):
        batch(first, network, state=state)
    counted = {run.pk: (run.batch_count, run.done, run.failed) for run in precompute.runs_with_counts()}
    assert counted == {second.pk: (0, 0, 0), first.pk: (4, 2, 1)}


def test_workers_that_were_not_heard_of_for_a_day_are_forgotten_and_no_others():
    now = timezone.now()
    for name, hours in (("gpu-1:7", 23), ("gpu-2:7", 25), ("gpu-3:7", 0)):
        Worker.objects.create(name=name, heartbeat_at=now - timedelta(hours=hours))
    assert [worker.name for worker in workers.seen()] == ["gpu-3:7", "gpu-1:7"]
    assert [worker.is_there for worker in workers.seen()] == [True, False]
    presence = workers.Presence()
    presence._arrive()
    assert {worker.name for worker in Worker.objects.all()} == {"gpu-1:7", "gpu-3:7", presence.name}
    Worker.objects.filter(name=presence.name).delete()  # by hand, or by a clock that was wrong
    presence._say()
    assert presence.name in {worker.name for worker in workers.seen()}
    presence._leave()
    assert {worker.name for worker in Worker.objects.all()} == {"gpu-1:7", "gpu-3:7"}
