"""What an import keeps of a photo and of what was said of it: colours, boxes, credits, classes; and what it changes later."""

import io
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError
from PIL import Image as PillowImage
from PIL import ImageCms

from explain.core.errors import BadInputError
from explain.models import Image, ImageSet
from explain.photos import importer
from explain.photos.boxes import BoxLookup, check_boxes, parse_boxes, read_boxes
from explain.photos.cleaning import clean_photo
from explain.photos.importer import import_images
from tests.explain.photo_files import make_folder, photo_bytes

pytestmark = pytest.mark.django_db
LIMIT = 50_000_000


def swapped_profile() -> bytes:
    """A colour profile whose red is sRGB's green and the other way round: no colour but grey is what its numbers say.

    A matrix profile's primaries stand in the tags rXYZ, gXYZ and bXYZ: two of them change places.
    """
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    count = int.from_bytes(profile[128:132], "big")
    place = {bytes(profile[at : at + 4]): at for at in range(132, 132 + 12 * count, 12)}
    red, green = (bytes(profile[place[tag] + 4 : place[tag] + 12]) for tag in (b"rXYZ", b"gXYZ"))
    profile[place[b"rXYZ"] + 4 : place[b"rXYZ"] + 12] = green
    profile[place[b"gXYZ"] + 4 : place[b"gXYZ"] + 12] = red
    return bytes(profile)


def one_colour(mode: str, colour, kind: str = "PNG", **save) -> bytes:
    file = io.BytesIO()
    PillowImage.new(mode, (8, 8), colour).save(file, kind, **save)
    return file.getvalue()


def cleaned(content: bytes) -> tuple[int, int, int]:
    photo = clean_photo(name="1.png", content=content, max_pixels=LIMIT).pixels
    assert photo.mode == "RGB"
    assert photo.info == {}
    return photo.getpixel((4, 4))


def test_colours_of_a_cameras_own_profile_are_those_that_a_browser_would_show():
    """A network would see other colours than people, and all photos of such a camera tinted."""
    plain = one_colour("RGB", (250, 10, 10))
    assert cleaned(plain) == (250, 10, 10)
    red, green, blue = cleaned(one_colour("RGB", (250, 10, 10), icc_profile=swapped_profile()))
    assert green > 240 > 60 > red
    assert blue < 60
    grey = cleaned(one_colour("RGB", (128, 128, 128), icc_profile=swapped_profile()))
    assert max(abs(value - 128) for value in grey) <= 2


def test_a_profile_that_cannot_be_read_or_is_of_another_kind_leaves_the_colours_alone():
    assert cleaned(one_colour("RGB", (250, 10, 10), icc_profile=b"no profile at all")) == (250, 10, 10)
    assert cleaned(one_colour("L", 77, icc_profile=swapped_profile())) == (77, 77, 77)


@pytest.mark.parametrize(
    ("mode", "colour", "shown"),
    [
        ("RGBA", (255, 0, 0, 51), (255, 204, 204)),
        ("LA", (0, 51), (204, 204, 204)),
        ("P", 0, (0, 0, 0)),
        ("L", 200, (200, 200, 200)),
        ("1", 1, (255, 255, 255)),
        ("I;16", 0x40FF, (0x40, 0x40, 0x40)),
    ],
)
def test_each_kind_of_picture_is_shown_on_white_as_a_browser_would(mode, colour, shown):
    assert cleaned(one_colour(mode, colour)) == shown


def test_a_photo_of_exactly_the_limit_comes_in_and_one_pixel_more_does_not():
    content = one_colour("RGB", (1, 2, 3))
    assert clean_photo(name="1.png", content=content, max_pixels=64).pixels.size == (8, 8)
    with pytest.raises(
        BadInputError, match=r"^1\.png: 8 × 8 pixels is over the limit of 6\.3e-05 megapixels"
    ):
        clean_photo(name="1.png", content=content, max_pixels=63)


@pytest.mark.parametrize("box", ["-1 0 5 5", "0 -1 5 5", "0 0 81 5", "0 0 5 61"])
def test_a_box_that_reaches_over_any_edge_is_refused_and_one_along_all_edges_is_not(box):
    check_boxes([[0, 0, 80, 60]], width=80, height=60)
    with pytest.raises(ValueError, match="reaches beyond the photo"):
        check_boxes(parse_boxes(f"0 0 80 60; {box}"), width=80, height=60)


@pytest.mark.parametrize("text", ["5 0 5 9", "0 9 9 9", "6 0 5 9", "0 1e999 1 2", "1 2 3 4 5", "1,2,3,4"])
def test_what_is_no_box_is_refused(text):
    with pytest.raises(ValueError, match=r"is not a box|has no area"):
        parse_boxes(text)


def test_boxes_are_found_by_path_then_name_then_stem():
    lookup = BoxLookup({"a/1.jpg": [[1, 1, 2, 2]], "1.jpg": [[3, 3, 4, 4]], "1": [[5, 5, 6, 6]]}, "boxes.csv")
    looked_up = [
        lookup.for_photo(name, "hammer", (9, 9)) for name in ("a/1.jpg", "b/1.jpg", "b/1.png", "b/2.jpg")
    ]
    assert looked_up == [[[1, 1, 2, 2]], [[3, 3, 4, 4]], [[5, 5, 6, 6]], None]
    assert lookup.used == {"a/1.jpg", "1.jpg", "1"}


def test_several_lines_of_one_photo_are_several_boxes(tmp_path):
    path = tmp_path / "boxes.CSV"
    path.write_text("\ufefffile,x1,y1,x2,y2\n1.jpg,1,2,3.5,4\n2.jpg,0,0,1,1\n1.jpg,5,6,7,8\n", "utf-8")
    assert read_boxes(path) == {"1.jpg": [[1, 2, 3.5, 4], [5, 6, 7, 8]], "2.jpg": [[0, 0, 1, 1]]}
    path.write_text("file,boxes\n1.jpg,1 2 3 4;5 6 7 8\n2.jpg,\n")
    assert read_boxes(path) == {"1.jpg": [[1, 2, 3, 4], [5, 6, 7, 8]], "2.jpg": []}


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"file,boxes\n\xff,1 2 3 4\n", "not UTF-8 text"),
        (b"file,x1,y1,x2\n1.jpg,1,2,3\n", "needs the columns"),
        (b"name,boxes\n1.jpg,1 2 3 4\n", "needs the columns"),
        (b"file,boxes\n" + b"1.jpg,1 2 3\n" * 12, r"(?s)^boxes\.csv line 2: .*line 11: [^\n]*$"),
        (b"file,boxes\n" + b"x" * 200_000, "is no CSV"),
    ],
)
def test_a_file_of_boxes_that_cannot_be_read_is_named(tmp_path, content, complaint):
    (tmp_path / "boxes.csv").write_bytes(content)
    with pytest.raises(BadInputError, match=complaint):
        read_boxes(tmp_path / "boxes.csv")
    with pytest.raises(BadInputError, match="there is no such file of boxes"):
        read_boxes(tmp_path / "none.csv")


HEAD = "file,class_name,boxes,author,licence,source\n"


def test_credits_and_boxes_that_come_later_are_added_and_what_is_left_out_stays(inbox):
    make_folder(
        inbox, {"1.jpg": photo_bytes(1), "manifest.csv": HEAD + "1.jpg,hammer,1 2 3 4,Ann,CC0,here\n"}
    )
    import_images(path=inbox, set_name="s")
    (inbox / "manifest.csv").write_text(HEAD + "1.jpg,hammer,5 6 7 8,Bob,,there\n")
    done = import_images(path=inbox, set_name="s")
    image = Image.objects.get()
    assert (done.updated, done.already_there, done.added) == (1, 1, 0)
    assert (image.author, image.licence, image.source, image.boxes) == ("Bob", "CC0", "there", [[5, 6, 7, 8]])
    (inbox / "manifest.csv").write_text("file,class_name\n1.jpg,hammer\n")
    assert import_images(path=inbox, set_name="s").updated == 0
    (inbox / "manifest.csv").write_text(HEAD + "1.jpg,hammer,,,,\n")  # it has none, it says now
    assert import_images(path=inbox, set_name="s").updated == 1
    image.refresh_from_db()
    assert (image.boxes, image.author) == ([], "Bob")


def test_boxes_of_a_file_of_their_own_go_before_those_of_the_manifest(inbox):
    """It is given to correct them; where it says nothing of a photo, the manifest's hold."""
    files = {"1.jpg": photo_bytes(1), "2.jpg": photo_bytes(2)}
    manifest = "file,class_name,boxes\n1.jpg,hammer,1 2 3 4\n2.jpg,hammer,1 2 3 4\n"
    photos = make_folder(inbox / "in", files | {"manifest.csv": manifest})
    (inbox / "boxes.csv").write_text("file,boxes\n1.jpg,5 6 7 8\n")
    import_images(path=photos, set_name="s", boxes=inbox / "boxes.csv")
    boxes_of = dict(Image.objects.values_list("original_name", "boxes"))
    assert boxes_of == {"1.jpg": [[5, 6, 7, 8]], "2.jpg": [[1, 2, 3, 4]]}


def test_boxes_that_come_later_must_lie_on_the_photo_too(inbox):
    make_folder(inbox, {"1.jpg": photo_bytes(1), "manifest.csv": "file,class_name\n1.jpg,hammer\n"})
    import_images(path=inbox, set_name="s")
    (inbox / "manifest.csv").write_text("file,class_name,boxes\n1.jpg,hammer,1 2 81 4\n")
    with pytest.raises(
        BadInputError, match=r"^1\.jpg: the box 1 2 81 4 reaches beyond the photo \(80 × 60\)"
    ):
        import_images(path=inbox, set_name="s")
    assert Image.objects.get().boxes == []


def test_a_photo_keeps_its_class_whatever_folder_it_comes_in_again(inbox):
    """Maps and answers are about the class that it had."""
    make_folder(inbox / "a", {"solar_dish/1.jpg": photo_bytes(1)})
    make_folder(inbox / "b", {"ladle/1.jpg": photo_bytes(1), "ladle/2.jpg": photo_bytes(2)})
    make_folder(inbox / "c", {"Solar-Dish/1.jpg": photo_bytes(1)})
    import_images(path=inbox / "a", set_name="s")
    with pytest.raises(BadInputError) as caught:
        import_images(path=inbox / "b", set_name="s")
    assert caught.value.lines == [
        "ladle/1.jpg: called “ladle” here, but “solar dish” in the set s (solar_dish/1.jpg); one photo has one class: "
        "correct one of the two"
    ]
    assert Image.objects.count() == 1
    assert import_images(path=inbox / "c", set_name="s").already_there == 1
    assert import_images(path=inbox / "b", set_name="another").added == 2


def test_bytes_that_come_twice_and_are_there_already_are_counted_apart(inbox):
    make_folder(inbox, {"hammer/1.jpg": photo_bytes(1), "hammer/2.jpg": photo_bytes(1)})
    first = import_images(path=inbox, set_name="s")
    again = import_images(path=inbox, set_name="s")
    assert (first.added, first.repeated, first.already_there) == (1, 1, 0)
    assert (again.added, again.repeated, again.already_there) == (0, 1, 1)


@pytest.mark.parametrize("size", ["80,60", ","])
def test_a_manifest_that_says_the_right_size_or_none_is_believed(inbox, size):
    text = f"file,class_name,width,height\n1.jpg,hammer,{size}\n"
    make_folder(inbox, {"1.jpg": photo_bytes(1), "manifest.csv": text})
    import_images(path=inbox / "manifest.csv", set_name="s")
    assert (Image.objects.get().width, Image.objects.get().height) == (80, 60)


def test_names_that_are_too_long_keep_their_ends_and_those_of_a_set_are_refused(inbox):
    make_folder(inbox, {f"hammer/{'a' * 200}/{'b' * 200}.jpg": photo_bytes(1)})
    import_images(path=inbox, set_name="s" * 100)
    assert Image.objects.get().original_name == "a" * 50 + "/" + "b" * 200 + ".jpg"
    with pytest.raises(BadInputError, match="at most 100 characters"):
        import_images(path=inbox, set_name="s" * 101)


def test_two_imports_into_one_set_at_once_leave_no_photo_twice_and_no_file_over(inbox, settings):
    """The other import stores the same photo after this one has looked what is there."""
    make_folder(inbox, {"hammer/1.jpg": photo_bytes(1), "hammer/2.jpg": photo_bytes(2)})

    def files() -> int:
        return len([path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()])

    def other_import(done, total):
        if done == total:
            import_images(path=inbox, set_name="s")

    with pytest.raises(BadInputError, match="filled by another import at the same time; run this one again"):
        import_images(path=inbox, set_name="s", progress=other_import)
    assert (Image.objects.count(), files()) == (2, 4)


def test_the_same_bytes_cannot_stand_twice_in_a_set(inbox):
    make_folder(inbox, {"hammer/1.jpg": photo_bytes(1)})
    image = import_images(path=inbox, set_name="s").image_set.images.get()
    image.pk = None
    with pytest.raises(IntegrityError):
        image.save()


def test_after_a_bad_file_nothing_more_is_written_and_nothing_stays(inbox, settings, monkeypatch):
    make_folder(
        inbox, {"hammer/1.jpg": photo_bytes(1), "hammer/2.jpg": "text", "hammer/3.jpg": photo_bytes(3)}
    )
    written, write = [], importer._Import._write

    def counted(self, image, entry, photo):
        written.append(entry.name)
        write(self, image, entry, photo)

    monkeypatch.setattr(importer._Import, "_write", counted)
    with pytest.raises(BadInputError, match=r"^hammer/2\.jpg: not a picture that"):
        import_images(path=inbox, set_name="s")
    assert written == ["hammer/1.jpg"]
    assert not ImageSet.objects.exists()
    assert [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()] == []


def test_many_bad_files_of_a_resumable_import_are_named_up_to_ten_and_counted(inbox):
    make_folder(inbox, {f"hammer/{number:02}.jpg": "text" for number in range(12)})
    with pytest.raises(BadInputError) as caught:
        import_images(path=inbox, set_name="s", resumable=True)
    assert len(caught.value.lines) == 11
    assert caught.value.lines[-1] == "… and 2 more"
    make_folder(inbox, {"hammer/good.jpg": photo_bytes(1)})
    with pytest.raises(BadInputError) as caught:
        import_images(path=inbox, set_name="s", resumable=True)
    assert caught.value.lines[-1].startswith("1 photos are in; mend these")


def test_what_is_stored_is_told_by_its_hashes(inbox):
    """What a study is frozen with: of the bytes that came, and of those that are read."""
    import hashlib

    content = photo_bytes(1)
    make_folder(inbox, {"hammer/1.jpg": content})
    copied = import_images(path=inbox, set_name="copied").image_set.images.get()
    assert copied.source_sha256 == hashlib.sha256(content).hexdigest()
    assert copied.content_sha256 == hashlib.sha256(copied.file.read()).hexdigest()
    in_place = import_images(path=inbox, set_name="in-place", in_place=True).image_set.images.get()
    assert in_place.content_sha256 == in_place.source_sha256 == copied.source_sha256
    assert np.asarray(PillowImage.open(copied.file)).shape == (60, 80, 3)


def test_a_stopped_import_says_how_to_go_on(inbox, monkeypatch):
    make_folder(inbox, {"hammer/1.jpg": photo_bytes(1)})

    def stopped(**_):
        raise KeyboardInterrupt

    monkeypatch.setattr("explain.management.commands.import_images.import_images", stopped)
    with pytest.raises(CommandError, match="Run the same command again") as caught:
        call_command("import_images", str(inbox), set_name="s")
    assert caught.value.returncode == 130
