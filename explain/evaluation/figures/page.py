"""A figure as data, and where everything of it stands on a page. No torch, no Django.

Lengths are units of a quarter of a millimetre: WIDTH fills the text of an A4 page (170 mm), and text is 8 to 9 points.
"""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..figure4 import Picture

WIDTH, MOST_HEIGHT = 680, 1000
GAP, MARGIN, LABEL = 6, 2, 92
TITLE, HEAD, SMALL = 15.0, 12.0, 11.0  # sizes of text
LINE, LETTER = 1.25, 0.56  # of the size of text: the height of a line, the width of a letter
LARGEST = 168.0  # side of a picture


@dataclass(frozen=True)
class Panel:
    """A picture, and a few words under it."""

    picture: Picture
    under: str = ""


@dataclass(frozen=True)
class PanelRow:
    """A row of panels; None leaves a place empty. `label` stands to the left."""

    panels: tuple[Panel | None, ...]
    label: str = ""


@dataclass(frozen=True)
class Block:
    """Rows under common heads of columns."""

    columns: tuple[str, ...]
    rows: tuple[PanelRow, ...]


@dataclass(frozen=True)
class Figure:
    """title  what it shows; notes  what it was made of, a paragraph each; maps  the numbers of the stored maps in it."""

    title: str
    notes: tuple[str, ...]
    blocks: tuple[Block, ...]
    maps: tuple[int, ...] = ()

    @property
    def words(self) -> str:
        """The figure for somebody who does not see it; each picture has words of its own besides."""
        return " ".join((f"{self.title}.", *self.notes))


@dataclass(frozen=True)
class Text:
    """A line of text; `x` is its left end or, where `centred`, its middle, `y` its base line."""

    x: float
    y: float
    words: str
    size: float
    bold: bool = False
    centred: bool = False


@dataclass(frozen=True)
class Placed:
    """A square picture and its upper left corner."""

    x: float
    y: float
    side: float
    picture: Picture


Item = Text | Placed


def laid_out(figure: Figure) -> tuple[float, list[Item]]:
    """The figure's height, and everything on it from top to bottom."""
    items: list[Item] = []
    y = float(MARGIN)
    y = _lines(items, wrapped(figure.title, WIDTH, TITLE), 0, y, TITLE, bold=True) + GAP
    side = side_of(figure)
    for block in figure.blocks:
        y = _block(items, block, y, side) + GAP
    for note in figure.notes:
        y = _lines(items, wrapped(note, WIDTH, SMALL), 0, y, SMALL)
    return math.ceil(y + MARGIN + SMALL * 0.3), items


def side_of(figure: Figure) -> float:
    """The side of every picture: as many as are in the widest row fill the page's width, and all rows a page's height."""
    columns = max(len(block.columns) for block in figure.blocks)
    rows = sum(len(block.rows) for block in figure.blocks)
    wide = (WIDTH - _left(figure.blocks) - GAP * (columns - 1)) / columns
    high = (MOST_HEIGHT - 120) / max(1, rows) - 2 * SMALL * LINE - GAP
    return max(40.0, min(wide, high, LARGEST))


def _left(blocks: Sequence[Block]) -> float:
    return LABEL if any(row.label for block in blocks for row in block.rows) else 0


def _block(items: list[Item], block: Block, y: float, side: float) -> float:
    left = _left([block])
    heads = [wrapped(head, side, HEAD) for head in block.columns]
    deepest = max(map(len, heads))
    for place, lines in enumerate(heads):
        x = left + place * (side + GAP) + side / 2
        top = y + (deepest - len(lines)) * HEAD * LINE
        _lines(items, lines, x, top, HEAD, bold=True, centred=True)
    y += deepest * HEAD * LINE + 4
    for row in block.rows:
        y = _row(items, row, left, y, side) + GAP
    return y


def _row(items: list[Item], row: PanelRow, left: float, y: float, side: float) -> float:
    if row.label:
        lines = wrapped(row.label, LABEL - GAP, SMALL)
        _lines(items, lines, 0, y + max(0, (side - len(lines) * SMALL * LINE) / 2), SMALL)
    lowest = y + side
    for place, panel in enumerate(row.panels):
        x = left + place * (side + GAP)
        if panel is None:
            continue
        items.append(Placed(x, y, side, panel.picture))
        lines = wrapped(panel.under, side, SMALL)
        lowest = max(lowest, _lines(items, lines, x + side / 2, y + side + 2, SMALL, centred=True))
    return lowest


def _lines(
    items: list[Item],
    lines: Sequence[str],
    x: float,
    y: float,
    size: float,
    *,
    bold: bool = False,
    centred: bool = False,
) -> float:
    """Put lines one below the other, from the height `y` down; returns where they end."""
    for line in lines:
        items.append(Text(x, y + size, line, size, bold, centred))
        y += size * LINE
    return y


def wrapped(words: str, width: float, size: float) -> list[str]:
    """Words in lines of at most `width`, broken at spaces and after - / _ where need be; no words, no line."""
    most = max(4, int(width / (LETTER * size)))
    lines: list[str] = []
    line = ""
    for part in _parts(words, most):
        if line and len((line + part).rstrip()) > most:
            lines.append(line.rstrip())
            line = ""
        line += part
    return [*lines, line.rstrip()] if line.strip() else lines


def _parts(words: str, most: int) -> Iterator[str]:
    for part in re.findall(r"[^ /_-]*[/_-]+|[^ /_-]+ *| +", words):
        yield from (part[start : start + most] for start in range(0, len(part), most))
