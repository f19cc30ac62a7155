"""A manifest.csv: which photos there are, and what is said of each. No Django here."""

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from explain.core.errors import BadInputError

from .boxes import parse_boxes
from .class_names import imagenet_class, imagenet_names
from .entries import Entry
from .file_trees import NAMED, Tree, usual
from .table_text import read_table

MANIFEST = "manifest.csv"
_NAMES = (MANIFEST, "manifest.tsv")
_COLUMNS = ({"file", "class_name"}, {"file", "class_index"})


def is_manifest(name: str) -> bool:
    """Whether a file is called as a manifest is, in whatever capitals."""
    return PurePosixPath(name).name.lower() in _NAMES


def nearest_manifest(names: Sequence[str]) -> str | None:
    """Of several manifests the one nearest to the top: a data set often holds another one."""
    return min(filter(is_manifest, names), key=lambda name: name.count("/"), default=None)


def read_manifest(tree: Tree, name: str) -> list[Entry]:
    """What a manifest of `tree` says. BadInputError names every bad line, up to ten."""
    words = "the columns file and class_name (or class_index)"
    table = read_table(tree.read(name), name=name, needs=_COLUMNS, in_words=words)
    folder = name[: len(name) - len(PurePosixPath(name).name)]
    files = _Files(tree.names())
    entries: list[Entry] = []
    bad: list[str] = []
    for row in table.rows:
        try:
            row.check()
            entries.append(_entry(files.called(folder, row.cells["file"]), row.cells))
        except ValueError as error:
            bad.append(f"{name} line {row.line}: {error}; correct the line")
    if bad:
        raise BadInputError(*bad[:NAMED])
    return entries


class _Files:
    """The files of a tree, as manifests of other systems name them."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = set(names)
        self._by_folded: dict[str, list[str]] = {}
        for name in names:
            self._by_folded.setdefault(name.casefold(), []).append(name)

    def called(self, folder: str, cell: str) -> str:
        """The file's name: as it is written, or else the only one that differs in capitals alone."""
        if not cell:
            raise ValueError("names no file")
        name = folder + usual(cell)
        alike = self._by_folded.get(name.casefold(), [])
        return alike[0] if name not in self._names and len(alike) == 1 else name


def _entry(name: str, row: dict[str, str]) -> Entry:
    """One line of a manifest. ValueError says what is wrong with it."""
    class_name = re.sub(r"\s+", " ", row.get("class_name", ""))
    index, class_name = _class_of(row.get("class_index", ""), class_name)
    return Entry(
        name=name,
        class_name=class_name,
        class_index=index,
        boxes=parse_boxes(row["boxes"]) if "boxes" in row else None,
        size=_size_of(row.get("width", ""), row.get("height", "")),
        author=_short(row, "author", 200),
        licence=_short(row, "licence", 100),
        source=_short(row, "source", 500),
    )


def _class_of(index: str, name: str) -> tuple[int | None, str]:
    """What the line says; the half that it leaves out comes from ImageNet's names."""
    if not index:
        if not name:
            raise ValueError("names no class")
        known_index, full_name = imagenet_class(name)
        return known_index, full_name if known_index is not None else name
    if not index.isdecimal():
        raise ValueError(f"class_index “{index}” is not a whole number from 0")
    number = int(index)
    if not name and number >= len(imagenet_names()):
        raise ValueError(f"class_index {number} is not an ImageNet class and no class_name is given")
    return number, name or imagenet_names()[number]


def _size_of(width: str, height: str) -> tuple[int, int] | None:
    if not width and not height:
        return None
    if not (width.isdecimal() and height.isdecimal()):
        raise ValueError(f"“{width}” × “{height}” is not a size in pixels")
    return int(width), int(height)


def _short(row: dict[str, str], column: str, limit: int) -> str:
    text = row.get(column, "")
    if len(text) > limit:
        raise ValueError(f"{column} has {len(text)} characters, over {limit}")
    return text
