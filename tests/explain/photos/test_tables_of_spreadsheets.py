"""Manifests and boxes as Excel, LibreOffice, Numbers and programs write them."""

import codecs
import csv
import unicodedata

import pytest

from explain.core.errors import BadInputError
from explain.photos.boxes import BoxLookup, read_boxes
from explain.photos.boxes_xml import XmlBoxes
from explain.photos.file_trees import open_tree
from explain.photos.layouts import list_photos
from tests.explain.photo_files import make_folder

LINES = "file,class_name,boxes\n1.jpg,hammer,1 2 30 40\n2.jpg,my café,\n"
READ = {"1.jpg": ("hammer", [[1, 2, 30, 40]]), "2.jpg": ("my café", [])}


def read(folder, manifest: bytes | str, name: str = "manifest.csv", files=("1.jpg", "2.jpg")) -> dict:
    make_folder(folder, {**dict.fromkeys(files, "x"), name: manifest})
    with open_tree(folder) as tree:
        listing = list_photos(tree)
    return {entry.name: (entry.class_name, entry.boxes) for entry in listing.entries}


def refused(folder, manifest: bytes | str, **more) -> str:
    with pytest.raises(BadInputError) as caught:
        read(folder, manifest, **more)
    (line,) = caught.value.lines
    return line


@pytest.mark.parametrize(
    "content",
    [
        LINES.encode(),
        codecs.BOM_UTF8 + LINES.encode(),
        LINES.encode("utf-16"),
        codecs.BOM_UTF16_BE + LINES.encode("utf-16-be"),
        LINES.encode("utf-16-le"),
        LINES.encode("utf-16-be"),
        LINES.encode("utf-32"),
        LINES.replace("\n", "\r\n").encode(),
        LINES.replace("\n", "\r").encode(),  # Excel for Mac’s “CSV (Macintosh)”
        LINES.replace(",", ";").encode(),
        LINES.replace(",", "\t").encode("utf-16"),  # Excel’s “Unicode Text”
        LINES.replace(",", "|").encode(),
        LINES.replace(",", " ,  ").encode(),
        b"sep=,\n" + LINES.encode(),
        b'"sep=;"\r\n' + LINES.replace(",", ";").encode(),
        codecs.BOM_UTF8 + b"SEP=\t\r\n" + LINES.replace(",", "\t").encode(),
        LINES.replace("file,class_name,boxes", "File,Class Name,BOXES").encode(),
        LINES.replace("file,class_name,boxes", ' "File" ,class-name,"Boxes"').encode(),
        LINES.replace("hammer", '"hammer"').replace("\n2", "\n\n,,\n2").encode() + b",,,\n\n",
        LINES.replace("my café", '"my\ncafé"').encode(),
        LINES.replace("my café", unicodedata.normalize("NFD", "my café")).encode(),
        LINES.replace("1.jpg", "./1.jpg").replace("2.jpg", "2.JPG").encode(),
    ],
    ids=range(22),
)
def test_a_manifest_says_the_same_however_a_program_writes_it(tmp_path, content):
    found = read(tmp_path, content)
    composed = {name: (unicodedata.normalize("NFC", said[0]), said[1]) for name, said in found.items()}
    assert composed == READ


@pytest.mark.parametrize("name", ["Manifest.csv", "MANIFEST.CSV", "manifest.tsv"])
def test_a_manifest_may_be_called_in_capitals(tmp_path, name):
    assert read(tmp_path, LINES, name) == READ


def test_files_are_named_as_windows_names_them(tmp_path):
    decomposed = unicodedata.normalize("NFD", "Fotos/café.jpg")
    manifest = "file;class_name\nfotos\\CAFÉ.JPG;hammer\n"
    assert read(tmp_path, manifest, files=(decomposed,)) == {"Fotos/café.jpg": ("hammer", None)}


def test_of_two_files_that_differ_in_capitals_none_is_guessed(tmp_path):
    assert list(read(tmp_path, "file,class_name\nA.jpg,hammer\n", files=("a.jpg", "A.JPG"))) == ["A.jpg"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"file,class_name\n1.jpg,big, red hammer\n", "manifest.csv line 2: has a cell more than the first line has columns (“red hammer”)"),
        ("file,class_name\n1.jpg,café\n".encode("cp1252"), "manifest.csv: not UTF-8 text (line 2); save it as UTF-8 CSV"),
        (b"name;class\n1.jpg;hammer\n", "needs the columns file and class_name (or class_index); its first line has name, class"),
        (b"", "its first line has nothing"),
        (b"file,class_name,File\n1.jpg,hammer,2.jpg\n", "has the column file twice"),
        (b"sep=;\nfile;class_name\n1.jpg;\n", "manifest.csv line 3: names no class"),
        (b'file,class_name\n1.jpg,"a\nb"\n2.jpg,\n', "manifest.csv line 4: names no class"),
        (b"file,class_name\n1.jpg,%s\n" % (b"x" * 200_000), "is no CSV"),
    ],
)  # fmt: skip
def test_a_table_that_cannot_be_read_is_named_with_the_cause(tmp_path, content, words):
    limit = csv.field_size_limit(2**31 - 1)  # as scipy's readers and others leave it
    try:
        assert words in refused(tmp_path, content)
    finally:
        csv.field_size_limit(limit)


@pytest.mark.parametrize(
    "content",
    [
        "file;x1;y1;x2;y2\nFotos\\1.jpg;1;2;30;40\n".encode("utf-16"),
        b"sep=;\nFile;X1;Y1;X2;Y2\nFotos/1.jpg;1;2;30;40\n",
        b"File,Boxes\n./Fotos/1.jpg, 1 2 30 40\n",
        b'file;boxes\nFotos/1.jpg;"1 2 30 40"\n',
    ],
)
def test_boxes_are_read_from_the_same_tables(tmp_path, content):
    (tmp_path / "boxes.csv").write_bytes(content)
    lookup = BoxLookup(read_boxes(tmp_path / "boxes.csv"), "boxes.csv")
    assert lookup.for_photo("Fotos/1.jpg", "hammer", (80, 60)) == [[1, 2, 30, 40]]


def test_boxes_of_a_decomposed_name_belong_to_the_composed_one(tmp_path):
    (tmp_path / "boxes.csv").write_text(
        f"file,boxes\n{unicodedata.normalize('NFD', 'café.jpg')},1 2 30 40\n", "utf-8"
    )
    assert BoxLookup(read_boxes(tmp_path / "boxes.csv"), "").for_photo("a/café.jpg", "x", (80, 60)) == [
        [1, 2, 30, 40]
    ]


def test_a_line_of_boxes_that_is_cut_in_two_is_refused(tmp_path):
    """Somebody wrote one box after another with a comma between."""
    (tmp_path / "boxes.csv").write_text("file,boxes\n1.jpg,1 2 30 40,50 60 70 80\n", "utf-8")
    with pytest.raises(BadInputError, match=r"^boxes\.csv line 2: has a cell more .*“50 60 70 80”"):
        read_boxes(tmp_path / "boxes.csv")


def test_an_xml_of_a_decomposed_name_belongs_to_the_composed_photo(tmp_path):
    box = "".join(
        f"<{edge}>{value}</{edge}>"
        for edge, value in zip(("xmin", "ymin", "xmax", "ymax"), "1234", strict=True)
    )
    text = f"<annotation><object><name>hammer</name><bndbox>{box}</bndbox></object></annotation>"
    make_folder(tmp_path, {f"{unicodedata.normalize('NFD', 'café')}.xml": text})
    assert XmlBoxes(tmp_path).for_photo("hammer/café.jpg", "hammer", (80, 60)) == [[1, 2, 3, 4]]
