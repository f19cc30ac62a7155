"""A drawing in pixels, 300 to the inch."""

import io
import math
from collections.abc import Iterator
from typing import Any

from PIL import Image, ImageColor, ImageDraw
from PIL.PngImagePlugin import PngInfo

from explain.core.lettering import lettering

from .drawing import Circle, Drawing, Line, Rect, Shape, Words, size_of
from .sizes import DPI, INK, PAPER, UNIT, Paint

MOST_PIXELS = 24_000_000  # drawn at twice the size, for smooth edges, where that is not more
Point = tuple[float, float]


def as_png(drawing: Drawing) -> bytes:
    """The file; title and description stand in it, too."""
    scale = UNIT * DPI / 25.4
    size = round(drawing.width * scale), round(drawing.height * scale)
    finer = 2 if 4 * size[0] * size[1] <= MOST_PIXELS else 1
    page = Image.new("RGB", (size[0] * finer, size[1] * finer), PAPER)
    brush = _Brush(ImageDraw.Draw(page, "RGBA"), scale * finer)
    for shape in drawing.shapes:
        brush.draw(shape)
    about = PngInfo()
    about.add_itxt("Title", drawing.title)
    about.add_itxt("Description", drawing.description)
    file = io.BytesIO()
    page.resize(size, Image.Resampling.LANCZOS).save(file, "PNG", dpi=(DPI, DPI), pnginfo=about)
    return file.getvalue()


class _Brush:
    def __init__(self, draw: ImageDraw.ImageDraw, scale: float) -> None:
        self.pen, self.scale = draw, scale

    def draw(self, shape: Shape) -> None:
        if isinstance(shape, Words):
            self._write(shape)
        elif isinstance(shape, Line):
            self._line(shape)
        elif isinstance(shape, Circle):
            x, y, r = shape.x, shape.y, shape.radius
            self.pen.ellipse(self._box(x - r, y - r, x + r, y + r), **self._area(shape.paint))
        elif shape.width > 0 and shape.height > 0:
            self._rect(shape)

    def _rect(self, shape: Rect) -> None:
        box = self._box(shape.x, shape.y, shape.x + shape.width, shape.y + shape.height)
        radius = min(shape.radius, shape.width / 2, shape.height / 2) * self.scale
        self.pen.rounded_rectangle(box, radius, **self._area(shape.paint))

    def _box(self, left: float, top: float, right: float, bottom: float) -> tuple[float, float, float, float]:
        return left * self.scale, top * self.scale, right * self.scale, bottom * self.scale

    def _area(self, paint: Paint) -> dict[str, Any]:
        red, green, blue = ImageColor.getrgb(paint.fill or INK)[:3]
        alpha = round(255 * (1 if paint.opacity is None else paint.opacity))
        outline = {"outline": paint.stroke, "width": self._thick(paint)} if paint.stroke else {}
        return {"fill": (red, green, blue, alpha), **outline}

    def _thick(self, paint: Paint) -> int:
        return max(1, round((paint.width or 1) * self.scale))

    def _line(self, line: Line) -> None:
        for (x1, y1), (x2, y2) in _dashes((line.x1, line.y1), (line.x2, line.y2), line.paint.dash):
            ends = self._box(x1, y1, x2, y2)
            self.pen.line(ends, fill=line.paint.stroke or INK, width=self._thick(line.paint))

    def _write(self, words: Words) -> None:
        runs = [
            (*lettering(text, size_of(paint) * self.scale, bold=bool(paint.bold)), paint)
            for text, paint in words.runs
        ]
        wide = [font.getlength(text) for font, text, _ in runs]
        x = words.x * self.scale - sum(wide) * {"end": 1.0, "middle": 0.5}.get(words.paint.anchor or "", 0.0)
        for (font, text, paint), width in zip(runs, wide, strict=True):
            self.pen.text((x, words.y * self.scale), text, fill=paint.fill or INK, font=font, anchor="ls")
            x += width


def _dashes(start: Point, end: Point, dash: tuple[float, ...]) -> Iterator[tuple[Point, Point]]:
    """The pieces of a line: one without dashes."""
    length = math.dist(start, end)
    if not dash or not length:
        yield start, end
        return

    def at(way: float) -> Point:
        share = min(way / length, 1)
        return start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1])

    way = 0.0
    while way < length:
        yield at(way), at(way + dash[0])
        way += dash[0] + dash[1]
