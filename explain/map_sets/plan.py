"""What an import of maps would do: every array is read and judged, everything that is wrong is said at once, nothing is stored."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from explain.cam import CamError
from explain.cam.rendering import render
from explain.core.errors import BadInputError
from explain.maps import crop_of
from explain.models import Image, ImageSet
from explain.photos import class_in, find_set, label_target

from .faults import Faults
from .files import Entry, MapFiles, opened_maps
from .matching import Named, PhotoNames
from .reading import ConstantMapError, Covers, blank_of, cells_of, in_shape
from .request import CONSTANT, MISSING, Request, maps_there, network_of, same_set

SAMPLES = 3
"""Photos that a preview shows."""
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Sample:
    """A map as it would be kept, for a preview."""

    label: str
    image: Image
    cells: np.ndarray
    extent: render.Box


@dataclass(frozen=True)
class MapPlan:
    """An import that has not been done: every map has been read and nothing is wrong.

    new, already_there   maps
    missing              photos of the set that get none
    blank                maps with nothing to see
    shapes               (h, w) or (C, h, w) in words -> maps
    lowest, highest      of all values as they were given
    """

    name: str
    images: str
    reading: str
    new: int
    already_there: int
    missing: int
    blank: int
    shapes: dict[str, int]
    lowest: float
    highest: float
    remarks: list[str]
    samples: list[Sample] = field(repr=False, default_factory=list)

    def to_json(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "samples"}


@dataclass(frozen=True)
class Found:
    """One map that is in order."""

    entry: Entry
    image: Image
    target: int | None
    cells: np.ndarray
    blank: bool
    source_sha256: str


class Look:
    """Every map of a request with its photo: what is wrong goes to `faults`, the rest comes out of `maps()`, once or twice.

    `map_set` is the set where it is here already.
    """

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
                    f"a second map of {photo.original_name}, beside {earlier.label}; leave one of them out",
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
                "no map of this photo; add it, or let a part of the set be enough (--allow missing)",
            )

    def is_there(self, found: Found) -> bool:
        """Whether the set has this very map already."""
        return self._there.get(found.image.pk) == (found.source_sha256, found.target)

    def extent(self, image: Image) -> render.Box:
        """What the map of a photo covers."""
        if self.request.reading.covers == Covers.CROP and self.network is not None:
            return crop_of(self.network, image)
        return (0, 0, image.width, image.height)

    def maps(self, seen: Callable[[Entry, np.ndarray], None] = lambda *_: None) -> Iterator[Found | None]:
        """For each entry its map, in their order, or None where something is wrong with it: then that is among the faults."""
        for place, (entry, array) in enumerate(self.files.read()):
            try:
                if isinstance(array, BadInputError):
                    raise array
                photo = self._photo_of.get(place)
                found = self._judged(entry, array, photo)
                seen(entry, array)
            except BadInputError as error:
                self.faults.add(entry.label, str(error))
                found = None
            yield found

    def _judged(self, entry: Entry, array: np.ndarray, photo: Image | None) -> Found | None:
        blank = False
        try:
            cells = cells_of(array, self.request.reading)
        except ConstantMapError as error:
            if CONSTANT not in self.request.allow:
                raise BadInputError(f"{error}, or keep such maps (--allow constant)") from error
            cells, blank = blank_of(array), True
        if photo is None:
            return None
        self._check_extent(photo)
        found = Found(entry, photo, self._target(entry, photo), cells, blank, source_sha256(array))
        if photo.pk in self._there and not self.is_there(found):
            raise BadInputError(
                f"another map than the one that {self.request.name} has of {photo.original_name}; choose another name for these "
                "(--name)"
            )
        return found

    def _check_extent(self, photo: Image) -> None:
        try:
            frame = render.frame_box(photo.width, photo.height)
            render.upsample(np.zeros((1, 1)), self.extent(photo), frame, side=1)
        except CamError as error:
            raise BadInputError(
                f"the crop of {self.network} shows less of {photo.width} × {photo.height} pixels than people are shown; use maps "
                "of the whole photo (--covers photo), or of a network with a wider crop"
            ) from error

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


@contextmanager
def looking(request: Request) -> Iterator[Look]:
    """The files of a request, opened. BadInputError where the request itself cannot be, or nothing can be read of it."""
    with opened_maps(request.path) as files:
        yield Look(request, files)


def plan_maps(request: Request, progress: Progress = lambda done, total: None) -> MapPlan:
    """Look at all that import_maps() would take, array by array, and store nothing.

    Raises BadInputError with a line for everything that is wrong, each of which names up to five maps.
    """
    with looking(request) as look:
        return judge(look, progress)


def judge(look: Look, progress: Progress = lambda done, total: None) -> MapPlan:
    """The plan of a look. Raises as plan_maps() does."""
    tally = _Tally(look)
    for done, found in enumerate(look.maps(tally.see), start=1):
        if found is not None:
            tally.take(found, done - 1)
        progress(done, len(look.files.entries))
    look.faults.check()
    return tally.plan()


class _Tally:
    """What a plan says, gathered map by map."""

    def __init__(self, look: Look) -> None:
        self.look = look
        self.new = self.already_there = self.blank = self.stretched = 0
        self.shapes: Counter[str] = Counter()
        self.lowest, self.highest = np.inf, -np.inf
        self.samples: list[Sample] = []
        last = max(len(look.files.entries) - 1, 0)
        self._shown = {round(last * part / (SAMPLES - 1)) for part in range(SAMPLES)}

    def see(self, entry: Entry, array: np.ndarray) -> None:
        self.shapes[in_shape(array)] += 1
        self.lowest, self.highest = (
            min(self.lowest, float(array.min())),
            max(self.highest, float(array.max())),
        )

    def take(self, found: Found, place: int) -> None:
        there = self.look.is_there(found)
        self.already_there += there
        self.new += not there
        self.blank += found.blank
        box = self.look.extent(found.image)
        height, width = found.cells.shape
        shape = (box[2] - box[0]) / (box[3] - box[1])
        self.stretched += abs(width / height - shape) > 0.5 * (1 / height + 1 / width) * max(shape, 1)
        if place in self._shown:
            self.samples.append(Sample(found.entry.label, found.image, found.cells, box))

    def plan(self) -> MapPlan:
        request = self.look.request
        return MapPlan(
            name=request.name,
            images=request.images,
            reading=request.reading.in_words(),
            new=self.new,
            already_there=self.already_there,
            missing=len(self.look.missing),
            blank=self.blank,
            shapes=dict(self.shapes),
            lowest=self.lowest,
            highest=self.highest,
            remarks=[*self.look.files.remarks, *self._remarks()],
            samples=self.samples,
        )

    def _remarks(self) -> Iterator[str]:
        covers, passed = self.look.request.reading.covers, self.look.files.passed_over
        if self.stretched:
            what = "their photos" if covers == Covers.PHOTO else "the network's crop"
            yield (
                f"{self.stretched:,} maps have not the shape of {what} and are stretched over it; look whether they lie right. "
                + (
                    "A network that cut the middle out of the photo makes maps of its crop (--covers crop)."
                    if covers == Covers.PHOTO
                    else ""
                )
            ).strip()
        if self.lowest < 0:
            yield f"The lowest value is {self.lowest:.3g}: how values below zero are shown is a choice that all arms should share."
        if self.blank:
            yield f"{self.blank:,} maps have nothing to see."
        if self.look.missing:
            yield f"{len(self.look.missing):,} photos of the set have no map; a study that chooses one of them cannot open."
        if passed:
            yield f"{len(passed):,} other files were passed over ({', '.join(passed[:3])}{' …' if len(passed) > 3 else ''})."


def source_sha256(array: np.ndarray) -> str:
    """SHA-256 of an array as it was given: its type, its shape, its values row by row."""
    digest = hashlib.sha256(f"{array.dtype.str} {array.shape} ".encode())
    digest.update(np.ascontiguousarray(array).data.cast("B") if array.size else b"")
    return digest.hexdigest()
