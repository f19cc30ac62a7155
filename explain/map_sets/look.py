"""Every map or picture of a request with its photo, judged one by one; what is wrong with any of them is gathered. Nothing is stored.

What is the same of arrays and of finished pictures stands here; what differs, in a subclass of Look (plan.py, pictures.py).
"""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

import numpy as np

from explain.core.errors import BadInputError
from explain.models import ExplanationMap, Image, ImageSet
from explain.photos import class_in, find_set, label_target

from .faults import Faults
from .files import Entry, FileKind, MapFiles
from .matching import Named, PhotoNames
from .request import CONSTANT, MISSING, Request, maps_there, network_of, same_set

SAMPLES = 3
"""Photos that a preview shows."""
Progress = Callable[[int, int], None]


class Sample(Protocol):
    """A map or a picture as it would be kept, for a preview."""

    @property
    def label(self) -> str: ...

    @property
    def image(self) -> Image: ...

    def drawn(self, frame: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        """What people would see, (H, W, 3) uint8. `frame`: the photo as they see it; `size`: the whole photo's."""


@dataclass(frozen=True)
class MapPlan:
    """An import that has not been done: every map has been read and nothing is wrong.

    new, already_there   maps, or finished pictures
    missing              photos of the set that get none
    blank                those with nothing to see
    shapes               (h, w) or (C, h, w) in words -> maps; of pictures, width and height
    lowest, highest      of all values as they were given; None of pictures
    """

    name: str
    images: str
    reading: str
    new: int
    already_there: int
    missing: int
    blank: int
    shapes: dict[str, int]
    lowest: float | None
    highest: float | None
    remarks: list[str]
    samples: list[Sample] = field(repr=False, default_factory=list)

    def to_json(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "samples" and value is not None}


@dataclass(frozen=True)
class Judged:
    """What was given for a photo, as it is kept: an array's cells (h, w) float32, or a picture (H, W, 3) uint8.

    `sha256`: of what was given.
    """

    content: np.ndarray
    blank: bool
    sha256: str


@dataclass(frozen=True)
class Found:
    """One map or picture that is in order."""

    entry: Entry
    image: Image
    target: int | None
    content: np.ndarray
    blank: bool
    source_sha256: str


class Look(ABC):
    """Every map of a request with its photo: what is wrong goes to `faults`, the rest comes out of `maps()`, once or twice.

    `map_set` is the set where it is here already.
    """

    thing: ClassVar[str]  # what is brought, in words: map, picture
    reads: ClassVar[FileKind]
    method: ClassVar[str]  # what stands before a set's name where rows and tables name a method

    def __init__(self, request: Request, files: MapFiles) -> None:
        self.request, self.files, self.faults = request, files, Faults()
        self.image_set: ImageSet = find_set(request.images)
        self.network = network_of(request)
        self.map_set = same_set(request, self.image_set, self.network)
        columns = ("original_name", "class_name", "class_index", "width", "height", "image_set_id")
        self.photos = self.image_set.images.only(*columns).in_bulk()
        self._there = maps_there(self.map_set)
        self._photo_of = self._matched()

    def _matched(self) -> dict[int, Image]:
        """Place of an entry -> its photo; faults for names that fit none, and for photos with two maps."""
        names = PhotoNames(Named(pk, photo.original_name) for pk, photo in self.photos.items())
        matched: dict[int, Image] = {}
        first: dict[int, Entry] = {}
        for place, entry in enumerate(self.files.entries):
            try:
                photo = self.photos[names.photo_of(entry)]
            except BadInputError as error:
                self.faults.add(entry.label, str(error))
                continue
            if earlier := first.get(photo.pk):
                self.faults.add(
                    entry.label,
                    f"a second {self.thing} of {photo.original_name}, beside {earlier.label}; leave one of them out",
                )
                continue
            first[photo.pk] = entry
            matched[place] = photo
        self.missing = [photo.original_name for pk, photo in self.photos.items() if pk not in first]
        if self.missing and MISSING not in self.request.allow:
            self._fault_of_missing()
        return matched

    def _fault_of_missing(self) -> None:
        for name in sorted(self.missing):
            self.faults.add(
                name,
                f"no {self.thing} of this photo; add it, or let a part of the set be enough (--allow missing)",
            )

    def is_there(self, found: Found) -> bool:
        """Whether the set has this very map already."""
        return self._there.get(found.image.pk) == (found.source_sha256, found.target)

    def maps(self, seen: Callable[[Entry, Any], None] = lambda *_: None) -> Iterator[Found | None]:
        """For each entry its map, in their order, or None where something is wrong with it: then that is among the faults."""
        for place, (entry, given) in enumerate(self.files.read()):
            try:
                if isinstance(given, BadInputError):
                    raise given
                photo = self._photo_of.get(place)
                found = self._found(entry, given, photo)
                seen(entry, given)
            except BadInputError as error:
                self.faults.add(entry.label, str(error))
                found = None
            yield found

    def _found(self, entry: Entry, given: Any, photo: Image | None) -> Found | None:
        judged = self.judged(given, photo)
        if photo is None:
            return None
        found = Found(entry, photo, self._target(entry, photo), judged.content, judged.blank, judged.sha256)
        if photo.pk in self._there and not self.is_there(found):
            raise BadInputError(
                f"another {self.thing} than the one that {self.request.name} has of {photo.original_name}; choose another "
                "name for these (--name)"
            )
        return found

    @abstractmethod
    def judged(self, given: Any, photo: Image | None) -> Judged:
        """What was given, as it is kept. Raises BadInputError with the reason alone. `photo`: None where no photo fits it."""

    @abstractmethod
    def keep(self, row: ExplanationMap, content: np.ndarray) -> None:
        """Put it into a row that is not saved, or into a file that the row names: whoever does not save the row deletes that."""

    @abstractmethod
    def tally(self) -> "Tally": ...

    def check_not_blank(self, error: BadInputError) -> None:
        """Raise what is said of one with nothing to see, unless such are let in."""
        if CONSTANT not in self.request.allow:
            raise BadInputError(f"{error}, or keep such {self.thing}s (--allow constant)") from error

    def other_remarks(self, blank: int) -> Iterator[str]:
        """What is said of every import."""
        if blank:
            yield f"{blank:,} {self.thing}s have nothing to see."
        if self.missing:
            yield f"{len(self.missing):,} photos of the set have no {self.thing}; a study that chooses one of them cannot open."
        if passed := self.files.passed_over:
            yield f"{len(passed):,} other files were passed over ({', '.join(passed[:3])}{' …' if len(passed) > 3 else ''})."

    def _target(self, entry: Entry, photo: Image) -> int | None:
        classes = self.network.class_names if self.network else None
        if not entry.target:
            return label_target(photo, self.network) if self.network else photo.class_index
        if entry.target.isdecimal():
            number = int(entry.target)
            if number > 2**31 - 1 or (classes and number >= len(classes)):
                raise BadInputError(
                    f"the target {entry.target}, which is no class{f' of {self.network}' if classes else ''}; correct it"
                )
            return number
        if classes is None:
            raise BadInputError(
                "a target by name, and it is not said of which network; say it (--network), or write the class's number"
            )
        target = class_in(classes, name=entry.target, index=None)
        if target is None:
            raise BadInputError(
                f"the target “{entry.target}”, which is no class of {self.network}; correct it"
            )
        return target


class Tally(ABC):
    """What a plan says, gathered map by map."""

    def __init__(self, look: Look) -> None:
        self.look = look
        self.new = self.already_there = self.blank = 0
        self.shapes: Counter[str] = Counter()
        self.samples: list[Sample] = []
        last = max(len(look.files.entries) - 1, 0)
        self._shown = {round(last * part / (SAMPLES - 1)) for part in range(SAMPLES)}

    @abstractmethod
    def see(self, entry: Entry, given: Any) -> None:
        """What was given, whether it fits a photo or not."""

    def take(self, found: Found, place: int) -> None:
        there = self.look.is_there(found)
        self.already_there += there
        self.new += not there
        self.blank += found.blank
        if place in self._shown:
            self.samples.append(self.sample(found))

    @abstractmethod
    def sample(self, found: Found) -> Sample: ...

    @abstractmethod
    def remarks(self) -> Iterator[str]:
        """What whoever brings them should look at, beside what is said of every import."""

    def plan(self, *, lowest: float | None = None, highest: float | None = None) -> MapPlan:
        look, request = self.look, self.look.request
        return MapPlan(
            name=request.name,
            images=request.images,
            reading=request.reading.in_words(),
            new=self.new,
            already_there=self.already_there,
            missing=len(look.missing),
            blank=self.blank,
            shapes=dict(self.shapes),
            lowest=lowest,
            highest=highest,
            remarks=[*look.files.remarks, *self.remarks(), *look.other_remarks(self.blank)],
            samples=self.samples,
        )
