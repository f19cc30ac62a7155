"""Bad photos: one clear line each, exit code 2, and nothing half-imported."""

import io
import stat
import struct
import zipfile
import zlib
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from explain.models import Image, ImageSet
from explain.photos import file_trees
from tests.explain.photo_files import make_folder, make_zip, photo_bytes, two_classes

pytestmark = pytest.mark.django_db


def refused(path, **options) -> list[str]:
    """The lines of the error of an import that must leave nothing behind."""
    with pytest.raises(CommandError) as caught:
        call_command("import_images", str(path), set_name=options.pop("set_name", "s"), **options)
    assert caught.value.returncode == 2
    return str(caught.value).splitlines()


@pytest.fixture(autouse=True)
def _nothing_is_left(settings):
    yield
    assert not Image.objects.exists()
    assert not ImageSet.objects.exists()
    assert not [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds no pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b""))
        + chunk(b"IEND", b"")
    )


def test_a_text_file_named_jpg(inbox):
    make_folder(inbox, two_classes() | {"hammer/notes.jpg": "dear diary"})
    (line,) = refused(inbox)
    assert line.startswith("hammer/notes.jpg: not a picture that is read here")


@pytest.mark.parametrize(("width", "height"), [(10_000, 6_000), (41_000, 30_000)])
def test_a_bomb_of_60_megapixels_or_more_is_refused_by_its_header(inbox, width, height):
    make_folder(inbox, two_classes() | {"hammer/bomb.png": png_header(width, height)})
    (line,) = refused(inbox)
    assert line.startswith("hammer/bomb.png: ")
    assert "over the limit of 50 megapixels; resize it or raise MAX_PIXELS" in line


def test_a_real_picture_over_the_limit(inbox, settings):
    settings.MAX_PIXELS = 80 * 60 - 1
    make_folder(inbox, {"hammer/1.jpg": photo_bytes(1)})
    (line,) = refused(inbox)
    assert "80 × 60 pixels is over the limit" in line


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_picture_that_was_cut_off(inbox, kind):
    content = photo_bytes(1, (400, 300), kind)
    make_folder(inbox, {"hammer/1.jpg": content[: len(content) // 2]})
    (line,) = refused(inbox)
    assert line.startswith("hammer/1.jpg: ")
    assert "replace it" in line or "convert it" in line


def test_a_picture_of_another_kind_is_named_not_passed_over(inbox):
    make_folder(inbox, two_classes() | {"hammer/3.jp2": photo_bytes(4, kind="JPEG2000")})
    (line,) = refused(inbox)
    assert line.startswith("hammer/3.jp2: is a JPEG 2000 picture")


def test_every_bad_file_is_named_up_to_ten(inbox):
    make_folder(inbox, two_classes() | {f"hammer/bad-{n}.jpg": f"text {n}" for n in range(3)})
    assert [line.split(":")[0] for line in refused(inbox)] == [f"hammer/bad-{n}.jpg" for n in range(3)]
    make_folder(inbox, {f"hammer/bad-{n:02}.jpg": f"text {n}" for n in range(20)})
    lines = refused(inbox)
    assert len(lines) == 11
    assert lines[-1] == "stopped at the 10th bad file; nothing was imported"


@pytest.mark.parametrize(
    "name", ["../out.jpg", "/etc/out.jpg", "hammer/../../out.jpg", "C:\\out.jpg", "..\\out.jpg"]
)
def test_a_zip_whose_names_lead_out_of_it(inbox, name):
    path = make_zip(inbox / "a.zip", two_classes() | {name: photo_bytes(9)})
    (line,) = refused(path)
    assert "leads out of the folder" in line
    assert not (inbox.parent / "out.jpg").exists()


def test_a_zip_with_a_link(inbox):
    link = zipfile.ZipInfo("hammer/link.jpg")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(inbox / "a.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    (line,) = refused(inbox / "a.zip")
    assert "“hammer/link.jpg” is a link" in line


def test_a_zip_bomb_is_refused_before_it_is_read(inbox):
    path = make_zip(inbox / "a.zip", {"hammer/bomb.png": b"\0" * 4_000_000})
    (line,) = refused(path)
    assert "unpacks to over 100 times its size" in line


def test_a_member_longer_than_the_limit(inbox, monkeypatch):
    monkeypatch.setattr(file_trees, "MAX_FILE_BYTES", 1000)
    path = make_zip(inbox / "a.zip", {"hammer/1.jpg": photo_bytes(1, (400, 300))})
    (line,) = refused(path)
    assert "“hammer/1.jpg” is" in line


def test_a_zip_whose_header_lies_about_a_length(inbox, monkeypatch):
    """The stream is counted as it is read, whatever the directory of the ZIP says."""
    monkeypatch.setattr(file_trees, "MAX_FILE_BYTES", 5000)
    content = photo_bytes(1, (400, 300), "PNG")
    assert len(content) > 5000
    with pytest.raises(file_trees.BadInputError, match="over"):
        file_trees._read_limited("a.png", io.BytesIO(content))
    stream = io.BytesIO(b"\0" * 1_000_000)
    with pytest.raises(file_trees.BadInputError, match="over"):
        file_trees._read_limited("a.png", stream)
    assert stream.tell() == 5001  # the rest is never in memory


def test_an_encrypted_zip(inbox):
    path = make_zip(inbox / "a.zip", {"hammer/1.jpg": photo_bytes(1)})
    raw = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        raw[raw.index(signature) + offset] |= 1
    path.write_bytes(raw)
    (line,) = refused(path)
    assert "encrypted" in line


def test_a_zip_damaged_inside(inbox):
    path = make_zip(inbox / "a.zip", {"hammer/1.jpg": photo_bytes(1)}, zipfile.ZIP_STORED)
    raw = bytearray(path.read_bytes())
    raw[200] ^= 0xFF
    path.write_bytes(raw)
    (line,) = refused(path)
    assert line.startswith("hammer/1.jpg: cannot be read from a.zip")


@pytest.mark.parametrize(
    ("manifest", "complaint"),
    [
        ("file,class_name\ngone.jpg,hammer\n", "gone.jpg: is not in"),
        ("file,class_name\n../1.jpg,hammer\n", "leads out of"),
        ("name,class\n1.jpg,hammer\n", "manifest.csv: needs the columns file and class_name"),
        ("file,class_name\n1.jpg,\n", "manifest.csv line 2: names no class"),
        ("file,class_index\n1.jpg,five\n", "manifest.csv line 2: class_index “five”"),
        ("file,class_index\n1.jpg,1000\n", "manifest.csv line 2: class_index 1000 is not an ImageNet class"),
        ("file,class_name,boxes\n1.jpg,hammer,1 2 3\n", "manifest.csv line 2: “1 2 3” is not a box"),
        ("file,class_name,boxes\n1.jpg,hammer,30 2 3 40\n", "has no area"),
        ("file,class_name,boxes\n1.jpg,hammer,1 2 nan 40\n", "is not a box"),
        ("file,class_name,boxes\n1.jpg,hammer,1 2 81 40\n", "reaches beyond the photo (80 × 60)"),
        (
            "file,class_name,width,height\n1.jpg,hammer,60,80\n",
            "the manifest says 60 × 80, the photo has 80 × 60",
        ),
        ("file,class_name\n", "holds no photos"),
    ],
)
def test_a_manifest_with_a_mistake(inbox, manifest, complaint):
    make_folder(inbox, {"manifest.csv": manifest, "1.jpg": photo_bytes(1)})
    (line,) = refused(inbox)
    assert complaint in line


def test_a_manifest_that_is_not_text(inbox):
    make_folder(inbox, {"manifest.csv": b"file,class_name\n\xff\xfe.jpg,hammer\n"})
    (line,) = refused(inbox)
    assert "save it as UTF-8 CSV" in line


def test_one_photo_called_two_things(inbox):
    make_folder(inbox, {"hammer/1.jpg": photo_bytes(1), "ladle/1.jpg": photo_bytes(1)})
    (line,) = refused(inbox)
    assert line.startswith("ladle/1.jpg: called “ladle” here, but “hammer” in the same import")


def test_photos_in_no_class_folder(inbox):
    make_folder(inbox, {"1.jpg": photo_bytes(1), "2.jpg": photo_bytes(2)})
    assert [line.split(":")[0] for line in refused(inbox)] == ["1.jpg", "2.jpg"]


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda path: path / "gone", "there is no such folder or file"),
        (lambda path: make_folder(path, {"a.zip": "not a zip"}) / "a.zip", "neither a folder, nor a ZIP"),
        (lambda path: make_folder(path, {"README.txt": "x"}), "holds no photos"),
    ],
)
def test_a_path_that_holds_no_photos(inbox, make, complaint):
    (line,) = refused(make(inbox))
    assert complaint in line


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("boxes.csv", "file,boxes\nother.jpg,1 2 3 4\n", "names none of the photos"),
        ("boxes.csv", "photo,box\n", "needs the columns file,boxes"),
        ("boxes.csv", "file,x1,y1,x2,y2\n1.jpg,1,2,3,\n", "boxes.csv line 2: “1 2 3 ” is not a box"),
        ("boxes.yaml", "", "boxes are read from CSV"),
    ],
)
def test_a_bad_file_of_boxes(inbox, name, text, complaint):
    photos = make_folder(inbox / "in", two_classes())
    make_folder(inbox, {name: text})
    (line,) = refused(photos, boxes=inbox / name)
    assert complaint in line


def test_a_set_name_that_cannot_be_in_an_address(inbox):
    (line,) = refused(make_folder(inbox, two_classes()), set_name="my photos")
    assert "letters, digits, - and _ only" in line


def test_rows_that_cannot_be_stored_leave_no_files(inbox, monkeypatch):
    make_folder(inbox, two_classes())

    def full(*_args, **_options):
        raise OSError("disk full")

    monkeypatch.setattr(Image.objects, "bulk_create", full)
    with pytest.raises(OSError, match="disk full"):
        call_command("import_images", str(inbox), set_name="s")
