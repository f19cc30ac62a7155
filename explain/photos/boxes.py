"""Ground-truth boxes of photos, from text. No Django here.

A box is [x1, y1, x2, y2] in pixels of the photo as it is shown (the right way up), x to the right, y down.
"""

import csv
import math
from pathlib import Path, PurePosixPath

from explain.core.errors import BadInputError

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
    if path.suffix.lower() != ".csv":
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
        path = PurePosixPath(name)
        for key in (name, path.name, path.stem):
            if key in self._boxes:
                self.used.add(key)
                return self._boxes[key]
        return None


def _read_csv(path: Path) -> dict[str, list[Box]]:
    boxes: dict[str, list[Box]] = {}
    bad: list[str] = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            columns = set(reader.fieldnames or [])
            if "file" not in columns or not ({"boxes"} <= columns or {"x1", "y1", "x2", "y2"} <= columns):
                raise BadInputError(f"{path}: needs the columns file,boxes or file,x1,y1,x2,y2")
            for row in reader:
                try:
                    boxes.setdefault(row["file"] or "", []).extend(_boxes_of(row))
                except ValueError as error:
                    bad.append(f"{path.name} line {reader.line_num}: {error}; correct the line")
    except UnicodeDecodeError as error:
        raise BadInputError(f"{path}: not UTF-8 text; save it as UTF-8 CSV") from error
    except csv.Error as error:
        raise BadInputError(f"{path}: is no CSV ({error}); save it as UTF-8 CSV") from error
    if bad:
        raise BadInputError(*bad[:10])
    return boxes


def _boxes_of(row: dict[str, str]) -> list[Box]:
    if "boxes" in row:
        return parse_boxes(row["boxes"] or "")
    return [_box([row[key] or "" for key in ("x1", "y1", "x2", "y2")])]


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
