"""ZIPs as macOS, Windows and old programs write them, and data sets as people download them."""

import os
import struct
import unicodedata
import zipfile
import zlib

import pytest

from explain.core.errors import BadInputError
from explain.photos.file_trees import open_tree, usual
from explain.photos.layouts import ARCHIVE_INSIDE, EMPTY_FOLDER, LEFT_BEHIND, Listing, list_photos
from tests.explain.photo_files import make_folder, make_zip, photo_bytes, raw_zip

PHOTO = photo_bytes(1, (120, 100))
NFC, NFD = (unicodedata.normalize(form, "café") for form in ("NFC", "NFD"))


def listing_of(path) -> Listing:
    with open_tree(path) as tree:
        listing = list_photos(tree)
        for entry in listing.entries:
            assert tree.read(entry.name)  # every name leads to its file
        return listing


def classes_of(path) -> list[str]:
    return sorted({entry.class_name for entry in listing_of(path).entries})


def refused(path) -> str:
    with pytest.raises(BadInputError) as caught:
        listing_of(path)
    (line,) = caught.value.lines
    return line


def written(encoding: str, *names: str) -> dict[bytes, bytes]:
    return {name.encode(encoding): PHOTO for name in names}


# macOS, and programs of Windows and DOS that say no encoding


def test_names_of_macos_are_utf_8_without_its_flag(tmp_path):
    path = raw_zip(
        tmp_path / "a.zip", written("utf-8", f"{NFD}/1.jpg", "日本/2.jpg", "hammer/3.jpg"), system=3
    )
    listing = listing_of(path)
    assert classes_of(path) == ["café", "hammer", "日本"]
    assert listing.remarks == []
    assert [entry.name for entry in listing.entries] == ["café/1.jpg", "hammer/3.jpg", "日本/2.jpg"]


@pytest.mark.parametrize(
    ("encoding", "names"),
    [
        ("cp437", ["café", "Mädchen", "Niño"]),
        ("cp850", ["São Paulo", "Ímã"]),  # ã and Í are line-drawing in cp437
        ("cp1252", ["café", "Mädchen"]),
        ("cp1252", ["Straße – Brücke"]),
        ("cp1252", ["œuvre"]),
    ],
)
def test_names_in_an_encoding_that_is_not_said_are_read_by_the_words_that_they_give(
    tmp_path, encoding, names
):
    path = raw_zip(tmp_path / "a.zip", written(encoding, *(f"{name}/1.jpg" for name in names)))
    assert classes_of(path) == sorted(names)
    (remark,) = listing_of(path).remarks
    assert f"they were read as {encoding}" in remark
    assert "give the unpacked folder" in remark


@pytest.mark.parametrize(
    ("encoding", "name"), [("cp932", "写真と道具"), ("cp866", "молоток"), ("gbk", "锤子和水坝")]
)
def test_names_in_no_encoding_that_is_known_are_refused_with_what_to_do(tmp_path, encoding, name):
    line = refused(raw_zip(tmp_path / "a.zip", written(encoding, f"{name}/1.jpg")))
    assert line.startswith("a.zip: its names are in an encoding that it does not say")
    assert "make the ZIP again with a program that writes UTF-8" in line


def test_a_name_that_is_said_in_info_zips_own_field_is_read_there(tmp_path):
    raw = b"caf?/1.jpg"

    def field(name: str, of: bytes) -> bytes:
        content = b"\x01" + struct.pack("<I", zlib.crc32(of)) + name.encode()
        return struct.pack("<HH", 0x7075, len(content)) + content

    path = raw_zip(tmp_path / "a.zip", {raw: PHOTO}, extra=b"\x0a\x00\x02\x00xx" + field("café/1.jpg", raw))
    assert classes_of(path) == ["café"]
    path = raw_zip(tmp_path / "b.zip", {raw: PHOTO}, extra=field("café/1.jpg", b"an older name"))
    assert classes_of(path) == ["caf?"]


def test_a_name_with_the_flag_is_utf_8_whatever_the_others_are(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("ÃŸ/1.jpg", PHOTO)  # looks like a wrong reading, and is what it is called
    assert classes_of(tmp_path / "a.zip") == ["ÃŸ"]


# One name written in two ways


@pytest.mark.parametrize("pack", [make_folder, lambda root, files: make_zip(root / "a.zip", files)])
def test_composed_and_decomposed_letters_are_one_class_and_no_photo_is_lost(tmp_path, pack):
    files = {f"{NFC}/1.jpg": PHOTO, f"{NFD}/1.jpg": photo_bytes(2), f"{NFD}/2.jpg": photo_bytes(3)}
    path = pack(tmp_path, files)
    assert classes_of(path) == ["café"]
    assert len(listing_of(path).entries) == 3


def test_classes_that_differ_in_capitals_alone_are_one_and_it_is_said(tmp_path):
    make_folder(
        tmp_path, {"Käfer/1.jpg": PHOTO, "käfer/1.jpg": PHOTO, "my-bike/2.jpg": PHOTO, "My_Bike/3.jpg": PHOTO}
    )
    listing = listing_of(tmp_path)
    assert classes_of(tmp_path) == ["Käfer", "My Bike"]
    assert listing.remarks == [
        "käfer: taken for the class Käfer, which is written otherwise.",
        "my-bike: taken for the class My Bike, which is written otherwise.",
    ]


def test_backslashes_are_folders_in_a_zip_and_in_what_a_plain_unpacker_makes_of_it(tmp_path):
    files = {"hammer\\1.jpg": PHOTO, "dam\\2.jpg": PHOTO}
    zipped = raw_zip(tmp_path / "a.zip", {name.encode(): content for name, content in files.items()})
    make_folder(tmp_path / "in", files)
    assert classes_of(zipped) == classes_of(tmp_path / "in") == ["dam", "hammer"]


@pytest.mark.parametrize(
    "name", ["C:\\out\\1.jpg", "..\\1.jpg", "hammer\\..\\..\\1.jpg", "\\out\\1.jpg", "/out/1.jpg"]
)
def test_backslashes_do_not_lead_out(tmp_path, name):
    assert "leads out of the folder" in refused(raw_zip(tmp_path / "a.zip", {name.encode(): PHOTO}))


def test_a_dot_before_every_name_is_nothing(tmp_path):
    assert classes_of(make_zip(tmp_path / "a.zip", {"./hammer/1.jpg": PHOTO, "./dam/2.jpg": PHOTO})) == [
        "dam",
        "hammer",
    ]
    assert usual("././a\\b") == "a/b"


# Folders above the classes


@pytest.mark.parametrize(
    ("files", "classes", "remark"),
    [
        (["train/hammer/1.jpg", "val/dam/2.jpg"], ["dam", "hammer"], "train, val: taken for parts of a data set"),
        (["data/Train/hammer/1.jpg", "data/TEST/dam/2.jpg"], ["dam", "hammer"], "All photos lie in data/(TEST, Train)"),
        (["d/train/hammer/1.jpg", "d/train/dam/2.jpg"], ["dam", "hammer"], "train: taken for a part of a data set"),
        (["train/hammer/1.jpg", "train/dam/2.jpg"], ["dam", "hammer"], "train: taken for a part of a data set"),
        (["home/photos/hammer/1.jpg", "home/photos/dam/2.jpg"], ["dam", "hammer"], "All photos lie in home/photos"),
        (["train/images/hammer/1.jpg", "val/images/dam/2.jpg"], ["dam", "hammer"], "lie in (train, val)/images"),
        # a train is also a thing: beside classes that are no parts of a data set, or alone with photos in it
        (["train/1.jpg", "bus/2.jpg"], ["bus", "train"], ""),
        (["train/1.jpg"], ["train"], ""),
        (["hammer/train/1.jpg", "dam/test/2.jpg"], ["dam", "hammer"], ""),
    ],
)  # fmt: skip
def test_folders_above_the_classes_are_passed_over_and_it_is_said(tmp_path, files, classes, remark):
    path = make_folder(tmp_path, dict.fromkeys(files, PHOTO))
    assert classes_of(path) == classes
    said = " ".join(listing_of(path).remarks)
    assert remark in said
    assert bool(said) is bool(remark)


def test_photos_in_train_and_val_themselves_are_of_no_class(tmp_path):
    make_folder(tmp_path, {"train/1.jpg": PHOTO, "val/2.jpg": PHOTO})
    with pytest.raises(BadInputError) as caught:
        listing_of(tmp_path)
    assert [line.split(";")[0] for line in caught.value.lines] == [
        f"{name}: is in no class folder of {tmp_path}" for name in ("train/1.jpg", "val/2.jpg")
    ]


# What is no photo


def test_what_is_passed_over_is_named_with_why(tmp_path):
    left = [
        "__MACOSX/hammer/._1.jpg",
        "hammer/._1.jpg",
        "hammer/.DS_Store",
        "a/__MACOSX/x",
        "hammer/DESKTOP.INI",
    ]
    files = {
        "hammer/1.jpg": PHOTO,
        "hammer/notes.txt": b"x",
        "more.zip": b"PK",
        "ladle/": b"",
        "dam/notes.txt": b"x",
    }
    listing = listing_of(make_zip(tmp_path / "a.zip", files | dict.fromkeys(left, b"x")))
    assert listing.passed_over == {
        "no picture": ["dam/notes.txt", "hammer/notes.txt"],
        ARCHIVE_INSIDE: ["more.zip"],
        LEFT_BEHIND: sorted(left),
        EMPTY_FOLDER: ["ladle/"],
    }
    assert listing.ignored == ["dam/notes.txt", "hammer/notes.txt", "more.zip"]


def test_an_empty_class_folder_is_named(tmp_path):
    make_folder(tmp_path, {"hammer/1.jpg": PHOTO, "dam/.DS_Store": b"x"})
    (tmp_path / "ladle").mkdir()
    os.symlink(tmp_path / "hammer", tmp_path / "dam" / "link")
    assert listing_of(tmp_path).passed_over[EMPTY_FOLDER] == ["dam/", "ladle/"]


def test_a_zip_that_holds_zips_alone_says_to_unpack_them(tmp_path):
    inner = make_zip(tmp_path / "hammer.zip", {"1.jpg": PHOTO}).read_bytes()
    line = refused(make_zip(tmp_path / "a.zip", {"photos/hammer.zip": inner}))
    assert "a.zip: holds no photos, only photos/hammer.zip" in line
    assert "unpack it first" in line


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"7z\xbc\xaf\x27\x1c", "another archive"), (b"Rar!\x1a\x07", "another archive"), (b"x" * 257 + b"ustar", "another archive"),
     (b"PK\x03\x04 and no end", "a ZIP, but was cut off"), (PHOTO, "it is JPEG")],
)  # fmt: skip
def test_a_file_that_is_no_zip_is_called_what_it_is(tmp_path, content, words):
    (tmp_path / "a.zip").write_bytes(content)
    assert words in refused(tmp_path / "a.zip")


def test_a_class_may_be_called_like_a_file(tmp_path):
    assert classes_of(make_zip(tmp_path / "a.zip", {"one.jpg/1.jpg": PHOTO, "two.zip/2.jpg": PHOTO})) == [
        "one.jpg",
        "two.zip",
    ]


def test_a_photo_without_an_ending_is_one_and_a_text_without_one_is_not(tmp_path):
    files = {"hammer/1": PHOTO, "hammer/2.jpg-large": PHOTO, "dam/README": b"read me", "dam/3.JFIF": PHOTO}
    for path in (make_folder(tmp_path / "in", files), make_zip(tmp_path / "a.zip", files)):
        listing = listing_of(path)
        assert [entry.name for entry in listing.entries] == ["dam/3.JFIF", "hammer/1", "hammer/2.jpg-large"]
        assert listing.ignored == ["dam/README"]


def test_a_zip_packed_in_a_way_that_is_not_known_is_one_line(tmp_path):
    path = make_zip(tmp_path / "a.zip", {"hammer/1.jpg": PHOTO})
    content = bytearray(path.read_bytes())
    for signature, offset in (
        (b"PK\x03\x04", 8),
        (b"PK\x01\x02", 10),
    ):  # Deflate64, as Windows packs large files
        content[content.index(signature) + offset] = 9
    path.write_bytes(content)
    assert refused(path).startswith("hammer/1.jpg: cannot be read from a.zip")
