"""Which class a photo gets by the folder or the manifest it comes in, and which files are none of our business."""

import os
import zipfile

import pytest

from explain.core.errors import BadInputError
from explain.photos import file_trees
from explain.photos.file_trees import open_tree
from explain.photos.layouts import list_photos
from tests.explain.photo_files import make_folder, make_zip


def listed(path, synsets=None) -> dict[str, tuple]:
    with open_tree(path) as tree:
        return {entry.name: (entry.class_name, entry.class_index) for entry in list_photos(tree, synsets).entries}  # fmt: skip


def ignored(path) -> list[str]:
    with open_tree(path) as tree:
        return list_photos(tree).ignored


def refused(path, synsets=None) -> list[str]:
    with pytest.raises(BadInputError) as caught, open_tree(path) as tree:
        list_photos(tree, synsets)
    return caught.value.lines


HAMMER, DISH = ("hammer", 587), ("solar dish", 807)


@pytest.mark.parametrize(
    ("files", "classes"),
    [
        (["hammer/1.jpg", "solar_dish/2.PNG"], {"hammer/1.jpg": HAMMER, "solar_dish/2.PNG": DISH}),
        # one folder around all class folders is not a class
        (["all/hammer/1.jpg", "all/solar_dish/2.webp"], {"all/hammer/1.jpg": HAMMER, "all/solar_dish/2.webp": DISH}),
        (["all/hammer/1.jpg"], {"all/hammer/1.jpg": HAMMER}),
        # but where there are two folders at the top, they are the classes, however deep the photos lie
        (["hammer/a/1.jpg", "solar_dish/b/2.jpg"], {"hammer/a/1.jpg": HAMMER, "solar_dish/b/2.jpg": DISH}),
        # or where a photo lies in the one at the top itself
        (["hammer/a/1.jpg", "hammer/2.jpg"], {"hammer/a/1.jpg": HAMMER, "hammer/2.jpg": HAMMER}),
        (["hammer/1.jpg"], {"hammer/1.jpg": HAMMER}),
    ],
)  # fmt: skip
@pytest.mark.parametrize("pack", [make_folder, lambda root, files: make_zip(root / "a.zip", files)])
def test_a_photo_is_of_the_class_that_its_folder_is_called(tmp_path, files, classes, pack):
    assert listed(pack(tmp_path, dict.fromkeys(files, "x"))) == classes


def test_of_two_manifests_the_one_nearest_to_the_top_says_what_the_photos_are(tmp_path):
    """A data set often holds another one, with a list of its own."""
    files = {
        "set/manifest.csv": "file,class_name\n1.jpg,hammer\n",
        "set/older/manifest.csv": "file,class_name\n1.jpg,ladle\n",
        "set/1.jpg": "x",
        "set/older/1.jpg": "x",
    }
    for path in (make_folder(tmp_path / "a", files), make_zip(tmp_path / "a.zip", files)):
        assert listed(path) == {"set/1.jpg": HAMMER}
        assert ignored(path) == ["set/older/1.jpg", "set/older/manifest.csv"]


def test_a_file_that_only_ends_like_a_manifest_is_none(tmp_path):
    make_folder(tmp_path, {"hammer/1.jpg": "x", "old-manifest.csv": "file,class_name\n1.jpg,ladle\n"})
    assert listed(tmp_path) == {"hammer/1.jpg": HAMMER}
    assert ignored(tmp_path) == ["old-manifest.csv"]


def test_a_photo_beside_the_class_folders_is_named_and_no_class_is_guessed(tmp_path):
    make_folder(tmp_path, {"1.jpg": "x", "hammer/2.jpg": "x"})
    (line,) = refused(tmp_path)
    assert line.startswith("1.jpg: is in no class folder")
    make_folder(tmp_path, {f"{number:02}.jpg": "x" for number in range(30)})
    assert len(refused(tmp_path)) == 10


@pytest.mark.parametrize(
    "name",
    [".cache/1.jpg", "hammer/.thumb.jpg", "__MACOSX/hammer/1.jpg", "hammer/Thumbs.db", ".DS_Store"],
)
@pytest.mark.parametrize("pack", [make_folder, lambda root, files: make_zip(root / "a.zip", files)])
def test_what_file_managers_leave_behind_is_no_photo_and_no_remark(tmp_path, name, pack):
    path = pack(tmp_path, {"hammer/1.jpg": "x", name: "x"})
    assert listed(path) == {"hammer/1.jpg": HAMMER}
    assert ignored(path) == []


def test_links_to_photos_and_to_class_folders_are_followed_one_level_deep(tmp_path):
    real = make_folder(tmp_path / "real", {"1.jpg": "x", "deep/2.jpg": "x"})
    root = make_folder(tmp_path / "root", {"solar_dish/3.jpg": "x"})
    os.symlink(real, root / "hammer")
    os.symlink(real, root / "solar_dish" / "loop")
    assert set(listed(root)) == {"hammer/1.jpg", "hammer/deep/2.jpg", "solar_dish/3.jpg"}


MANIFEST_CELLS = {
    ("hammer", ""): HAMMER,
    ("n04258138", ""): DISH,
    ("My bicycle", ""): ("My bicycle", None),
    ("", "587"): HAMMER,
    ("", "999"): ("toilet tissue", 999),
    ("my hammer", "587"): ("my hammer", 587),
    ("robot", "1000"): ("robot", 1000),
}


@pytest.mark.parametrize("cells", MANIFEST_CELLS)
def test_a_manifest_may_leave_out_the_name_or_the_index(tmp_path, cells):
    text = f"\ufefffile,class_name,class_index\n 1.jpg ,{cells[0]},{cells[1]}\n"
    make_folder(tmp_path, {"manifest.csv": text})
    assert listed(tmp_path) == {"1.jpg": MANIFEST_CELLS[cells]}


def test_a_manifest_says_whose_a_photo_is_and_where_things_are_on_it(tmp_path):
    make_folder(
        tmp_path,
        {
            "manifest.csv": "file,class_name,boxes,width,height,author,licence,source,notes\n"
            "1.jpg,hammer,1 2 3 4; 5 6 7 8,640,480,Ann,CC0,https://example.org,x\n2.jpg,hammer,,,,,,,\n"
        },
    )
    with open_tree(tmp_path) as tree:
        first, second = list_photos(tree).entries
    assert (first.boxes, first.size) == ([[1, 2, 3, 4], [5, 6, 7, 8]], (640, 480))
    assert (first.author, first.licence, first.source) == ("Ann", "CC0", "https://example.org")
    assert (second.boxes, second.size, second.author) == ([], None, "")
    (tmp_path / "manifest.csv").write_text("file,class_name\n1.jpg,hammer\n")
    with open_tree(tmp_path) as tree:
        assert list_photos(tree).entries[0].boxes is None  # nothing is said: what is known stays


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        (",hammer,,,,,", "names no file"),
        ("1.jpg,hammer,640,,,,", "“640” × “” is not a size in pixels"),
        ("1.jpg,hammer,,480,,,", "“” × “480” is not a size in pixels"),
        ("1.jpg,hammer,6.5,480,,,", "is not a size in pixels"),
        (f"1.jpg,hammer,,,{'x' * 201},,", "author has 201 characters, over 200"),
        (f"1.jpg,hammer,,,,{'x' * 101},", "licence has 101 characters, over 100"),
        (f"1.jpg,hammer,,,,,{'x' * 501}", "source has 501 characters, over 500"),
    ],
)
def test_a_line_that_cannot_be_kept_is_named(tmp_path, line, complaint):
    text = f"file,class_name,width,height,author,licence,source\n{line}\n"
    (fault,) = refused(make_folder(tmp_path, {"manifest.csv": text}))
    assert fault.startswith("manifest.csv line 2: ")
    assert complaint in fault


def test_credits_as_long_as_there_is_room_are_kept(tmp_path):
    text = f"file,class_name,author,licence,source\n1.jpg,hammer,{'a' * 200},{'b' * 100},{'c' * 500}\n"
    assert listed(make_folder(tmp_path, {"manifest.csv": text})) == {"1.jpg": HAMMER}


def test_bad_lines_of_a_manifest_are_named_up_to_ten(tmp_path):
    make_folder(tmp_path, {"manifest.csv": "file,class_name\n" + "1.jpg,\n" * 12})
    lines = refused(tmp_path)
    assert len(lines) == 10
    assert lines[-1].startswith("manifest.csv line 11: ")


def test_photos_that_a_list_lacks_are_named_up_to_ten_with_how_many_more(tmp_path):
    make_folder(tmp_path, {f"{number:02}.jpg": "x" for number in range(12)} | {"notes.txt": "x"})
    lines = refused(tmp_path, {})
    assert len(lines) == 11
    assert lines[-1] == "… and 2 more"
    assert len(refused(tmp_path, {"00": "n04258138", "01": "n04258138"})) == 10
    (line,) = refused(make_folder(tmp_path / "empty", {"notes.txt": "x"}), {})
    assert "holds no photos" in line


def test_a_list_of_synsets_tells_the_class_whatever_the_folder_is_called(tmp_path):
    make_folder(tmp_path, {"val/1.JPEG": "x", "val/notes.txt": "x"})
    assert listed(tmp_path, {"1": "n04258138"}) == {"val/1.JPEG": DISH}
    with open_tree(tmp_path) as tree:
        listing = list_photos(tree, {"1": "n04258138"})
    assert listing.ignored == ["val/notes.txt"]
    assert listing.entries[0].source == "ILSVRC2012 validation, n04258138"


def fault_of(path) -> str:
    with pytest.raises(BadInputError) as caught, open_tree(path):
        pass
    return str(caught.value)


def test_a_name_that_is_in_a_zip_twice_is_refused_since_only_one_of_them_would_be_read(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("hammer/1.jpg", "x")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("hammer/1.jpg", "y")
    assert "“hammer/1.jpg” is there 2 times" in fault_of(tmp_path / "a.zip")


def test_a_zip_of_more_files_than_may_be_is_refused_and_folders_do_not_count(tmp_path, monkeypatch):
    monkeypatch.setattr(file_trees, "MAX_MEMBERS", 2)
    path = make_zip(tmp_path / "a.zip", {"hammer/": "", "hammer/1.jpg": "x", "hammer/2.jpg": "x"})
    assert len(listed(path)) == 2
    make_zip(path, {f"hammer/{number}.jpg": "x" for number in range(3)})
    assert "holds 3 files, over 2; split it" in fault_of(path)


def test_a_small_file_may_pack_well_and_a_large_one_up_to_a_hundred_times(tmp_path):
    path = make_zip(tmp_path / "a.zip", {"hammer/1.jpg": b"\0" * 2**20})
    assert len(listed(path)) == 1
    make_zip(path, {"hammer/1.jpg": b"\0" * (2**20 + 1)})
    assert "unpacks to over 100 times" in fault_of(path)
    make_zip(path, {"hammer/1.jpg": os.urandom(2**20 + 1)})
    assert len(listed(path)) == 1


def test_bad_members_of_a_zip_are_named_up_to_ten(tmp_path):
    path = make_zip(tmp_path / "a.zip", {f"../{number:02}.jpg": "x" for number in range(12)})
    assert len(fault_of(path).splitlines()) == 10


@pytest.mark.parametrize(
    "name", ["../1.jpg", "a/../../1.jpg", "/etc/passwd", "a\\1.jpg", "C:1.jpg", "a\0.jpg"]
)
def test_a_name_that_leads_out_of_a_folder_is_not_read(tmp_path, name):
    make_folder(tmp_path, {"1.jpg": "secret", "in/a/2.jpg": "x"})
    with (
        open_tree(tmp_path / "in") as tree,
        pytest.raises(BadInputError, match=r"leads out of .*in; name files"),
    ):
        tree.read(name)


def test_a_colon_further_in_is_only_a_name(tmp_path):
    with open_tree(make_folder(tmp_path, {"a/b:c.jpg": "x"})) as tree:
        assert tree.read("a/b:c.jpg") == b"x"


def test_a_file_of_exactly_the_limit_is_read_and_one_byte_more_is_not(tmp_path, monkeypatch):
    monkeypatch.setattr(file_trees, "MAX_FILE_BYTES", 5)
    files = {"a/1.jpg": "12345", "a/2.jpg": "123456"}
    with open_tree(make_folder(tmp_path / "in", files)) as tree:
        assert tree.read("a/1.jpg") == b"12345"
        with pytest.raises(BadInputError, match="over 0 MiB"):
            tree.read("a/2.jpg")
    assert "“a/2.jpg” is 0 MiB, over 0" in fault_of(make_zip(tmp_path / "a.zip", files))
    with open_tree(make_zip(tmp_path / "b.zip", {"a/1.jpg": "12345"})) as tree:
        assert tree.read("a/1.jpg") == b"12345"
        with pytest.raises(BadInputError, match=r"2\.jpg: is not in b\.zip"):
            tree.read("a/2.jpg")


def test_a_damaged_zip_is_one_line(tmp_path):
    path = make_zip(tmp_path / "a.zip", {"a/1.jpg": "x" * 100})
    content = path.read_bytes()
    path.write_bytes(content.replace(b"PK\x01\x02", b"PK\x01\x03"))
    assert "the ZIP is damaged" in fault_of(path)
