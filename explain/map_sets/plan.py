"""What an import of maps would do: every array is read and judged, everything that is wrong is said at once, nothing is stored."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from explain.cam import CamError
from explain.cam.rendering import render
from explain.core.errors import BadInputError
from explain.maps import crop_of, keep_array
from explain.models import ExplanationMap, Image

from .files import ARRAYS, Entry, FileKind, opened_maps
from .look import Found, Judged, Look, MapPlan, Progress, Sample, Tally
from .pictures import PictureLook
from .reading import ConstantMapError, Covers, Reading, blank_of, cells_of, in_shape
from .request import MAPS, Request


@dataclass(frozen=True)
class MapSample:
    """A map as it would be kept."""

    label: str
    image: Image
    cells: np.ndarray
    extent: render.Box

    def drawn(self, frame: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        return render.overlay(frame, render.place(self.cells, self.extent, render.frame_box(*size)))


class ArrayLook(Look):
    """Arrays that become maps."""

    thing: ClassVar[str] = "map"
    method: ClassVar[str] = MAPS
    reads: ClassVar[FileKind] = ARRAYS

    @property
    def reading(self) -> Reading:
        assert isinstance(self.request.reading, Reading)
        return self.request.reading

    def extent(self, image: Image) -> render.Box:
        """What the map of a photo covers."""
        if self.reading.covers == Covers.CROP and self.network is not None:
            return crop_of(self.network, image)
        return (0, 0, image.width, image.height)

    def judged(self, given: np.ndarray, photo: Image | None) -> Judged:
        blank = False
        try:
            cells = cells_of(given, self.reading)
        except ConstantMapError as error:
            self.check_not_blank(error)
            cells, blank = blank_of(given), True
        if photo is not None:
            self._check_extent(photo)
        return Judged(cells, blank, source_sha256(given))

    def keep(self, row: ExplanationMap, content: np.ndarray) -> None:
        keep_array(row, content)

    def tally(self) -> Tally:
        return _Tally(self)

    def _check_extent(self, photo: Image) -> None:
        try:
            frame = render.frame_box(photo.width, photo.height)
            render.upsample(np.zeros((1, 1)), self.extent(photo), frame, side=1)
        except CamError as error:
            raise BadInputError(
                f"the crop of {self.network} shows less of {photo.width} × {photo.height} pixels than people are shown; use maps "
                "of the whole photo (--covers photo), or of a network with a wider crop"
            ) from error


@contextmanager
def looking(request: Request) -> Iterator[Look]:
    """The files of a request, opened. BadInputError where the request itself cannot be, or nothing can be read of it."""
    kind: type[Look] = ArrayLook if isinstance(request.reading, Reading) else PictureLook
    with opened_maps(request.path, kind.reads) as files:
        yield kind(request, files)


def plan_maps(request: Request, progress: Progress = lambda done, total: None) -> MapPlan:
    """Look at all that import_maps() would take, array by array, and store nothing.

    Raises BadInputError with a line for everything that is wrong, each of which names up to five maps.
    """
    with looking(request) as look:
        return judge(look, progress)


def judge(look: Look, progress: Progress = lambda done, total: None) -> MapPlan:
    """The plan of a look. Raises as plan_maps() does."""
    tally = look.tally()
    for done, found in enumerate(look.maps(tally.see), start=1):
        if found is not None:
            tally.take(found, done - 1)
        progress(done, len(look.files.entries))
    look.faults.check()
    return tally.plan()


class _Tally(Tally):
    look: ArrayLook

    def __init__(self, look: ArrayLook) -> None:
        super().__init__(look)
        self.stretched = 0
        self.lowest, self.highest = np.inf, -np.inf

    def see(self, entry: Entry, given: np.ndarray) -> None:
        self.shapes[in_shape(given)] += 1
        self.lowest = min(self.lowest, float(given.min()))
        self.highest = max(self.highest, float(given.max()))

    def take(self, found: Found, place: int) -> None:
        super().take(found, place)
        box = self.look.extent(found.image)
        height, width = found.content.shape
        shape = (box[2] - box[0]) / (box[3] - box[1])
        self.stretched += abs(width / height - shape) > 0.5 * (1 / height + 1 / width) * max(shape, 1)

    def sample(self, found: Found) -> Sample:
        return MapSample(found.entry.label, found.image, found.content, self.look.extent(found.image))

    def plan(self, **_: float | None) -> MapPlan:
        return super().plan(lowest=self.lowest, highest=self.highest)

    def remarks(self) -> Iterator[str]:
        covers = self.look.reading.covers
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


def source_sha256(array: np.ndarray) -> str:
    """SHA-256 of an array as it was given: its type, its shape, its values row by row."""
    digest = hashlib.sha256(f"{array.dtype.str} {array.shape} ".encode())
    digest.update(np.ascontiguousarray(array).data.cast("B") if array.size else b"")
    return digest.hexdigest()
