"""What is given to an import, opened: the files, which of them are photos, and the boxes that come with them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.core.validators import validate_slug

from explain.core.errors import BadInputError

from .boxes import BoxLookup, read_boxes
from .boxes_xml import XmlBoxes
from .class_names import plain
from .entries import Entry
from .file_trees import Tree, open_tree
from .imagenet_labels import read_ground_truth
from .layouts import Listing, list_photos
from .manifests import is_manifest


@dataclass(frozen=True)
class Source:
    """Files and what is said of them."""

    tree: Tree
    listing: Listing
    boxes: BoxLookup | XmlBoxes | None

    def check_boxes_used(self) -> None:
        """Raise where boxes were given that belong to none of the photos."""
        if self.boxes is not None and not self.boxes.used:
            raise BadInputError(
                f"{self.boxes.label}: names none of the photos; its file names must be those of {self.tree.label}"
            )

    @property
    def remarks(self) -> list[str]:
        """What whoever gave it should know; of boxes once they have been used."""
        return [*self.listing.remarks, *(self.boxes.remarks if self.boxes else [])]


@contextmanager
def opened(
    *, path: Path, set_name: str, boxes: Path | None, ground_truth: Path | None, devkit: Path | None
) -> Iterator[Source]:
    """A folder, a ZIP or a manifest.csv with all that comes with it: see import_images()."""
    _check_name(set_name)
    lookup = _lookup(boxes)
    synsets = read_ground_truth(ground_truth=ground_truth, devkit=devkit) if ground_truth or devkit else None
    path = path.parent if is_manifest(path.name) and path.is_file() else path
    with open_tree(path) as tree:
        yield Source(tree, list_photos(tree, synsets), lookup)


def _lookup(boxes: Path | None) -> BoxLookup | XmlBoxes | None:
    if boxes is None:
        return None
    return XmlBoxes(boxes) if boxes.is_dir() else BoxLookup(read_boxes(boxes), str(boxes))


def _check_name(set_name: str) -> None:
    try:
        validate_slug(set_name)
    except ValidationError as error:
        raise BadInputError(
            f"--set {set_name}: a set's name has letters, digits, - and _ only; choose another"
        ) from error
    if len(set_name) > 100:
        raise BadInputError("--set: a set's name has at most 100 characters; choose a shorter one")


class Known(NamedTuple):
    """What is kept of every photo until an import ends: there may be 50,000."""

    original_name: str
    class_name: str


def check_same_class(entry: Entry, known: Known, where: str) -> None:
    """Raise where the same photo was called something else."""
    if plain(entry.class_name) != plain(known.class_name):
        raise BadInputError(
            f"{entry.name}: called “{entry.class_name}” here, but “{known.class_name}” {where} ({known.original_name});"
            " one photo has one class: correct one of the two"
        )
