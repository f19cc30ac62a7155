"""Photos come in whole, once, and with what is known of them."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from django.core.files.storage import default_storage
from django.core.management import call_command
from PIL import Image as PillowImage

from explain.models import Image, ImageSet
from explain.photos.importer import import_images
from tests.explain.photo_files import make_folder, make_zip, photo_bytes, two_classes

pytestmark = pytest.mark.django_db
SAMPLES = Path(__file__).parents[3] / "samples" / "photos"


def stored_files(settings) -> list[Path]:
    return [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]


def test_the_samples_come_in_with_classes_boxes_and_credits(settings):
    done = import_images(path=SAMPLES, set_name="samples")
    assert (done.added, done.already_there, done.ignored) == (49, 0, [])
    cat = Image.objects.get(original_name="madagascar-cat-1.jpg")
    assert (cat.class_index, cat.class_name, cat.width, cat.height) == (383, "Madagascar cat", 640, 427)
    assert cat.boxes == [[64, 0, 288, 265], [243, 128, 563, 393]]
    assert (cat.author, cat.licence) == ("Sannse", "CC-BY-SA-3.0")
    assert cat.source.startswith("https://commons.wikimedia.org/")
    assert len(stored_files(settings)) == 98


def test_what_is_stored_has_the_pixels_of_the_file_and_no_metadata(inbox):
    exif = PillowImage.Exif()
    exif[0x010E] = "taken at home by Ann"
    content = photo_bytes(1, exif=exif, comment=b"secret")
    make_folder(inbox, {"hammer/1.jpg": content})
    import_images(path=inbox, set_name="s")
    image = Image.objects.get()
    stored = image.file.read()
    assert b"Ann" in content
    assert b"Ann" not in stored
    assert b"secret" not in stored
    opened = PillowImage.open(io.BytesIO(stored))
    assert not opened.info
    original = np.asarray(PillowImage.open(io.BytesIO(content)))
    np.testing.assert_array_equal(np.asarray(opened), original)


def test_a_photo_taken_sideways_is_turned_upright(inbox):
    exif = PillowImage.Exif()
    exif[0x0112] = 6  # to be turned by 90° clockwise
    make_folder(inbox, {"hammer/1.png": photo_bytes(1, (80, 60), "PNG", exif=exif)})
    import_images(path=inbox, set_name="s")
    image = Image.objects.get()
    assert (image.width, image.height) == (60, 80)
    upright = np.asarray(PillowImage.open(image.file))
    lying = np.asarray(PillowImage.open(io.BytesIO(photo_bytes(1, (80, 60), "PNG"))))
    np.testing.assert_array_equal(upright, np.rot90(lying, -1))


@pytest.mark.real_pictures
def test_the_picture_that_people_see_is_the_frame_of_the_photo(inbox):
    make_folder(inbox, {"hammer/1.jpg": photo_bytes(1, (300, 200))})
    import_images(path=inbox, set_name="s")
    picture = PillowImage.open(Image.objects.get().picture)
    assert (picture.format, picture.size) == ("JPEG", (448, 448))


def test_transparent_sixteen_bit_and_cmyk_pictures_come_in_as_a_browser_shows_them(inbox):
    clear = io.BytesIO()
    PillowImage.new("RGBA", (40, 40), (255, 0, 0, 0)).save(clear, "PNG")
    deep = io.BytesIO()
    PillowImage.fromarray(np.full((40, 40), 0x8000, np.uint16)).save(deep, "PNG")
    print_ready = io.BytesIO()
    PillowImage.new("CMYK", (40, 40), (0, 0, 0, 0)).save(print_ready, "JPEG")
    make_folder(
        inbox,
        {
            "hammer/clear.png": clear.getvalue(),
            "hammer/deep.png": deep.getvalue(),
            "hammer/print.jpg": print_ready.getvalue(),
        },
    )
    import_images(path=inbox, set_name="s")
    colours = {i.original_name: PillowImage.open(i.file).getpixel((20, 20)) for i in Image.objects.all()}
    assert colours["hammer/clear.png"] == (255, 255, 255)
    assert colours["hammer/deep.png"] == (128, 128, 128)
    assert min(colours["hammer/print.jpg"]) >= 253


def test_a_folder_for_each_class_gives_names_and_imagenet_indices(inbox):
    files = two_classes() | {
        "n04258138/x.webp": photo_bytes(4, kind="WEBP"),
        "my_bicycle/b.jpg": photo_bytes(5),
        "my_bicycle/.DS_Store": "x",
        "README.txt": "x",
    }
    done = import_images(path=make_folder(inbox, files), set_name="s")
    classes = set(Image.objects.values_list("original_name", "class_name", "class_index"))
    assert classes == {
        ("hammer/1.jpg", "hammer", 587),
        ("hammer/2.jpg", "hammer", 587),
        ("solar_dish/a.png", "solar dish", 807),
        ("n04258138/x.webp", "solar dish", 807),
        ("my_bicycle/b.jpg", "my bicycle", None),
    }
    assert done.ignored == ["README.txt"]


@pytest.mark.parametrize("top", ["", "photos/"])
def test_a_zip_of_class_folders_is_the_same_as_the_folder(inbox, top):
    names = {top + name: content for name, content in two_classes().items()} | {
        "__MACOSX/hammer/._1.jpg": "x"
    }
    import_images(path=make_zip(inbox / "photos.zip", names), set_name="zipped")
    import_images(path=make_folder(inbox / "folder", two_classes()), set_name="plain")
    assert photos_of("zipped") == photos_of("plain")
    assert len(photos_of("plain")) == 3


def photos_of(set_name: str) -> list[tuple]:
    rows = Image.objects.filter(image_set__name=set_name)
    return sorted(rows.values_list("class_name", "class_index", "source_sha256", "content_sha256"))


def test_a_zip_with_a_manifest_is_read_by_its_manifest(inbox):
    manifest = "file,class_index,boxes\nphotos/1.jpg,587,1 2 30 40\n"
    files = {
        "set/manifest.csv": manifest,
        "set/photos/1.jpg": photo_bytes(1),
        "set/photos/2.jpg": photo_bytes(2),
    }
    done = import_images(path=make_zip(inbox / "a.zip", files), set_name="s")
    image = Image.objects.get()
    assert (image.class_name, image.boxes) == ("hammer", [[1, 2, 30, 40]])
    assert done.ignored == ["set/photos/2.jpg"]


def test_the_same_photos_twice_are_already_there(inbox, settings):
    make_folder(inbox / "in", two_classes())
    import_images(path=inbox / "in", set_name="s")
    before = (set(Image.objects.values_list("pk", "file")), sorted(stored_files(settings)))
    again = import_images(path=inbox / "in", set_name="s")
    assert (again.added, again.already_there) == (0, 3)
    assert (set(Image.objects.values_list("pk", "file")), sorted(stored_files(settings))) == before


def test_one_photo_under_two_names_is_one_photo(inbox):
    make_folder(inbox, {"hammer/1.jpg": photo_bytes(1), "hammer/copy.jpg": photo_bytes(1)})
    done = import_images(path=inbox, set_name="s")
    assert (done.added, done.repeated, Image.objects.count()) == (1, 1, 1)


def test_two_sets_may_hold_the_same_photo(inbox):
    make_folder(inbox, two_classes())
    import_images(path=inbox, set_name="a")
    import_images(path=inbox, set_name="b")
    assert Image.objects.count() == 6


def test_boxes_of_their_own_file_go_before_the_manifest_and_can_come_later(inbox):
    photos = make_folder(inbox / "in", {"hammer/1.jpg": photo_bytes(1), "hammer/2.jpg": photo_bytes(2)})
    boxes = inbox / "boxes.csv"
    boxes.write_text(
        "file,x1,y1,x2,y2\n1.jpg,1,2,30,40\n1,5,6,7,8\nhammer/2.jpg,0,0,80,60\nother.jpg,1,1,2,2\n"
    )
    import_images(path=photos, set_name="s")
    done = import_images(path=photos, set_name="s", boxes=boxes)
    assert (done.already_there, done.updated) == (2, 2)
    boxes_of = dict(Image.objects.values_list("original_name", "boxes"))
    assert boxes_of == {"hammer/1.jpg": [[1, 2, 30, 40]], "hammer/2.jpg": [[0, 0, 80, 60]]}
    assert import_images(path=photos, set_name="s").updated == 0


def test_the_command_prints_a_table_or_json_and_its_bar_on_stderr(inbox, capfd):
    make_folder(inbox, two_classes())
    call_command("import_images", str(inbox), set_name="s")
    table, bar = capfd.readouterr()
    assert table.splitlines()[1].split() == ["s", "3", "0", "0", "3", "2"]
    assert "3/3" in bar
    call_command("import_images", str(inbox), "--set", "s", "--json")
    assert json.loads(capfd.readouterr().out) == {
        "set": "s",
        "added": 0,
        "already_there": 3,
        "updated": 0,
        "repeated": 0,
        "ignored": [],
        "remarks": [],
        "warnings": [
            "3 photos are under 100 pixels high or wide, and will be a blur: hammer/1.jpg, hammer/2.jpg, solar_dish/a.png; "
            "take them from a larger original, or leave them out."
        ],
        "photos": 3,
        "classes": 2,
    }


def test_names_of_stored_files_say_nothing(inbox):
    make_folder(inbox, two_classes())
    import_images(path=inbox, set_name="s")
    names = [name for pair in Image.objects.values_list("file", "picture") for name in pair]
    assert len(set(names)) == 6
    assert all(default_storage.exists(name) for name in names)
    assert not [name for name in names if "hammer" in name or "photo" in name]
    assert ImageSet.objects.get().name == "s"
