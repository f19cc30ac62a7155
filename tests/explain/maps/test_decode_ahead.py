"""Photos are decoded in threads, the next batch's while one is computed: the same bits, and no stop or fault is lost by it."""

import threading
import time

import numpy as np
import pytest
from PIL import Image as PillowImage

from explain.cam import explain
from explain.core.errors import BadInputError
from explain.maps import batches, compute, decoding, runs
from explain.maps.batches import claim_batch, run_pending
from explain.models import Batch, ExplanationMap, Image
from explain.networks.registry import load_network
from tests.factories import make_network

from .test_batch_fails import break_photo

METHODS = ["grad-cam", "ablation-cam", "pixel-ablation-cam"]
PATIENCE = 20


@pytest.fixture
def run(photos, tiny, settings):
    """Five photos in batches of two: three batches, nothing computed."""
    settings.BATCH_SIZE = 2
    return runs.plan_run(image_set=photos, networks=[tiny], methods=METHODS)


@pytest.fixture(params=[True, False], ids=["meanwhile", "while writing"])
def leaves(request, monkeypatch) -> bool:
    """Whether the network leaves processors to decode by while it runs."""
    monkeypatch.setattr(compute, "leaves_processors", lambda net: request.param)
    return request.param


@pytest.fixture
def decoded(monkeypatch) -> list[int]:
    """The keys of the photos that were decoded."""
    keys, original = [], decoding._decoded

    def watched(net, image):
        keys.append(image.pk)
        return original(net, image)

    monkeypatch.setattr(decoding, "_decoded", watched)
    return keys


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("decode")]


def test_maps_have_the_bits_of_photos_that_come_one_by_one(run, tiny, leaves, decoded):
    run_pending(run, lambda: None)
    net = load_network(tiny)
    for image in Image.objects.all():
        batch = net.preprocess(PillowImage.open(image.file).convert("RGB"))[None]
        out = explain(net, batch, methods=METHODS, targets=[image.class_index])
        rows = {row.method: bytes(row.values) for row in image.maps.all()}
        assert rows == {method: out.maps[method][0].numpy().tobytes() for method in METHODS}
    assert sorted(decoded) == sorted(Image.objects.values_list("pk", flat=True))  # each of them once
    assert not threads()


def test_the_next_batch_is_decoded_while_one_is_computed_and_not_claimed(run, monkeypatch):
    monkeypatch.setattr(compute, "leaves_processors", lambda net: True)
    begun, states, original = threading.Event(), [], decoding._decoded
    third = Image.objects.order_by("pk")[2].pk

    def watched(net, image):
        if image.pk == third:
            begun.set()
        return original(net, image)

    def explained(*args, **options):
        assert begun.wait(PATIENCE)  # it is only set while this waits
        states.append(list(run.batches.order_by("pk").values_list("state", flat=True)))
        return explain(*args, **options)

    monkeypatch.setattr(decoding, "_decoded", watched)
    monkeypatch.setattr(compute.cam, "explain", explained)
    run_pending(run, lambda: None)
    assert states[0] == ["running", "pending", "pending"]
    assert ExplanationMap.objects.count() == 15


def test_a_batch_that_another_worker_takes_meanwhile_is_its_own(run, leaves, monkeypatch):
    original, second = compute.cam.explain, run.batches.order_by("pk")[1].pk

    def overtaken(*args, **options):
        out = original(*args, **options)
        claim_batch(second)
        return out

    monkeypatch.setattr(compute.cam, "explain", overtaken)
    run_pending(run, lambda: None)
    assert list(run.batches.order_by("pk").values_list("state", flat=True)) == ["done", "running", "done"]


def test_a_photo_that_cannot_be_read_fails_its_own_batch_and_is_named(run, leaves):
    break_photo("hammer/3.jpg")  # of the second batch
    run_pending(run, lambda: None)
    states = dict(run.batches.values_list("state", "error"))
    assert sorted(run.batches.values_list("state", flat=True)) == ["done", "done", "failed"]
    assert states["failed"].startswith("hammer/3.jpg: its file")


def test_a_network_that_cannot_be_loaded_fails_its_own_batch_and_not_the_one_before(
    photos, tiny, leaves, monkeypatch
):
    other = make_network("other")

    def loaded(row, original=load_network):
        if row == other:
            raise BadInputError("its weights have changed since it was added")
        return original(row)

    monkeypatch.setattr(batches, "load_network", loaded)
    monkeypatch.setattr(compute, "load_network", loaded)
    run = runs.plan_run(image_set=photos, networks=[tiny, other], methods=METHODS, target="top")
    run_pending(run, lambda: None)
    assert list(run.batches.order_by("pk").values_list("network__name", "state")) == [
        ("tiny", "done"),
        ("other", "failed"),
    ]


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
def test_a_stop_leaves_no_batch_claimed_and_no_thread_and_the_same_run_goes_on(
    run, leaves, monkeypatch, stop
):
    def stopped(*_, **__):
        raise stop

    with monkeypatch.context() as patch:
        patch.setattr(compute.cam, "explain", stopped)
        with pytest.raises(stop):
            run_pending(run, lambda: None)
    assert set(run.batches.values_list("state", "attempts")) == {("pending", 0)}
    assert not threads()
    run_pending(run, lambda: None)
    assert set(run.batches.values_list("state", flat=True)) == {Batch.State.DONE}


def test_of_large_photos_one_at_a_time_is_in_memory(run, monkeypatch):
    now, most, lock = [0], [0], threading.Lock()
    original = decoding.pixels_of

    def watched(image):
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        time.sleep(0.02)
        pixels = original(image)
        with lock:
            now[0] -= 1
        return pixels

    monkeypatch.setattr(decoding, "processors", lambda: 4)
    monkeypatch.setattr(decoding, "LARGE", 200 * 170 - 1)
    monkeypatch.setattr(decoding, "pixels_of", watched)
    run_pending(run, lambda: None)
    assert most == [1]


def test_a_photo_is_scaled_as_the_formula_says_to_the_bit(tiny):
    """(v / 255 − mean) / deviation, in float32."""
    preprocessing = load_network(tiny).preprocessing
    side = preprocessing.resize or preprocessing.size[0]
    pixels = np.random.default_rng(0).integers(0, 256, (side, side, 3), dtype=np.uint8)
    left, top = preprocessing._corner(side, side)
    seen = pixels[top : top + preprocessing.size[0], left : left + preprocessing.size[1]]
    mean, std = np.float32(preprocessing.mean), np.float32(preprocessing.std)
    expected = ((seen.astype(np.float32) / 255 - mean) / std).transpose(2, 0, 1)
    assert preprocessing(PillowImage.fromarray(pixels)).tobytes() == expected.tobytes()
