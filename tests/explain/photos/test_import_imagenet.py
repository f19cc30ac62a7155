"""ImageNet's validation set as it is published: flat files, the official list, the kit, XML boxes; part by part, in place."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from scipy.io import savemat

from explain.core.errors import BadInputError
from explain.maps import runs
from explain.maps.batches import run_pending
from explain.models import ExplanationMap, Image
from explain.photos import importer
from explain.photos.class_names import imagenet_names, imagenet_synsets
from explain.photos.importer import import_images
from explain.photos.pixels import pixels_of
from tests.explain.photo_files import make_folder, make_zip, photo_bytes

pytestmark = pytest.mark.django_db

# ILSVRC2012_ID -> synset, as the kit numbers them: not in the order of the networks' classes.
KIT = {1: "n02119789", 2: "n02100735", 3: "n04258138", 4: "n01440764", 1001: "n00001740"}
TRUTH = [4, 3, 1, 4, 3]  # of photos 1 to 5
CLASSES = [0, 807, 278, 0, 807]  # torchvision's index: tench, solar dish, kit fox
NAMES = ["tench", "solar dish", "kit fox", "tench", "solar dish"]


def val(number: int) -> str:
    return f"ILSVRC2012_val_{number:08d}"


def xml(number: int, synset: str, *boxes: str, size: tuple[int, int] = (80, 60)) -> str:
    objects = "".join(
        f"<object><name>{synset}</name><bndbox>"
        + "".join(
            f"<{k}>{v}</{k}>" for k, v in zip(("xmin", "ymin", "xmax", "ymax"), box.split(), strict=True)
        )
        + "</bndbox></object>"
        for box in boxes
    )
    return (
        f"<annotation><folder>val</folder><filename>{val(number)}</filename>"
        f"<size><width>{size[0]}</width><height>{size[1]}</height><depth>3</depth></size>{objects}</annotation>"
    )


@pytest.fixture
def published(inbox) -> Path:
    """A miniature of what is published: five photos, the kit, boxes for four of them."""
    make_folder(inbox / "val", {f"{val(n)}.JPEG": photo_bytes(n) for n in range(1, 6)})
    make_folder(
        inbox / "ILSVRC2012_devkit_t12/data",
        {"ILSVRC2012_validation_ground_truth.txt": "".join(f"{number}\n" for number in TRUTH)},
    )
    kind = [("ILSVRC2012_ID", object), ("WNID", object), ("words", object)]
    table = np.array([(number, synset, "some words") for number, synset in KIT.items()], dtype=kind)
    savemat(inbox / "ILSVRC2012_devkit_t12/data/meta.mat", {"synsets": table.reshape(-1, 1)})
    make_folder(
        inbox / "bbox/val",
        {
            f"{val(1)}.xml": xml(1, "n01440764", "5 6 40 50", "50 10 81 61"),
            f"{val(2)}.xml": xml(2, "n04258138", "0 0 20 20"),
            f"{val(3)}.xml": xml(3, "n02119789", "1 2 3 4", size=(60, 80)),
            f"{val(4)}.xml": xml(4, "n02119789", "1 2 30 40"),
        },
    )
    return inbox


def bring_in(published: Path, set_name: str = "val", **options):
    return import_images(
        path=published / "val",
        set_name=set_name,
        devkit=published / "ILSVRC2012_devkit_t12",
        boxes=published / "bbox",
        resumable=True,
        **options,
    )


def rows() -> list[tuple]:
    photos = Image.objects.order_by("original_name")
    return list(photos.values_list("original_name", "class_index", "class_name", "boxes", "source"))


def expected() -> list[tuple]:
    boxes = [[[5, 6, 40, 50], [50, 10, 80, 60]], [[0, 0, 20, 20]], [], [], []]
    return [
        (f"{val(n)}.JPEG", CLASSES[n - 1], NAMES[n - 1], boxes[n - 1], f"ILSVRC2012 validation, {KIT[TRUTH[n - 1]]}")
        for n in range(1, 6)
    ]  # fmt: skip


def test_the_published_layout_comes_in_exactly(published):
    """Ids go by the kit to synsets and by those to the networks' classes; boxes are cut off at the photo's edges.

    The third photo is not as large as its XML says, the fourth's XML is of another class, the fifth has none.
    """
    done = bring_in(published)
    assert rows() == expected()
    assert (done.added, done.remarks) == (
        5,
        [f"1 photos have another size than their XML says, and came in without boxes: {val(3)}.JPEG."],
    )


@pytest.mark.parametrize(
    "truth",
    [
        "".join(f"{KIT[number]}\n" for number in TRUTH),
        "".join(f"{val(n)}.JPEG {KIT[number]}\n" for n, number in reversed(list(enumerate(TRUTH, start=1)))),
        "ImageId,PredictionString\n"
        + "".join(f"{val(n)},{KIT[number]} 1 2 3 4 \n" for n, number in enumerate(TRUTH, start=1)),
    ],
)
def test_a_list_of_synsets_says_the_same_as_the_kit(published, truth):
    (published / "truth.txt").write_text(truth)
    import_images(path=published / "val", set_name="val", ground_truth=published / "truth.txt")
    assert [row[1:3] for row in rows()] == list(zip(CLASSES, NAMES, strict=True))


def test_class_folders_by_synset_say_the_same(published, inbox):
    folders = {f"{KIT[t]}/{val(n)}.JPEG": photo_bytes(n) for n, t in enumerate(TRUTH, start=1)}
    import_images(
        path=make_folder(inbox / "folders", folders), set_name="val", boxes=published / "bbox", resumable=True
    )
    by_stem = {name.split("/")[1]: (index, boxes) for name, index, _, boxes, _ in rows()}
    assert by_stem == {name: (index, boxes) for name, index, _, boxes, _ in expected()}


def test_a_stopped_import_keeps_whole_parts_and_goes_on(published, settings, monkeypatch):
    monkeypatch.setattr(importer, "PART", 2)

    def stops(done, total):
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bring_in(published, progress=stops)
    files = [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]
    assert Image.objects.count() == 2  # the part that was under way left nothing
    assert len(files) == 2 * 2
    done = bring_in(published)
    assert (done.added, done.already_there) == (3, 2)
    assert rows() == expected()
    again = bring_in(published)
    assert (again.added, again.already_there, again.updated) == (0, 5, 0)
    assert rows() == expected()


def test_a_bad_photo_is_named_and_the_good_ones_stay(published):
    (published / "val" / f"{val(2)}.JPEG").write_bytes(b"no picture")
    with pytest.raises(BadInputError) as error:
        bring_in(published)
    lines = str(error.value).splitlines()
    assert lines[0].startswith(f"{val(2)}.JPEG: not a picture that is read here")
    assert lines[1] == "4 photos are in; mend these and run it again to add them"
    (published / "val" / f"{val(2)}.JPEG").write_bytes(photo_bytes(2))
    assert bring_in(published).added == 1
    assert rows() == expected()


def test_in_place_nothing_is_copied_or_stored_even_where_somebody_looks(
    published, settings, tiny, client, admin_user
):
    bring_in(published, in_place=True)
    assert rows() == expected()
    assert not Path(settings.MEDIA_ROOT).exists()
    photo = Image.objects.get(original_name=f"{val(1)}.JPEG")
    assert photo.source_path == str(published / "val" / f"{val(1)}.JPEG")
    run_pending(runs.plan_run(image_set=photo.image_set, networks=[tiny], methods=["grad-cam"]), lambda: None)
    in_place = {row.image.original_name: bytes(row.values) for row in ExplanationMap.objects.all()}
    assert not Path(settings.MEDIA_ROOT).exists()
    client.force_login(admin_user)
    row = ExplanationMap.objects.get(image=photo)
    assert client.get(f"/maps/pictures/overlay/{row.pk}/").status_code == 200
    assert not Path(settings.MEDIA_ROOT).exists()
    copies = bring_in(published, set_name="copies").image_set
    run_pending(runs.plan_run(image_set=copies, networks=[tiny], methods=["grad-cam"]), lambda: None)
    copied = ExplanationMap.objects.filter(image__image_set=copies).select_related("image")
    assert {row.image.original_name: bytes(row.values) for row in copied} == in_place


def test_a_photo_that_changed_or_went_is_named_and_a_folder_that_moved_is_followed(published):
    bring_in(published, in_place=True)
    (published / "val" / f"{val(1)}.JPEG").write_bytes(photo_bytes(9))
    with pytest.raises(BadInputError, match="is no longer the file that was imported"):
        pixels_of(Image.objects.get(original_name=f"{val(1)}.JPEG"))
    (published / "val").rename(published / "elsewhere")
    second = Image.objects.get(original_name=f"{val(2)}.JPEG")
    with pytest.raises(
        BadInputError, match=r"cannot be read \(No such file or directory\); put the file back"
    ):
        pixels_of(second)
    make_folder(published / "elsewhere", {f"{val(1)}.JPEG": photo_bytes(1)})
    (published / "elsewhere").rename(published / "val2")
    import_images(
        path=published / "val2",
        set_name="val",
        devkit=published / "ILSVRC2012_devkit_t12",
        in_place=True,
        resumable=True,
    )
    second.refresh_from_db()
    assert pixels_of(second).size == (80, 60)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (
            {"ground_truth": "ILSVRC2012_devkit_t12/data/ILSVRC2012_validation_ground_truth.txt"},
            "holds ILSVRC ids, whose order is not that of the networks' classes; give the developers' kit too (--devkit",
        ),
        ({"ground_truth": "nowhere.txt"}, "cannot be read as a text"),
        ({"devkit": "bbox"}, "holds no ILSVRC2012_validation_ground_truth.txt, nor does its folder data"),
        ({"ground_truth": "short.txt"}, f"{val(2)}.JPEG: the list of classes does not have it"),
        ({"ground_truth": "odd.txt"}, "odd.txt line 2: “fish” is neither an ILSVRC id nor a synset"),
        ({"devkit": "ILSVRC2012_devkit_t12", "boxes": "val"}, "holds no XML files"),
    ],
)
def test_what_is_missing_is_named_with_its_remedy(published, options, complaint):
    (published / "short.txt").write_text("n01440764\n")
    (published / "odd.txt").write_text("n01440764\nfish\n")
    paths = {name: published / path for name, path in options.items()}
    with pytest.raises(CommandError) as error:
        call_command("import_images", str(published / "val"), set_name="val", **paths)
    assert error.value.returncode == 2
    assert complaint in str(error.value)
    assert not Image.objects.exists()


def test_a_zip_cannot_be_used_in_place(inbox):
    path = make_zip(inbox / "photos.zip", {"hammer/1.jpg": photo_bytes(1)})
    with pytest.raises(BadInputError, match="unpack it, or import without --in-place"):
        import_images(path=path, set_name="s", in_place=True)


def test_class_names_are_those_of_the_libraries_and_take_no_torch():
    """They are read from the libraries' files: importing either takes more memory than an import may."""
    code = "import sys, django; django.setup(); from explain.photos.class_names import imagenet_class as c; print(c('n04258138'), 'torch' in sys.modules)"
    printed = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert printed == "(807, 'solar dish') False\n"
    from timm.data import ImageNetInfo
    from torchvision.models import ResNet18_Weights

    assert imagenet_names() == ResNet18_Weights.DEFAULT.meta["categories"]
    assert imagenet_synsets() == ImageNetInfo().label_names()
