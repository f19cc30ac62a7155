"""The protocol `authors-code` on stored maps, and what each step towards it changes."""

import io
import json

import numpy as np
import pytest
import torch
from django.core.management import CommandError, call_command
from PIL import Image as PillowImage

from explain.evaluation import authors_steps, evaluate
from explain.evaluation.measure import PhotoWithMaps, measure_photos
from explain.evaluation.protocols import PROTOCOLS, evaluation_hash, find_protocol
from explain.maps import runs
from explain.maps.batches import run_pending
from explain.models import Evaluation, ExplanationMap
from explain.networks.registry import load_network
from explain.photos.importer import import_images
from tests.explain import authors_pipeline
from tests.explain.photo_files import make_folder, photo_bytes

HASHES = ["50841a79978c", "052d5d164ed4", "bd61c1c575a1", "8d509b03a41a", "c12315498fdf", "f8b8a9464ccb"]
METHODS = ["grad-cam", "pixel-ablation-cam"]
SIZES = [(200, 200), (200, 170), (120, 240), (161, 163)]


@pytest.fixture
def maps(db, inbox, tiny):
    """A photo of each size with a map of each of two methods."""
    make_folder(inbox, {f"hammer/{n}.jpg": photo_bytes(n, size) for n, size in enumerate(SIZES)})
    photos = import_images(path=inbox, set_name="photos").image_set
    run_pending(runs.plan_run(image_set=photos, networks=[tiny], methods=METHODS), lambda: None)
    return photos


def evaluated(image_set, network, protocol):
    asked = evaluate.ask_for_evaluation(networks=[network], methods=METHODS, protocol=protocol, target="label")  # fmt: skip
    todo = evaluate.plan_evaluation(image_set=image_set, asked=asked)
    evaluate.run_evaluation(todo, lambda done, total: None)
    return Evaluation.objects.filter(protocol=protocol).select_related("image")


def scores(net, photo: torch.Tensor, target: int) -> tuple[float, float]:
    with torch.no_grad():
        logits = net.module(photo[None])[0].double()
    return float(logits.softmax(0)[target]), float(logits[target])


def seen_by(preprocessing, width: int, height: int) -> tuple[float, float, float, float]:
    """The crop of a photo: its short edge is resized, the centre cut out."""
    short = min(width, height)
    wide, high = (int(preprocessing.resize * edge / short) for edge in (width, height))
    left, top = round((wide - preprocessing.size[1]) / 2), round((high - preprocessing.size[0]) / 2)
    return (
        left * width / wide, top * height / high,
        (left + preprocessing.size[1]) * width / wide, (top + preprocessing.size[0]) * height / high,
    )  # fmt: skip


def test_it_is_the_authors_pipeline_for_square_and_other_photos(maps, tiny):
    net = load_network(tiny)
    rows = evaluated(maps, tiny, "authors-code")
    assert rows.count() == len(SIZES) * len(METHODS)
    assert {(row.image.width, row.image.height) for row in rows} == set(SIZES)
    for stored in rows:
        cells = ExplanationMap.objects.get(image=stored.image, method=stored.method).array()
        photo = PillowImage.open(io.BytesIO(stored.image.file.read()))
        crop = seen_by(net.preprocessing, *photo.size)
        left = authors_pipeline.explanation(photo, cells, net.preprocessing.size, crop)
        assert (stored.confidence, stored.activation) == pytest.approx(
            scores(net, net.preprocess(photo), stored.target), rel=1e-6, abs=1e-6
        )
        assert (stored.confidence_left, stored.activation_left) == pytest.approx(
            scores(net, net.preprocess(left), stored.target), rel=1e-6, abs=1e-6
        )


def test_a_map_that_is_the_same_everywhere_leaves_the_whole_photo(maps, tiny):
    """As in their code: every pixel is at the percentile. The drop is that of whole levels alone."""
    row = ExplanationMap.objects.filter(method="grad-cam").first()
    net = load_network(tiny)
    photo = PillowImage.open(io.BytesIO(row.image.file.read()))
    flat = PhotoWithMaps("flat", photo, row.target, [], {"grad-cam": np.zeros((5, 5), np.float32)})
    (figures,) = measure_photos(net, [flat], PROTOCOLS["authors-code"])
    figure = figures["grad-cam"]
    assert figure["activation_left"] == pytest.approx(figure["activation"], abs=0.02)


def test_hashes_of_the_other_protocols_are_what_they_were():
    """Rows that are stored stay true: these were made before there was `authors-code`, or a share."""
    assert [evaluation_hash("map", protocol, [[1, 2, 3, 4]])[:12] for protocol in PROTOCOLS.values() if protocol.name != "authors-code"] == HASHES  # fmt: skip


def test_each_step_changes_the_drop_by_what_the_rows_say(maps, tiny, capfd):
    call_command("evaluate", "photos", "--networks=tiny", f"--methods={','.join(METHODS)}", "--steps", "--json")  # fmt: skip
    told = json.loads(capfd.readouterr().out)
    assert [(row["method"], row["before"], row["after"]) for row in told["changes"]] == [
        (method, *step[:2]) for method in METHODS for step in authors_steps.STEPS
    ]
    for row in told["changes"]:
        drops = []
        for name in (row["before"], row["after"]):
            rows = Evaluation.objects.filter(protocol=name, method=row["method"]).order_by("image")
            drops.append(np.array([100 * max(0, r.confidence - r.confidence_left) / r.confidence for r in rows]))  # fmt: skip
        assert (row["drop_before"], row["drop_after"]) == pytest.approx([drop.mean() for drop in drops])
        assert row["difference"]["value"] == pytest.approx((drops[1] - drops[0]).mean())
        assert row["difference"]["photos"] == len(SIZES)
        half = 3.1824463053 * (drops[1] - drops[0]).std(ddof=1) / 2  # Student's t at 97.5 % with 3 degrees
        low, high = row["difference"]["interval"]
        assert (high - low) / 2 == pytest.approx(half, rel=1e-6)


def test_masks_of_a_step_meet_as_far_as_they_do(maps, tiny):
    for name in authors_steps.STEP_NAMES:
        evaluated(maps, tiny, name)
    asked = [
        evaluate.ask_for_evaluation(networks=[tiny], methods=METHODS, protocol=name, target="label")[0]
        for name in authors_steps.STEP_NAMES
    ]
    made = {(row.method, row.before, row.after): row for row in authors_steps.changes(image_set=maps, asked=asked)}  # fmt: skip
    parts = []
    for row in ExplanationMap.objects.filter(method="grad-cam"):
        levels = torch.tensor(authors_pipeline.levels_of(row.array()))[None, None].double()
        size = load_network(tiny).preprocessing.size
        bilinear = torch.nn.functional.interpolate(levels, size, mode="bilinear")[0, 0].round().numpy()
        first = bilinear >= np.percentile(bilinear, 80)
        second = authors_pipeline.first_mask(row.array(), size) > 0
        parts.append((first & second).sum() / (first | second).sum())
    step = made["grad-cam", "percentile-8-bits", "percentile-lanczos"]
    assert (step.meet, step.meet_least) == pytest.approx((np.mean(parts), min(parts)))
    assert 0.5 < step.meet_least < 1
    assert made["grad-cam", "authors", "percentile"].meet == pytest.approx(1, abs=0.01)
    assert made["grad-cam", "percentile-lanczos", "authors-code"].meet == 1


def test_the_steps_are_printed_with_what_they_change_and_nothing_is_computed_twice(
    maps, tiny, capfd, monkeypatch
):
    words = ["evaluate", "photos", "--networks=tiny", "--methods=grad-cam", "--steps"]
    call_command(*words)
    first = capfd.readouterr().out
    lines = first.splitlines()
    assert lines[0] == "tiny on photos, N = 4; explained: the photo's label"
    assert lines[3].split()[:4] == ["method", "from", "to", "what"]
    assert [line.split()[1:3] for line in lines[4:11]] == [list(step[:2]) for step in authors_steps.STEPS]
    monkeypatch.setattr(evaluate, "load_network", None)
    call_command(*words)
    assert capfd.readouterr().out == first


def test_photos_that_lack_a_row_of_a_step_are_left_out_of_all_and_counted(maps, tiny):
    for name in authors_steps.STEP_NAMES:
        evaluated(maps, tiny, name)
    Evaluation.objects.filter(protocol="percentile", image=maps.images.first()).delete()
    asked = [
        evaluate.ask_for_evaluation(networks=[tiny], methods=METHODS, protocol=name, target="label")[0]
        for name in authors_steps.STEP_NAMES
    ]
    made = authors_steps.changes(image_set=maps, asked=asked)
    assert {row.difference.photos for row in made} == {3}
    lines = authors_steps.changes_as_text(made, "tiny", maps, "label").splitlines()
    assert lines[0].startswith("tiny on photos, N = 3; ")
    assert "1 photos lack a row, and are left out." in lines
    Evaluation.objects.all().delete()
    assert authors_steps.changes(image_set=maps, asked=asked) == []
    assert authors_steps.changes_as_text([], "tiny", maps, "label").endswith("No photo has all rows and a confidence above 0.")  # fmt: skip


def test_the_steps_have_protocols_of_their_own(maps, tiny):
    for options in ({"protocol": "soft"}, {"share": "0.1"}):
        with pytest.raises(CommandError, match="--steps has protocols of its own") as caught:
            call_command("evaluate", "photos", networks="tiny", methods="grad-cam", steps=True, **options)
        assert caught.value.returncode == 2
    assert find_protocol("percentile-lanczos").mask == "percentile-lanczos"
    with pytest.raises(CommandError, match="choose from paper, ") as caught:
        call_command("evaluate", "photos", networks="tiny", methods="grad-cam", protocol="hard")
    assert "percentile" not in str(caught.value)
