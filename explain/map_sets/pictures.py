"""What an import of finished pictures would do: every file is decoded and judged as photos are, and laid into the frame."""

import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from django.conf import settings
from django.core.files.base import ContentFile
from PIL import Image as PillowImage

from explain.cam.rendering import render, traits
from explain.core.errors import BadInputError
from explain.models import ExplanationMap, Image, MapPicture
from explain.photos import PHOTO_ENDINGS, clean_photo, pixels_of

from .files import Entry, FileKind
from .laying import Fit, Laying, is_plain, laid_out, same_shape
from .look import Found, Judged, Look, Sample, Tally
from .request import PICTURES

MEASURED = 60
"""Pictures of which it is looked whether they have a border or writing: it takes longer than all else."""
NO_CELLS = np.zeros(1, "<f4").tobytes()


@dataclass(frozen=True)
class Given:
    """A picture as it was given, decoded. `sha256`: of its file's bytes."""

    pixels: PillowImage.Image
    sha256: str


def _decode(name: str, content: bytes) -> Given:
    photo = clean_photo(name=name, content=content, max_pixels=settings.MAX_PIXELS)
    if photo.first_of:
        raise BadInputError(f"several {photo.first_of}; save one picture of each photo")
    return Given(photo.pixels, hashlib.sha256(content).hexdigest())


@dataclass(frozen=True)
class PictureSample:
    """A picture as it would be kept."""

    label: str
    image: Image
    picture: np.ndarray

    def drawn(self, frame: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        return self.picture


class PictureLook(Look):
    """Finished pictures: panels of prototypes, counterfactuals, other people's overlays."""

    thing: ClassVar[str] = "picture"
    method: ClassVar[str] = PICTURES
    reads: ClassVar[FileKind] = FileKind("pictures", "a picture", tuple(sorted(PHOTO_ENDINGS)), _decode)

    @property
    def fit(self) -> Fit:
        assert isinstance(self.request.reading, Laying)
        return self.request.reading.fit

    def judged(self, given: Given, photo: Image | None) -> Judged:
        if blank := is_plain(given.pixels):
            self.check_not_blank(
                BadInputError("one colour everywhere, so there is nothing to see; draw it again")
            )
        picture = laid_out(given.pixels, self.fit, (photo.width, photo.height) if photo else None)
        return Judged(picture, blank, given.sha256)

    def keep(self, row: ExplanationMap, content: np.ndarray) -> None:
        """One file for all kinds of picture: it is what it is, however the study shows its maps. Without loss: it is encoded
        again with the study's other pictures."""
        row.values, row.height, row.width = NO_CELLS, 1, 1
        file = io.BytesIO()
        PillowImage.fromarray(content).save(file, "WEBP", lossless=True, quality=0, method=0)
        row.overlay.save("picture.webp", ContentFile(file.getvalue()), save=False)
        for kind in MapPicture.values:
            setattr(row, kind, row.overlay.name)

    def tally(self) -> Tally:
        return _Tally(self)


class _Tally(Tally):
    look: PictureLook

    def __init__(self, look: PictureLook) -> None:
        super().__init__(look)
        self.odd = self.small = self.like_photo = self.all = self.repeated = 0
        self.bordered = self.lettered = 0
        self._seen: set[bytes] = set()
        last = len(look.files.entries) - 1
        self._measured = {round(last * part / max(MEASURED - 1, 1)) for part in range(MEASURED)}
        self.measured = 0

    def see(self, entry: Entry, given: Given) -> None:
        width, height = given.pixels.size
        self.shapes[f"{width} × {height}"] += 1
        self.all += 1
        self.odd += not same_shape(given.pixels.size, (1, 1))
        self.small += max(width, height) < render.PICTURE
        digest = bytes.fromhex(given.sha256)
        self.repeated += digest in self._seen
        self._seen.add(digest)

    def take(self, found: Found, place: int) -> None:
        super().take(found, place)
        if place not in self._measured:
            return
        own = traits.traits_of(found.content)
        photo = traits.traits_of(render.frame_picture(pixels_of(found.image)))  # a white ground is no border
        self.measured += 1
        self.bordered += own.border - photo.border >= traits.BORDER
        self.lettered += own.letters - photo.letters >= traits.LETTERS

    def sample(self, found: Found) -> Sample:
        return PictureSample(found.entry.label, found.image, found.content)

    def remarks(self) -> Iterator[str]:
        if self.repeated:
            yield f"{self.repeated:,} pictures are the very same as one of another photo; look whether they are meant so."
        if self.odd and self.look.fit == Fit.WHOLE:
            yield (
                f"{self.odd:,} of {self.all:,} pictures are not square and have white beside them, which tells the arm where the "
                "others have none. Pictures that lie over the whole photo can be cut as the others are (--fit frame)."
            )
        if self.small:
            yield f"{self.small:,} pictures have fewer than {render.PICTURE} pixels on a side and are enlarged: they look softer than others."
        if self.bordered and not (self.odd and self.look.fit == Fit.WHOLE):
            yield (
                f"{self._of_measured(self.bordered)} have a plain border that their photos have not, which tells the arm where the "
                "others have none; cut it off."
            )
        if self.lettered:
            yield (
                f"{self._of_measured(self.lettered)} seem to hold writing, which tells the arm where the others have none; take "
                "names of methods and networks out of them."
            )

    def _of_measured(self, count: int) -> str:
        looked_at = "" if self.measured == self.all else " that were looked at for it"
        return f"{count:,} of {self.measured:,} pictures{looked_at}"
