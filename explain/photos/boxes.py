"""Ground-truth boxes of photos, from text. No Django here.

A box is [x1, y1, x2, y2] in pixels of the photo as it is shown (the right way up), x to the right, y down.
"""

import math
from pathlib import Path, PurePosixPath

from explain.core.errors import BadInputError

from .file_trees import NAMED, usual
from .table_text import read_table

Box = list[float]


def parse_boxes(text: str) -> list[Box]:
    """`x1 y1 x2 y2`, several separated by `;`. ValueError says what is wrong with the text.

    >>> parse_boxes("45 57 576 269; 0 0 10.5 20")
    [[45, 57, 576, 269], [0, 0, 10.5, 20]]
    """
    return [_box(part.split()) for part in text.split(";") if part.strip()]


def check_boxes(boxes: list[Box], *, width: int, height: int) -> None:
    """ValueError unless every box lies within the photo."""
    for x1, y1, x2, y2 in boxes:
        if x1 < 0 or y1 < 0 or x2 > width or y2 > height:
            raise ValueError(
                f"the box {x1:g} {y1:g} {x2:g} {y2:g} reaches beyond the photo ({width} × {height})"
            )


def read_boxes(path: Path) -> dict[str, list[Box]]:
    """A file of boxes -> {photo's file name: boxes}.

    CSV with the columns `file,boxes`, or `file,x1,y1,x2,y2` with a line for each box. A folder of XML files is
    read by boxes_xml.py.
    """
    if not path.is_file():
        raise BadInputError(f"{path}: there is no such file of boxes; check the path")
    if path.suffix.lower() not in (".csv", ".tsv"):
        raise BadInputError(
            f"{path}: boxes are read from CSV (columns file,boxes or file,x1,y1,x2,y2), or a folder of XML"
        )
    return _read_csv(path)


class BoxLookup:
    """Boxes by a photo's path, its file name, or its stem: data sets name their photos in all three ways."""

    remarks: tuple[str, ...] = ()

    def __init__(self, boxes: dict[str, list[Box]], label: str) -> None:
        self._boxes, self.label = boxes, label
        self.used: set[str] = set()

    def for_photo(self, name: str, class_name: str, size: tuple[int, int]) -> list[Box] | None:
        path = PurePosixPath(usual(name))
        for key in (str(path), path.name, path.stem):
            if key in self._boxes:
                self.used.add(key)
                return self._boxes[key]
        return None


def _read_csv(path: Path) -> dict[str, list[Box]]:
    table = read_table(
        path.read_bytes(),
        name=str(path),
        needs=({"file", "boxes"}, {"file", "x1", "y1", "x2", "y2"}),
        in_words="the columns file,boxes or file,x1,y1,x2,y2",
    )
    boxes: dict[str, list[Box]] = {}
    bad: list[str] = []
    for row in table.rows:
        try:
            row.check()
            boxes.setdefault(usual(row.cells["file"]), []).extend(_boxes_of(row.cells))
        except ValueError as error:
            bad.append(f"{path.name} line {row.line}: {error}; correct the line")
    if bad:
        raise BadInputError(*bad[:NAMED])
    return boxes


def _boxes_of(row: dict[str, str]) -> list[Box]:
    if "boxes" in row:
        return parse_boxes(row["boxes"])
    return [_box([row[key] for key in ("x1", "y1", "x2", "y2")])]


def _box(numbers: list[str]) -> Box:
    try:
        x1, y1, x2, y2 = map(_number, numbers)
    except ValueError as error:
        raise ValueError(f"“{' '.join(numbers)}” is not a box x1 y1 x2 y2") from error
    if not (x1 < x2 and y1 < y2):
        raise ValueError(f"the box {x1:g} {y1:g} {x2:g} {y2:g} has no area: x1 < x2 and y1 < y2 must hold")
    return [x1, y1, x2, y2]


def _number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return int(number) if number.is_integer() else number
