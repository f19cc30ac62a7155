"""A table as Markdown with pipes, as GitHub, GitLab, Quarto and Pandoc read it."""

import re
from collections.abc import Iterable, Sequence

from .table import Row, Table

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|$~&!])")


def escaped(text: str) -> str:
    r"""Text that is shown as it stands.

    >>> print(escaped("a|b *c*"))
    a\|b \*c\*
    """
    return _SPECIAL.sub(r"\\\1", text)


def as_markdown(table: Table, notes: Sequence[str]) -> bytes:
    """The caption with its notes, then the table. Markdown has one row of heads and none below: other rows stand in its body."""
    first = table.head[0] if table.head else ()
    lines = [
        escaped(table.caption_with(notes)),
        "",
        _line(_texts(first) if first else [""] * table.columns),
        _line("---:" if number else ":---" for number in table.numbers),
        *(_line(_texts(row)) for row in (*table.head[1:], *table.body, *table.foot)),
    ]
    return ("\n".join(lines) + "\n").encode()


def _texts(row: Row) -> list[str]:
    return [text for cell in row for text in (escaped(cell.text), *[""] * (cell.span - 1))]


def _line(texts: Iterable[str]) -> str:
    return f"| {' | '.join(texts)} |"
