"""A run makes every map once, whole batches or nothing, and can be run again."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from PIL import Image as PillowImage

from explain.cam import explain
from explain.cam.names import OWN_NAMES
from explain.cam.rendering import render
from explain.maps import compute, crop_of, draw_pictures, runs
from explain.maps.batches import run_batch, run_pending
from explain.maps.missing import parameters_hash
from explain.models import Batch, ExplanationMap, Image, Precompute, Prediction
from explain.networks.registry import add_network, load_network
from explain.photos.importer import import_images
from tests.explain.photo_files import make_folder, photo_bytes

METHODS = ["grad-cam", "ablation-cam", "pixel-ablation-cam"]


def make_maps(photos, network, methods=METHODS, **options) -> Precompute:
    run = runs.plan_run(image_set=photos, networks=[network], methods=methods, **options)
    run_pending(run, lambda: None)
    return run


def stored_files(settings) -> set[str]:
    root = Path(settings.MEDIA_ROOT)
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}


def named_files() -> set[str]:
    """Every file that a row names."""
    rows = [
        *Image.objects.values_list("file", "picture"),
        *ExplanationMap.objects.values_list("overlay", "masked", "heat", "array_file"),
    ]
    return {name for row in rows for name in row if name}


def test_every_photo_gets_one_map_of_each_method(photos, tiny, settings):
    run = make_maps(photos, tiny)
    keys = set(ExplanationMap.objects.values_list("image__original_name", "method", "target"))
    assert len(keys) == ExplanationMap.objects.count() == 15
    assert {(name.split("/")[0], target) for name, _, target in keys} == {
        ("hammer", 587),
        ("solar_dish", 807),
    }
    assert set(run.batches.values_list("state", flat=True)) == {"done"}
    assert set(ExplanationMap.objects.values_list("batch__precompute", flat=True)) == {
        run.pk
    }  # where each comes from
    assert stored_files(settings) == named_files()


def test_a_stored_map_is_the_raw_map_of_the_engine(photos, tiny):
    make_maps(photos, tiny)
    net = load_network(tiny)
    image = Image.objects.get(original_name="solar_dish/2.jpg")
    batch = net.preprocess(PillowImage.open(image.file))[None]
    out = explain(net, batch, methods=METHODS, targets=[807])
    for row in ExplanationMap.objects.filter(image=image):
        np.testing.assert_allclose(row.array(), out.maps[row.method][0].numpy(), rtol=1e-5, atol=1e-7)
        assert row.array().dtype == np.dtype("<f4")
        assert row.blank is not (row.array() > 0).any()
        assert row.manifest["score_value"] == pytest.approx(float(out.logits[0, 807]), rel=1e-5)
        assert row.manifest["weights_sha256"] == tiny.weights_sha256
        assert row.manifest["method"] == row.method
        assert row.parameters_hash == parameters_hash(tiny, row.method)


def test_the_hash_of_a_map_covers_all_that_it_was_made_with(tiny):
    text = (
        '{"parameters":{"depth":6,"groups":8,"threshold":0.01},'
        f'"preprocessing":{json.dumps(tiny.preprocessing, sort_keys=True, separators=(",", ":"))},'
        f'"score":"logit","weights_sha256":"{tiny.weights_sha256}"}}'
    )
    first = parameters_hash(tiny, "ablation-cam++")
    assert first == hashlib.sha256(text.encode()).hexdigest()
    tiny.preprocessing = tiny.preprocessing | {"resize": 200}
    second = parameters_hash(tiny, "ablation-cam++")
    tiny.weights_sha256 = "f" * 64
    assert len({first, second, parameters_hash(tiny, "ablation-cam++")}) == 3


def test_every_method_of_the_engine_can_be_stored_and_shown(photos, tiny):
    Image.objects.exclude(original_name="hammer/1.jpg").delete()
    words = [
        {"rise": "rise:masks=8", "occlusion": "occlusion:stride=4:window=8"}.get(name, name)
        for name in OWN_NAMES
    ]
    make_maps(photos, tiny, words)
    rows = ExplanationMap.objects.all()
    assert sorted(row.method for row in rows) == sorted(words)
    assert next(row for row in rows if row.method == "random").manifest["parameters"] == {"seed": 0}


def test_no_picture_is_made_until_somebody_needs_one(photos, tiny, settings):
    before = stored_files(settings)
    make_maps(photos, tiny)
    assert set(ExplanationMap.objects.values_list("overlay", "masked", "heat")) == {("", "", "")}
    assert stored_files(settings) == before


def test_its_pictures_show_the_map_in_the_frame_of_the_photo(photos, tiny):
    make_maps(photos, tiny, ["grad-cam"])
    net = load_network(tiny)
    row = ExplanationMap.objects.select_related("image").first()
    photo = PillowImage.open(row.image.file)
    placed = render.place(row.array(), net.crop_box(*photo.size), render.frame_box(*photo.size))
    frame = render.frame_picture(photo)
    expected = {
        "overlay": render.overlay(frame, placed),
        "masked": render.masked(frame, placed),
        "heat": render.heat(placed),
    }
    maps = [(row, crop_of(tiny, row.image))]
    for kind, picture in expected.items():
        photo_drawn, map_drawn = draw_pictures(row.image, kind, maps, with_photo=True)
        assert (map_drawn == picture).all(), kind
        assert (photo_drawn == frame).all()
    assert len(draw_pictures(row.image, "heat", maps)) == 1


def test_predictions_come_with_the_maps(photos, tiny):
    make_maps(photos, tiny)
    net = load_network(tiny)
    for prediction in Prediction.objects.select_related("image"):
        batch = net.preprocess(PillowImage.open(prediction.image.file))[None]
        shares = explain(net, batch, methods=[]).logits.double().softmax(1)[0]
        assert prediction.top_class == int(shares.argmax())
        assert prediction.top_probability == pytest.approx(float(shares.max()), rel=1e-4)
        assert prediction.label_probability == pytest.approx(
            float(shares[prediction.image.class_index]), rel=1e-4
        )
    assert Prediction.objects.count() == 5


def test_the_top_class_is_explained_when_asked_for(photos, tiny):
    make_maps(photos, tiny, target="top")
    top = dict(Prediction.objects.values_list("image_id", "top_class"))
    assert {(row.image_id, row.target) for row in ExplanationMap.objects.all()} == set(top.items())


def test_running_it_again_computes_nothing(photos, tiny, monkeypatch):
    first = make_maps(photos, tiny)
    before = sorted(ExplanationMap.objects.values_list("pk", "overlay"))
    monkeypatch.setattr(compute, "load_network", None)
    assert make_maps(photos, tiny).pk == first.pk
    assert Batch.objects.count() == first.batches.count()
    make_maps(photos, tiny, ["grad-cam"])
    assert sorted(ExplanationMap.objects.values_list("pk", "overlay")) == before


def test_a_run_takes_in_what_came_since(photos, tiny, inbox):
    run = make_maps(photos, tiny)
    make_folder(inbox, {"hammer/new.jpg": photo_bytes(77)})
    import_images(path=inbox, set_name="photos")
    assert make_maps(photos, tiny).pk == run.pk
    assert ExplanationMap.objects.count() == 18
    make_maps(photos, tiny, [*METHODS[:2]])
    assert ExplanationMap.objects.count() == 18


def test_only_what_is_missing_is_computed(photos, tiny, settings, monkeypatch):
    make_maps(photos, tiny, ["grad-cam"])
    ExplanationMap.objects.filter(image__original_name="hammer/1.jpg").delete()
    asked = []
    original = compute.cam.explain

    def watch(net, batch, methods, **options):
        asked.append((len(batch), list(methods)))
        return original(net, batch, methods=methods, **options)

    monkeypatch.setattr(compute.cam, "explain", watch)
    make_maps(photos, tiny, ["grad-cam"])
    assert asked == [(1, ["grad-cam"])]
    make_maps(photos, tiny, ["grad-cam", "ablation-cam"])
    assert asked[1:] == [(5, ["ablation-cam"])]
    assert ExplanationMap.objects.count() == 10


def test_two_runs_of_the_same_maps_at_once_store_them_once(photos, tiny, fine_maps, settings, monkeypatch):
    """The second run stores all of its maps, each in a file, before the first does."""
    first = runs.plan_run(image_set=photos, networks=[tiny], methods=METHODS)
    second = runs.plan_run(image_set=photos, networks=[tiny], methods=["grad-cam"])
    original = compute.BatchComputation.store

    def overtaken(self):
        if self.batch.precompute_id == first.pk:
            run_pending(second, lambda: None)
        return original(self)

    monkeypatch.setattr(compute.BatchComputation, "store", overtaken)
    run_pending(first, lambda: None)
    assert ExplanationMap.objects.count() == 15
    assert ExplanationMap.objects.filter(batch__precompute=second, method="grad-cam").count() == 5
    assert (first.batches.get().attempts, first.batches.get().error) == (1, "")
    assert stored_files(settings) == named_files()


def test_batches_hold_as_many_photos_as_the_settings_say(photos, tiny, settings):
    settings.BATCH_SIZE = 2
    run = make_maps(photos, tiny, ["grad-cam"])
    assert sorted(batch.images.count() for batch in run.batches.all()) == [1, 2, 2]
    assert ExplanationMap.objects.count() == 5


def test_a_message_that_comes_twice_does_nothing(photos, tiny):
    run = runs.plan_run(image_set=photos, networks=[tiny], methods=["grad-cam"])
    (batch_id,) = runs.pending_batches(run)
    assert run_batch(batch_id).state == "done"
    assert run_batch(batch_id) is None
    assert Batch.objects.get(pk=batch_id).attempts == 1


def test_another_network_of_another_crop_goes_into_the_same_run(photos, tiny):
    other, _ = add_network(name="other", load="timm:test_resnet", layer="layer4", weights="random")
    run = runs.plan_run(image_set=photos, networks=[tiny, other], methods=["grad-cam"])
    run_pending(run, lambda: None)
    assert ExplanationMap.objects.filter(network=tiny).count() == 5
    assert ExplanationMap.objects.filter(network=other).count() == 5


def test_the_command_makes_maps_inline_and_counts_them(photos, tiny, capfd):
    call_command("precompute", "photos", networks="tiny", methods="grad-cam,ablation-cam", inline=True)
    out, bar = capfd.readouterr()
    assert out.splitlines()[1].split()[:3] == ["tiny", "grad-cam", "5"]
    assert "5 of 5 photos" in out
    assert "5/5" in bar
    call_command("precompute", "photos", "--networks=tiny", "--methods=grad-cam", "--inline", "--json")
    told = json.loads(capfd.readouterr().out)
    assert told["maps"] == [
        {
            "network": "tiny",
            "method": "grad-cam",
            "maps": 5,
            "blank": ExplanationMap.objects.filter(method="grad-cam", blank=True).count(),
        }
    ]
    assert told["failures"] == []
    assert (told["run"], told["set"], told["target"]) == (
        Precompute.objects.order_by("pk").last().pk,
        "photos",
        "label",
    )
    assert told["batches"]["failed"] == 0
    assert told["seconds"] >= 0


def test_a_photo_with_two_maps_of_a_method_is_one_photo_and_a_method_without_maps_has_none(
    photos, tiny, capsys, monkeypatch
):
    """One map is of the label and one of the top class; both are blank. Then the disk is full."""
    arguments = ["precompute", "photos", "--networks=tiny", "--inline", "--json"]
    call_command(*arguments, "--methods=grad-cam")
    call_command(*arguments, "--methods=grad-cam", "--target=top")
    ExplanationMap.objects.update(blank=True)
    capsys.readouterr()

    def broken(*_, **__):
        raise OSError("No space left on device")

    monkeypatch.setattr(compute.BatchComputation, "compute", broken)
    with pytest.raises(CommandError):
        call_command(*arguments, "--methods=grad-cam,hirescam", "--target=top")
    printed = json.loads(capsys.readouterr().out)
    assert ExplanationMap.objects.count() == 10
    assert printed["target"] == "top"
    assert [(row["method"], row["maps"], row["blank"]) for row in printed["maps"]] == [
        ("grad-cam", 5, 5),
        ("hirescam", 0, 0),
    ]
    assert [(failure["network"], failure["error"]) for failure in printed["failures"]] == [
        ("tiny", "OSError: No space left on device")
    ]


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"networks": "tiny", "methods": "grad-cam,no-cam"}, "unknown method no-cam; choose from grad-cam, "),
        ({"networks": "tiny", "methods": ","}, "--methods: name at least one method"),
        ({"networks": "huge", "methods": "grad-cam"}, "there is no network “huge” (there is: tiny)"),
        ({"networks": ",", "methods": "grad-cam"}, "no network is named"),
        ({"set_name": "none", "networks": "tiny", "methods": "grad-cam"}, "there is no set “none”"),
    ],
)
def test_what_does_not_exist_is_one_line_and_no_run(photos, tiny, options, complaint):
    with pytest.raises(CommandError) as caught:
        call_command("precompute", options.pop("set_name", "photos"), inline=True, **options)
    assert caught.value.returncode == 2
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not Precompute.objects.exists()


def test_photos_of_a_class_that_the_network_does_not_know(photos, tiny):
    Image.objects.filter(original_name="hammer/2.jpg").update(class_name="my bicycle", class_index=None)
    with pytest.raises(
        CommandError, match=r"no class for 1 of 5 photos \(hammer/2.jpg is called “my bicycle”\)"
    ):
        call_command("precompute", "photos", networks="tiny", methods="grad-cam", inline=True)
    call_command("precompute", "photos", networks="tiny", methods="grad-cam", target="top", inline=True)
    assert ExplanationMap.objects.count() == 5
