"""A page's chart as shapes at fixed places, drawn for one width of paper. Lengths are units of sizes.UNIT millimetres."""

import json
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .sizes import INK, MARGIN, PAINTS, SOFT, TEXT, UNIT, Paint

SVG = "{http://www.w3.org/2000/svg}"
LINE = 1.3  # of the size of text: the height of a line of notes
LETTER = 0.52  # of the size of text: the width of a letter of notes


@dataclass(frozen=True)
class Rect:
    x: float
    y: float
    width: float
    height: float
    radius: float
    paint: Paint


@dataclass(frozen=True)
class Line:
    x1: float
    y1: float
    x2: float
    y2: float
    paint: Paint


@dataclass(frozen=True)
class Circle:
    x: float
    y: float
    radius: float
    paint: Paint


@dataclass(frozen=True)
class Words:
    """A line of text of runs, each with its own paint; the paint of the whole says where `x` lies in it."""

    x: float
    y: float
    runs: tuple[tuple[str, Paint], ...]
    paint: Paint


Shape = Rect | Line | Circle | Words


@dataclass(frozen=True)
class Drawing:
    """A chart on paper. `millimetres` is its width there; `width` and `height` are units."""

    title: str
    description: str
    millimetres: int
    width: float
    height: float
    shapes: tuple[Shape, ...]
    data: tuple[dict[str, Any], ...]


def drawing_of(svg: str, millimetres: int, notes: Sequence[str] = ()) -> Drawing:
    """The chart of core/svg.py for a width of paper, with notes below it. Raises ValueError for a part that is not drawn here."""
    root = ET.fromstring(svg)  # noqa: S314 – a chart of our own, in which every text is escaped
    width = millimetres / UNIT
    place = _Place(width - 2 * MARGIN, float(root.get("height", "0")))
    shapes = list(_shapes(root, Paint(fill=INK), place))
    y = MARGIN + place.height
    for note in notes:
        for line in _lines(note, place.width):
            y += SOFT * LINE
            small = Paint(fill=INK, size=SOFT)
            shapes.append(Words(MARGIN, y, ((line, small),), small))
    metadata = root.findtext(f"{SVG}metadata")
    return Drawing(
        title=root.findtext(f"{SVG}title") or "",
        description=root.findtext(f"{SVG}desc") or "",
        millimetres=millimetres,
        width=width,
        height=y + (SOFT * 0.4 if notes else 0) + MARGIN,
        shapes=tuple(shapes),
        data=tuple(json.loads(metadata)) if metadata else (),
    )


@dataclass(frozen=True)
class _Place:
    """The chart's own width and height within the margins."""

    width: float
    height: float

    def x(self, element: ET.Element, name: str) -> float:
        return MARGIN + self.across(element, name)

    def y(self, element: ET.Element, name: str) -> float:
        return MARGIN + _length(element.get(name, "0"), self.height)

    def across(self, element: ET.Element, name: str) -> float:
        return _length(element.get(name, "0"), self.width)


def _length(words: str, whole: float) -> float:
    return float(words[:-1]) / 100 * whole if words.endswith("%") else float(words)


def _shapes(parent: ET.Element, around: Paint, place: _Place) -> Iterator[Shape]:
    for element in parent:
        tag = element.tag.removeprefix(SVG)
        if tag in ("title", "desc", "metadata"):
            continue
        paint = _painted(element, around)
        if tag == "g":
            yield from _shapes(element, paint, place)
        elif tag == "rect":
            size = place.across(element, "width"), _length(element.get("height", "0"), place.height)
            corner = place.x(element, "x"), place.y(element, "y")
            yield Rect(*corner, *size, float(element.get("rx", "0")), paint)
        elif tag == "line":
            first = place.x(element, "x1"), place.y(element, "y1")
            yield Line(*first, place.x(element, "x2"), place.y(element, "y2"), paint)
        elif tag == "circle":
            yield Circle(place.x(element, "cx"), place.y(element, "cy"), float(element.get("r", "0")), paint)
        elif tag == "text":
            yield Words(place.x(element, "x"), place.y(element, "y"), tuple(_runs(element, paint)), paint)
        else:
            raise ValueError(f"<{tag}> of a chart has no form on paper: draw it here, too")


def _runs(text: ET.Element, paint: Paint) -> Iterator[tuple[str, Paint]]:
    if text.text:
        yield text.text, paint
    for run in text:
        if run.text:
            yield run.text, _painted(run, paint)
        if run.tail:
            yield run.tail, paint


def _painted(element: ET.Element, around: Paint) -> Paint:
    """What the element's classes and its own attribute make of the paint around it."""
    paint = around
    for name in element.get("class", "").split():
        if name not in PAINTS:
            raise ValueError(f"class “{name}” of a chart has no form on paper: say it in sizes.PAINTS")
        paint = replace(
            paint, **{key: value for key, value in vars(PAINTS[name]).items() if value not in (None, ())}
        )
    own = element.get("fill-opacity")
    return paint if own is None else replace(paint, opacity=float(own))


def _lines(words: str, width: float) -> Iterator[str]:
    most, line = int(width / (LETTER * SOFT)), ""
    for word in words.split():
        if line and len(line) + 1 + len(word) > most:
            yield line
            line = word
        else:
            line = f"{line} {word}".strip()
    if line:
        yield line


def size_of(paint: Paint) -> float:
    """The height of text, in units."""
    return paint.size or TEXT
