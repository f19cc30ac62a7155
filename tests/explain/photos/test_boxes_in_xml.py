"""Boxes in XML: of the photo's own class only, in its own pixels, and no file that could do more than say numbers."""

import time
from pathlib import Path

import pytest

from explain.core.errors import BadInputError
from explain.photos.boxes_xml import MAX_BYTES, XmlBoxes

SIZE = (80, 60)
ENTITIES = (
    '<!DOCTYPE annotation [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
    "<annotation><object><name>&b;</name></object></annotation>"
)


def box(name: str, edges: str) -> str:
    values = zip(("xmin", "ymin", "xmax", "ymax"), edges.split(), strict=False)
    inside = "".join(f"<{edge}>{value}</{edge}>" for edge, value in values)
    return f"<object><name> {name} </name><bndbox>{inside}</bndbox></object>"


def annotation(*objects: str, size: str = "<size><width>80</width><height>60</height></size>") -> str:
    return f"<annotation>{size}{''.join(objects)}</annotation>"


def boxes_of(folder: Path, text: str | bytes, class_name: str = "hammer", size=SIZE):
    path = folder / "a" / "1.XML"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return XmlBoxes(folder).for_photo("hammer/1.jpg", class_name, size)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-be"])
def test_a_file_that_declares_entities_is_refused_in_any_encoding(tmp_path, encoding):
    head = f'<?xml version="1.0" encoding="{encoding[:6].rstrip("-")}"?>'
    mark = b"\xfe\xff" if encoding == "utf-16-be" else b""
    with pytest.raises(BadInputError, match=r"^1\.XML: declares entities, .* leave it out$"):
        boxes_of(tmp_path, mark + (head + ENTITIES).encode(encoding))


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-32", "utf-7", "cp037", "idna", "bogus"])
def test_an_encoding_that_the_parser_does_not_read_is_said(tmp_path, encoding):
    """UTF-7 and UTF-16 without a mark ended in an error that nobody expected."""
    head = f'<?xml version="1.0" encoding="{encoding}"?>'
    text = head + ENTITIES
    content = text.encode() if encoding in ("idna", "bogus") else text.encode(encoding)
    with pytest.raises(BadInputError, match=r"^1\.XML: is no XML \(.*\); correct the file or leave it out$"):
        boxes_of(tmp_path, content)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_the_parser_stops_where_entities_are_declared(tmp_path, encoding):
    """Ten times itself, eight times over: it is refused before anything is expanded, and what follows is not read."""
    laughs = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 9))
    text = f'<?xml version="1.0" encoding="{encoding}"?><!DOCTYPE a [<!ENTITY a0 "ha">{laughs}]><a>&a8;</a>'
    begun = time.process_time()
    with pytest.raises(BadInputError, match="declares entities"):
        boxes_of(tmp_path, text.encode(encoding))
    assert time.process_time() - begun < 0.2


def test_a_file_of_boxes_has_a_size(tmp_path):
    fits = annotation(box("hammer", "1 2 30 40")).ljust(MAX_BYTES)
    assert boxes_of(tmp_path, fits) == [[1, 2, 30, 40]]
    with pytest.raises(BadInputError, match=r"^1\.XML: is over 1,024 KiB; leave it out"):
        boxes_of(tmp_path, fits + " ")


def test_boxes_may_come_in_utf_16(tmp_path):
    text = '<?xml version="1.0" encoding="utf-16"?>' + annotation(box("hammer", "1 2 30 40"))
    assert boxes_of(tmp_path, text.encode("utf-16")) == [[1, 2, 30, 40]]


def test_boxes_of_other_objects_on_the_photo_are_not_the_photos(tmp_path):
    text = annotation(box("ladle", "0 0 9 9"), box("hammer", "1 2 30 40"), box("n03481172", "5 6 7 8"))
    assert boxes_of(tmp_path, text) == [[1, 2, 30, 40], [5, 6, 7, 8]]
    assert boxes_of(tmp_path, text, "solar dish") == []


def test_a_class_of_ones_own_is_compared_as_it_is_written(tmp_path):
    assert boxes_of(tmp_path, annotation(box("My_Bicycle", "1 2 3 4")), "my bicycle") == [[1, 2, 3, 4]]


def test_boxes_are_cut_at_each_edge_of_the_photo_and_those_outside_are_left_out(tmp_path):
    text = annotation(
        box("hammer", "-5 -6 40.5 50"),
        box("hammer", "50 10 81 61"),
        box("hammer", "80 0 90 10"),
        box("hammer", "0 60 10 70"),
        box("hammer", "9 9 9 20"),
    )
    assert boxes_of(tmp_path, text) == [[0, 0, 40.5, 50], [50, 10, 80, 60]]


@pytest.mark.parametrize("size", [(60, 80), (80, 61), (81, 60)])
def test_boxes_of_a_photo_of_another_size_are_not_placed_but_told(tmp_path, size):
    path = tmp_path / "1.xml"
    path.write_text(annotation(box("hammer", "1 2 3 4")))
    lookup = XmlBoxes(tmp_path)
    assert lookup.remarks == []
    assert lookup.for_photo("hammer/1.jpg", "hammer", size) is None
    assert lookup.remarks == [
        "1 photos have another size than their XML says, and came in without boxes: hammer/1.jpg."
    ]
    for _ in range(5):
        lookup.for_photo("hammer/1.jpg", "hammer", size)
    assert lookup.remarks[0].startswith("6 photos")
    assert lookup.remarks[0].endswith(": " + ", ".join(["hammer/1.jpg"] * 5) + " ….")


def test_a_file_without_a_size_is_taken_at_its_word(tmp_path):
    text = annotation(box("hammer", "1 2 3 4"), size="<size><width>80</width></size>")
    assert boxes_of(tmp_path, text) == [[1, 2, 3, 4]]


def test_a_photo_without_a_file_has_nothing_said_of_it_and_is_not_counted_as_found(tmp_path):
    (tmp_path / "1.xml").write_text(annotation(box("hammer", "1 2 3 4")))
    lookup = XmlBoxes(tmp_path)
    assert lookup.for_photo("hammer/2.jpg", "hammer", SIZE) is None
    assert lookup.used == set()
    lookup.for_photo("hammer/1.jpg", "hammer", SIZE)
    assert lookup.used == {"1"}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (annotation(box("hammer", "1 2 3")), r"^1\.XML: “1 2 3 ” is not a box xmin ymin xmax ymax; correct"),
        (annotation(box("hammer", "1 2 three 4")), r"^1\.XML: “1 2 three 4” is not a box"),
        ("<annotation>", r"^1\.XML: is no XML \(.*\); correct the file or leave it out$"),
    ],
)
def test_a_damaged_file_is_named(tmp_path, text, complaint):
    with pytest.raises(BadInputError, match=complaint):
        boxes_of(tmp_path, text)


def test_a_folder_without_xml_is_no_folder_of_boxes(tmp_path):
    (tmp_path / "1.txt").write_text("x")
    with pytest.raises(BadInputError, match="holds no XML files"):
        XmlBoxes(tmp_path)
