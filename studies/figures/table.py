"""A page's table as rows of cells, with the text that people read."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser

PARTS = ("thead", "tbody", "tfoot")


@dataclass(frozen=True)
class Cell:
    """`number`: its column stands to the right. `span`: so many columns are one."""

    text: str
    number: bool = False
    span: int = 1


Row = tuple[Cell, ...]


@dataclass(frozen=True)
class Table:
    """Every row covers `columns` columns, the last ones by empty cells if need be."""

    caption: str
    head: tuple[Row, ...]
    body: tuple[Row, ...]
    foot: tuple[Row, ...]

    @property
    def columns(self) -> int:
        return max(
            (sum(cell.span for cell in row) for row in (*self.head, *self.body, *self.foot)), default=0
        )

    def caption_with(self, notes: Sequence[str]) -> str:
        """The caption, and what it does not say yet of the notes."""
        said = self.caption.casefold()
        more = [note for note in notes if note.rstrip(".").casefold() not in said]
        return " ".join([f"{self.caption.rstrip('.')}.", *more]) if more else self.caption

    @property
    def numbers(self) -> list[bool]:
        """Of each column, whether it stands to the right: as the first row that has every column by itself says."""
        for row in (*self.body, *self.head):
            if len(row) == self.columns:
                return [cell.number for cell in row]
        return [False] * self.columns


def table_of(html: str, caption: str) -> Table:
    """The table with its caption in words; one `<table>` that holds no other."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    columns = max((sum(cell.span for cell in row) for part in PARTS for row in reader.rows[part]), default=0)
    head, body, foot = (tuple(_filled(row, columns) for row in reader.rows[part]) for part in PARTS)
    return Table(caption, head, body, foot)


def _filled(row: list[Cell], columns: int) -> Row:
    return (*row, *(Cell("") for _ in range(columns - sum(cell.span for cell in row))))


@dataclass
class _Open:
    number: bool
    span: int
    words: list[str] = field(default_factory=list)

    def closed(self) -> Cell:
        return Cell(re.sub(r"[ \t\r\n]+", " ", "".join(self.words)).strip(" "), self.number, self.span)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.rows: dict[str, list[list[Cell]]] = {part: [] for part in PARTS}
        self.part = "tbody"
        self.cell: _Open | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in PARTS:
            self.part = tag
        elif tag == "tr":
            self.rows[self.part].append([])
        elif tag in ("th", "td"):
            given = dict(attrs)
            span = int(given.get("colspan") or 1)
            self.cell = _Open("number" in (given.get("class") or "").split(), span)
        elif tag == "br" and self.cell:
            self.cell.words.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("th", "td") and self.cell:
            self.rows[self.part][-1].append(self.cell.closed())
            self.cell = None

    def handle_data(self, data: str) -> None:
        if self.cell:
            self.cell.words.append(data)
