"""How a finished picture becomes one of the frame's shape and size, and what is odd about it. No Django."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from PIL import Image as PillowImage

from explain.cam.rendering import render
from explain.core.errors import BadInputError

LONG_AND_THIN = 8
"""A picture that is longer than so many times its width cannot be seen in a square."""
OTHER_SHAPE = 0.04
"""Shapes (width over height) are the same up to this share: a programme that rounds, or cuts a line off."""
PLAIN = 2  # a picture whose every colour is that near to its first is of one colour


class Fit(StrEnum):
    """How a picture is laid into the square that people are shown."""

    WHOLE = "whole"
    FRAME = "frame"


_WORDS = {
    Fit.WHOLE: "the whole picture is shown, in the middle of white where it is not square",
    Fit.FRAME: "the picture lies over the whole photo, and the part that all arms show of it is cut out",
}


@dataclass(frozen=True)
class Laying:
    """What must be said of finished pictures."""

    fit: Fit

    def to_json(self) -> dict[str, str]:
        return {"fit": str(self.fit)}

    def in_words(self) -> str:
        """One sentence without its full stop."""
        return fit_in_words(self.fit)


def fit_in_words(fit: Fit) -> str:
    return _WORDS[fit]


def laid_out(picture: PillowImage.Image, fit: Fit, photo: tuple[int, int] | None) -> np.ndarray:
    """The picture as people see it, (PICTURE, PICTURE, 3) uint8. `photo`: (width, height) of its photo, where one is known.

    Raises BadInputError with the reason alone: of its shape, or that there is nothing to see.
    """
    width, height = picture.size
    if max(width, height) > LONG_AND_THIN * min(width, height):
        raise BadInputError(
            f"{width:,} × {height:,} pixels, too long and thin to be seen in a square; put its parts below each other"
        )
    if fit == Fit.WHOLE:
        return _whole(picture)
    if photo and not same_shape(picture.size, photo):
        raise BadInputError(
            f"{width:,} × {height:,} pixels, which is not the shape of its photo ({photo[0]:,} × {photo[1]:,}), so it does not "
            "lie over the whole of it; show the whole picture (--fit whole)"
        )
    return render.frame_picture(picture)


def _whole(picture: PillowImage.Image) -> np.ndarray:
    side = render.PICTURE
    share = side / max(picture.size)
    size = (max(1, round(picture.width * share)), max(1, round(picture.height * share)))
    small = picture if picture.size == size else picture.resize(size, PillowImage.Resampling.LANCZOS)
    if size == (side, side):
        return np.asarray(small).copy()
    square = PillowImage.new("RGB", (side, side), "white")
    square.paste(small, ((side - size[0]) // 2, (side - size[1]) // 2))
    return np.asarray(square).copy()


def same_shape(first: tuple[int, int], second: tuple[int, int]) -> bool:
    """Whether two pictures (width, height) have the same shape, whatever their sizes.

    >>> same_shape((500, 375), (224, 168)), same_shape((500, 375), (224, 224))
    (True, False)
    """
    ratio = first[0] * second[1] / (first[1] * second[0])
    return abs(ratio - 1) <= OTHER_SHAPE


def is_plain(picture: PillowImage.Image) -> bool:
    """Whether it is of one colour everywhere."""
    values = np.asarray(picture)
    return bool((values.max(axis=(0, 1)) - values.min(axis=(0, 1)) <= PLAIN).all())
