"""What an import would do, before anything is stored: classes, counts, what is passed over and why, and what to look at."""

import hashlib
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from django.conf import settings

from explain.core.errors import BadInputError
from explain.models import Image

from .cleaning import read_header
from .entries import Entry, boxes_of
from .file_trees import NAMED
from .fit import FirstOfMore, Misfits
from .sources import Known, Source, check_same_class, opened

SHOWN = 20
"""As many names of what is passed over are kept."""


@dataclass(frozen=True)
class PassedOver:
    """Files that are not taken, and why; the first few by name."""

    why: str
    count: int
    names: list[str]


@dataclass(frozen=True)
class Plan:
    """An import that has not been done.

    classes         name -> new photos; photos that the set has are in `already_there`, the same bytes twice in `repeated`
    boxed           new photos with a box
    remarks         how what was given is read, where that is not plain
    warnings        photos that people would not see as they are meant
    bad             photos that cannot be taken, where the others come in without them
    """

    set_name: str
    classes: dict[str, int]
    already_there: int
    repeated: int
    boxed: int
    passed_over: list[PassedOver]
    remarks: list[str]
    warnings: list[str]
    bad: list[str]

    @property
    def new(self) -> int:
        return sum(self.classes.values())

    def to_json(self) -> dict[str, Any]:
        """Plain data; `classes` as pairs, whose order every database keeps."""
        return asdict(self) | {"new": self.new, "classes": list(self.classes.items())}


def plan_import(
    *,
    path: Path,
    set_name: str,
    boxes: Path | None = None,
    ground_truth: Path | None = None,
    devkit: Path | None = None,
    resumable: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Plan:
    """Look at all that import_images() would take of the same arguments, header by header, and store nothing.

    Raises BadInputError as it would, but not for photos that are damaged behind their headers.
    """
    with opened(
        path=path, set_name=set_name, boxes=boxes, ground_truth=ground_truth, devkit=devkit
    ) as source:
        entries = source.listing.entries
        looking = _Look(source, set_name)
        for done, entry in enumerate(entries, start=1):
            looking.at(entry)
            progress(done, len(entries))
        return looking.plan(keep_good=resumable)


class _Look:
    """A look at every photo: of each only the header is decoded."""

    def __init__(self, source: Source, set_name: str) -> None:
        self.source, self.set_name = source, set_name
        stored = Image.objects.filter(image_set__name=set_name).order_by()
        rows = stored.values_list("source_sha256", "original_name", "class_name")
        self._there = {digest: Known(name, class_name) for digest, name, class_name in rows}
        self._seen: dict[str, Known] = {}
        self._classes: Counter[str] = Counter()
        self._already_there = self._repeated = self._boxed = 0
        self._misfits, self._first_of = Misfits(), FirstOfMore()
        self._bad: list[str] = []

    def at(self, entry: Entry) -> None:
        try:
            self._take(entry)
        except BadInputError as error:
            self._bad += error.lines

    def _take(self, entry: Entry) -> None:
        content = self.source.tree.read(entry.name)
        digest = hashlib.sha256(content).hexdigest()
        if known := self._seen.get(digest):
            check_same_class(entry, known, "in the same import")
            self._repeated += 1
            return
        if known := self._there.get(digest):
            check_same_class(entry, known, f"in the set {self.set_name}")
        header = read_header(name=entry.name, content=content, max_pixels=settings.MAX_PIXELS)
        boxes = boxes_of(entry, self.source.boxes, header.size) or []
        self._seen[digest] = Known(entry.name, entry.class_name)
        self._misfits.add(entry.name, *header.size, boxes)
        self._first_of.add(entry.name, header.first_of)
        if known:
            self._already_there += 1
        else:
            self._classes[entry.class_name] += 1
            self._boxed += bool(boxes)

    def plan(self, *, keep_good: bool) -> Plan:
        """Raises for the bad files, up to ten by name, unless the others come in without them."""
        more = len(self._bad) - NAMED
        bad = [*self._bad[:NAMED], *([f"… and {more:,} more"] if more > 0 else [])]
        if bad and not keep_good:
            raise BadInputError(*bad)
        self.source.check_boxes_used()
        passed_over = self.source.listing.passed_over
        return Plan(
            set_name=self.set_name,
            classes=dict(sorted(self._classes.items())),
            already_there=self._already_there,
            repeated=self._repeated,
            boxed=self._boxed,
            passed_over=[PassedOver(why, len(names), names[:SHOWN]) for why, names in passed_over.items()],
            remarks=[*self.source.remarks, *self._first_of.in_words()],
            warnings=self._misfits.in_words(),
            bad=bad,
        )
