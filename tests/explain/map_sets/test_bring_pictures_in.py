"""Finished pictures come in as files: each laid into the frame, all or none, and what tells their arm is said."""

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from django.core.files.storage import default_storage
from django.core.management import call_command
from PIL import Image as PillowImage
from PIL import ImageDraw

from explain.cam.rendering import render
from explain.core.errors import BadInputError
from explain.map_sets import (
    Fit,
    Laying,
    Request,
    holds_pictures,
    import_maps,
    importer,
    plan_maps,
    preview_picture,
)
from explain.map_sources import source_of
from explain.models import ExplanationMap, Image, MapSet
from tests.explain.map_sets.conftest import NAMES, asked

pytestmark = [pytest.mark.django_db, pytest.mark.real_pictures]
SIDE = render.PICTURE


def noise(seed=0, size=(64, 64)) -> PillowImage.Image:
    """Soft colours, as of a photo."""
    small = np.random.default_rng(seed).integers(0, 255, (8, 8, 3), dtype=np.uint8)
    return PillowImage.fromarray(small).resize(size, PillowImage.Resampling.BICUBIC)


@pytest.fixture
def panels(tmp_path):
    """A picture of each photo, of the frame's size, under its name."""
    root = tmp_path / "panels"
    for number, name in enumerate(NAMES):
        file = root / name.replace(".jpg", ".png")
        file.parent.mkdir(parents=True, exist_ok=True)
        noise(number, (SIDE, SIDE)).save(file)
    return root


def wanted(path, fit=Fit.WHOLE, **changes) -> Request:
    return Request(**{"path": path, "images": "birds", "name": "panels", "reading": Laying(fit), **changes})


def shown(row) -> np.ndarray:
    with row.overlay.open("rb") as file:
        return np.asarray(PillowImage.open(file).convert("RGB"))


def test_they_come_in_pixel_by_pixel_and_are_an_arm_without_numbers(birds, panels):
    imported = import_maps(wanted(panels, provenance={"made_by": "ProtoPNet"}))
    assert (imported.plan.new, holds_pictures(imported.map_set), imported.plan.lowest) == (3, True, None)
    assert "lowest" not in imported.to_json()
    for row in imported.map_set.maps.select_related("image"):
        source = source_of(row)
        assert (source.name, source.has_arrays, row.target) == ("pictures", False, row.image.class_index)
        drawn = PillowImage.open(panels / row.image.original_name.replace("jpg", "png"))
        np.testing.assert_array_equal(shown(row), np.asarray(drawn))
        assert row.overlay.name == row.masked.name == row.heat.name
        assert row.manifest["provenance"] == {"made_by": "ProtoPNet"}
    images = list(Image.objects.all())
    assert len(source_of({"pictures": "panels"}).maps_of({"pictures": "panels"}, images)) == 3
    assert source_of({"maps": "x"}).maps_of({"maps": "panels"}, images) == {}


def test_a_zip_with_a_manifest_and_pictures_of_every_kind(birds, tmp_path):
    kinds = {"a.jpg": ("RGB", "JPEG"), "b.tif": ("CMYK", "TIFF"), "c.png": ("L", "PNG")}
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for number, (name, (mode, kind)) in enumerate(kinds.items()):
            file = io.BytesIO()
            noise(number, (SIDE, SIDE)).convert(mode).save(file, kind)
            archive.writestr(name, file.getvalue())
        lines = [f"{photo},{file}" for photo, file in zip(NAMES, kinds, strict=True)]
        archive.writestr("manifest.csv", "photo,file\n" + "\n".join(lines))
    assert import_maps(wanted(tmp_path / "all.zip")).plan.new == 3


def test_what_is_not_square_is_shown_whole_in_the_middle_of_white(birds, panels):
    noise(7, (900, 300)).save(panels / "dam/1.png")
    plan = import_maps(wanted(panels)).plan
    picture = shown(ExplanationMap.objects.get(image__original_name="dam/1.jpg"))
    edge = round(SIDE / 3)
    top = (SIDE - edge) // 2
    assert (picture[:top] == 255).all()
    assert (picture[top + edge :] == 255).all()
    assert (picture[top : top + edge] < 255).any(axis=(1, 2)).all()
    assert any("1 of 3 pictures are not square and have white beside them" in line for line in plan.remarks)


def test_an_overlay_of_the_whole_photo_is_cut_as_the_others_are(birds, panels):
    Image.objects.update(width=96, height=48)
    for number, name in enumerate(NAMES):
        noise(number, (300, 150)).save(panels / name.replace("jpg", "png"))
    import_maps(wanted(panels, Fit.FRAME))
    picture = shown(ExplanationMap.objects.get(image__original_name="hammer/1.jpg"))
    np.testing.assert_array_equal(picture, render.frame_picture(noise(0, (300, 150))))


def planted_border(picture):
    ImageDraw.Draw(picture).rectangle((0, 0, SIDE - 1, SIDE - 1), outline="red", width=6)


def planted_writing(picture):
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 0, SIDE, 60), fill="white")
    draw.text((20, 4), "Grad-CAM: hammer 0.98 (layer4)", fill="black", font_size=22)
    draw.text((20, 32), "ResNet-50, target class 587", fill="black", font_size=16)


@pytest.mark.parametrize(
    ("plant", "words"),
    [
        (planted_border, "3 of 3 pictures have a plain border that their photos have not"),
        (planted_writing, "3 of 3 pictures seem to hold writing"),
        (None, ""),
    ],
)
def test_what_tells_the_arm_is_said_before_they_come_in(birds, panels, plant, words):
    for name in NAMES:
        file = panels / name.replace("jpg", "png")
        picture = PillowImage.open(file)
        if plant:
            plant(picture)
        picture.save(file)
    remarks = plan_maps(wanted(panels)).remarks
    assert any(line.startswith(words) for line in remarks) if words else remarks == []


def test_a_border_of_the_photo_itself_is_none(birds, panels):
    """A hammer on white, under whatever somebody drew on it."""
    white = io.BytesIO()
    PillowImage.new("RGB", (96, 96), "white").save(white, "PNG")
    for image in Image.objects.all():
        with image.file.open("wb") as file:
            file.write(white.getvalue())
        picture = PillowImage.new("RGB", (SIDE, SIDE), "white")
        picture.paste(noise(image.pk, (200, 200)), (100, 100))
        picture.save(panels / image.original_name.replace("jpg", "png"))
    assert plan_maps(wanted(panels)).remarks == []


def test_a_preview_shows_three_photos_and_stores_nothing(birds, panels, capsys):
    plan = plan_maps(wanted(panels))
    with PillowImage.open(io.BytesIO(preview_picture(plan.samples))) as picture:
        assert picture.size == (976, 648)
        below = np.asarray(picture.crop((0, 328, 320, 648)), dtype=int)
    first = noise(2, (SIDE, SIDE)).resize((320, 320), PillowImage.Resampling.LANCZOS)
    assert abs(below - np.asarray(first)).mean() < 5
    assert not MapSet.objects.exists()


def two_frames(file):
    noise().save(file, "GIF", save_all=True, append_images=[noise(1)])


BAD = {
    "no picture": (lambda file: file.write_bytes(b"hello"), "not a picture that is read here"),
    "nothing": (lambda file: file.write_bytes(b""), "is an empty file"),
    "cut off": (lambda file: file.write_bytes(file.read_bytes()[:400]), "the picture is damaged"),
    "a web page": (lambda file: file.write_text("<!doctype html><p>404"), "is a web page"),
    "frames": (two_frames, "several frames; save one picture of each photo"),
    "one colour": (lambda file: PillowImage.new("RGB", (64, 64), "navy").save(file), "one colour everywhere"),
    "thin": (lambda file: noise(0, (1800, 100)).save(file), "1,800 × 100 pixels, too long and thin"),
    "unknown": (lambda file: file.rename(file.with_name("9.png")), "name it as its photo is named (hammer/1.png for"),
    "missing": (lambda file: file.unlink(), "no picture of this photo; add it"),
    "two": (lambda file: noise().save(file.with_suffix(".bmp")), "a second picture of hammer/2.jpg"),
}  # fmt: skip


def test_all_that_is_wrong_is_named_at_once_and_nothing_is_stored(birds, panels, settings):
    """Each kind of fault by itself, and its neighbour's with it."""
    before = ExplanationMap.objects.count()
    for break_it, words in BAD.values():
        for number in (1, 2):
            noise(number, (SIDE, SIDE)).save(panels / f"hammer/{number}.png")
        (panels / "dam/1.png").write_bytes(b"%PDF-1.7")
        break_it(panels / "hammer/2.png")
        with pytest.raises(BadInputError) as caught:
            import_maps(wanted(panels))
        told = str(caught.value)
        assert words in told
        assert "dam/1.png: is a PDF, not a photo" in told
        for file in (panels / "hammer").glob("*"):
            file.unlink()
    assert not MapSet.objects.exists()
    assert ExplanationMap.objects.count() == before


def test_a_picture_of_another_shape_does_not_lie_over_the_photo(birds, panels):
    Image.objects.update(width=96, height=48)
    with pytest.raises(BadInputError, match="is not the shape of its photo"):
        plan_maps(wanted(panels, Fit.FRAME))


def test_the_same_again_changes_nothing_and_another_never_takes_its_place(birds, panels):
    import_maps(wanted(panels))
    names = list(ExplanationMap.objects.values_list("overlay", flat=True))
    assert import_maps(wanted(panels)).plan.already_there == 3
    assert list(ExplanationMap.objects.values_list("overlay", flat=True)) == names
    noise(9).save(panels / "dam/1.png")
    with pytest.raises(BadInputError, match=r"another picture than the one that panels has of dam/1\.jpg"):
        import_maps(wanted(panels))
    with pytest.raises(
        BadInputError, match="there are pictures of this name, and they are finished pictures"
    ):
        import_maps(asked(panels, name="panels"))


def test_a_stopped_import_goes_on_and_leaves_no_file_without_a_row(birds, panels, monkeypatch, settings):
    monkeypatch.setattr(importer, "PART", 2)
    root = Path(default_storage.location)

    def stop(done, total):
        if done == 3:  # of which two are saved
            raise KeyboardInterrupt

    before = {path for path in root.rglob("*") if path.is_file()}
    with pytest.raises(KeyboardInterrupt):
        import_maps(wanted(panels), progress=stop)
    new = {path for path in root.rglob("*") if path.is_file()} - before
    assert new == {root / name for name in ExplanationMap.objects.values_list("overlay", flat=True)}
    images = list(Image.objects.all())
    assert source_of({"pictures": "panels"}).maps_of({"pictures": "panels"}, images) == {}
    plan = import_maps(wanted(panels)).plan
    assert (plan.new, plan.already_there) == (1, 2)


def test_the_command_says_what_it_did(birds, panels, tmp_path, capsys):
    options = ["--images", "birds", "--name", "panels", "--preview", str(tmp_path / "three.jpg"), "--json"]
    call_command("import_pictures", str(panels), *options)
    told = json.loads(capsys.readouterr().out)
    assert (told["pictures"], told["new"], told["shapes"]) == (3, 3, {f"{SIDE} × {SIDE}": 3})
    assert (tmp_path / "three.jpg").exists()


def test_arrays_are_no_pictures_and_say_so(birds, folder):
    with pytest.raises(BadInputError, match="no pictures in it"):
        import_maps(wanted(folder))
