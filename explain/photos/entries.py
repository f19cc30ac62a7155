"""One photo of a folder or ZIP, what is said of it, and whether that can be. No Django here."""

from dataclasses import dataclass
from typing import Protocol

from explain.core.errors import BadInputError

from .boxes import Box, check_boxes


@dataclass(frozen=True)
class Entry:
    """One photo and what is said of it. `size` is what the manifest claims, (width, height)."""

    name: str
    class_name: str
    class_index: int | None = None
    boxes: list[Box] | None = None
    size: tuple[int, int] | None = None
    author: str = ""
    licence: str = ""
    source: str = ""


class Boxes(Protocol):
    """A file or folder of boxes."""

    def for_photo(self, name: str, class_name: str, size: tuple[int, int]) -> list[Box] | None: ...


def boxes_of(entry: Entry, boxes: Boxes | None, size: tuple[int, int]) -> list[Box] | None:
    """The photo's boxes, from the file of boxes, else from the manifest; None where neither says anything.

    Raises BadInputError where the manifest says another size than the photo has, or a box reaches beyond it.
    """
    width, height = size
    if entry.size and entry.size != size:
        raise BadInputError(
            f"{entry.name}: the manifest says {entry.size[0]} × {entry.size[1]}, the photo has {width} × {height};"
            " correct the manifest (its boxes are in these pixels)"
        )
    from_file = boxes.for_photo(entry.name, entry.class_name, size) if boxes else None
    found = entry.boxes if from_file is None else from_file
    try:
        check_boxes(found or [], width=width, height=height)
    except ValueError as error:
        raise BadInputError(f"{entry.name}: {error}; correct the box") from error
    return found
