"""How an array that somebody brought is read as a map: what has to be known of it, and what is wrong with it. No Django."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Protocol

import numpy as np

from explain.core.errors import BadInputError

LONGEST_SIDE = 4096
"""Cells of a map on one side, at most."""
MOST_CHANNELS = 4096
LONG_AND_THIN = 16
"""A map that is longer than so many times its width is an array with its axes in another order."""
COLOURS = (2, 3, 4)  # a last axis of this length behind longer ones holds the channels


class Covers(StrEnum):
    """What a map covers: its first cell lies in the upper left corner of this."""

    PHOTO = "photo"
    CROP = "crop"


class Sign(StrEnum):
    """What of a map's values is shown."""

    POSITIVE = "positive"
    ABSOLUTE = "absolute"
    AS_IS = "as-is"


class Scale(StrEnum):
    """Which value is shown as the most."""

    MAX = "max"
    P99 = "p99"
    RANK = "rank"


class Channels(StrEnum):
    """How (C, h, w) becomes (h, w)."""

    SUM = "sum"
    MAX = "max"


_WORDS: dict[tuple[type[StrEnum], str], str] = {
    (Covers, Covers.PHOTO): "the map lies over the whole photo",
    (Covers, Covers.CROP): "the map lies over what the network sees of the photo",
    (Sign, Sign.POSITIVE): "values below zero count as nothing",
    (Sign, Sign.ABSOLUTE): "values below zero count by their size",
    (Sign, Sign.AS_IS): "the lowest value counts as nothing where any is below zero",
    (Scale, Scale.MAX): "the largest value is shown as the most",
    (Scale, Scale.P99): "all above the 99th percentile is shown as the most",
    (Scale, Scale.RANK): "a cell is shown by the share of cells that are below it",
    (Channels, Channels.SUM): "channels are summed",
    (Channels, Channels.MAX): "the largest of the channels is taken (by size, where the sign is absolute)",
}


@dataclass(frozen=True)
class Reading:
    """What must be known of an array before it is a map. `channels` is needed for arrays of (C, h, w) alone."""

    covers: Covers
    sign: Sign
    scale: Scale
    channels: Channels | None = None

    def to_json(self) -> dict[str, str]:
        return {name: str(value or "") for name, value in asdict(self).items()}

    def in_words(self) -> str:
        """One sentence without its full stop.

        >>> Reading(Covers.PHOTO, Sign.POSITIVE, Scale.MAX).in_words()
        'the map lies over the whole photo, values below zero count as nothing, the largest value is shown as the most'
        """
        parts = [self.covers, self.sign, self.scale, *([self.channels] if self.channels else [])]
        return ", ".join(map(in_words, parts))


def in_words(choice: StrEnum) -> str:
    """What a choice means, as a part of a sentence."""
    return _WORDS[type(choice), str(choice)]


class _Read(Protocol):
    covers: Any
    sign: Any
    scale: Any
    channels: Any


def reading_of(kept: _Read) -> Reading:
    """The reading whose words somebody kept: a set of maps."""
    channels = Channels(kept.channels) if kept.channels else None
    return Reading(Covers(kept.covers), Sign(kept.sign), Scale(kept.scale), channels)


class ConstantMapError(BadInputError):
    """A map with nothing to see."""


def cells_of(array: np.ndarray, reading: Reading) -> np.ndarray:
    """The map in an array of (h, w), (1, h, w) or (C, h, w): (h, w) float32, finite, as it is to be shown.

    Values that are shown as they are keep their bits: an array of float32 without anything below zero comes back as it is
    with the sign `positive` or `as-is` and the scale `max`.

    Raises BadInputError with the reason alone, without a name: of the shape, the values, or (ConstantMapError) that there is
    nothing to see.
    """
    _check_values(array)
    planes = _planes(array)
    if planes.dtype != np.float32:
        planes = planes.astype(np.float64)
    with np.errstate(over="ignore"):
        cells = _SIGNS[reading.sign](_one_plane(planes, reading)).astype("<f4")
    if not np.isfinite(cells).all():
        raise BadInputError("values beyond what float32 holds; divide the map by its largest value")
    if cells.min() == cells.max():
        _raise_constant(planes, reading)
    return _SCALES[reading.scale](cells)


def _check_values(array: np.ndarray) -> None:
    if array.dtype.kind not in "fiub":
        raise BadInputError(f"values of the kind {array.dtype}, not real numbers; save the map as float32")
    if not array.size:
        raise BadInputError(f"no values (its shape is {in_shape(array)}); save the map again")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise BadInputError("NaN or infinity among its values; compute the map again in float32")


def _planes(array: np.ndarray) -> np.ndarray:
    """(C, h, w), of an array whose axes are beyond doubt."""
    shape = in_shape(array)
    planes = array
    while planes.ndim > 3 and planes.shape[0] == 1:
        planes = planes[0]
    if planes.ndim == 2:
        planes = planes[None]
    if planes.ndim != 3:
        raise BadInputError(f"a shape of {shape}; a map has (h, w), (1, h, w) or (C, h, w)")
    channels, height, width = planes.shape
    if width in COLOURS and width < min(channels, height):
        raise BadInputError(f"a shape of {shape}, which is (h, w, C); move its last axis to the front")
    if max(height, width) > LONG_AND_THIN * min(height, width) or channels > MOST_CHANNELS:
        raise BadInputError(f"a shape of {shape}, which is no map; give (h, w), (1, h, w) or (C, h, w)")
    if max(height, width) > LONGEST_SIDE:
        raise BadInputError(f"a shape of {shape}, over {LONGEST_SIDE:,} cells on a side; make it smaller")
    return planes


def _one_plane(planes: np.ndarray, reading: Reading) -> np.ndarray:
    if len(planes) == 1:
        return planes[0]
    if reading.channels is None:
        raise BadInputError(
            f"{len(planes)} channels, and it is not said what becomes of them; say whether they are summed or the largest is "
            "taken (--channels sum or --channels max)"
        )
    if reading.channels == Channels.SUM:
        return planes.sum(axis=0, dtype=np.float64)
    return (np.abs(planes) if reading.sign == Sign.ABSOLUTE else planes).max(axis=0)


def _raise_constant(planes: np.ndarray, reading: Reading) -> None:
    if planes.min() < planes.max() and reading.sign == Sign.POSITIVE and planes.max() <= 0:
        raise ConstantMapError("nothing above zero; read it with the sign absolute or as-is (--sign)")
    raise ConstantMapError("the same value in every cell, so there is nothing to see; compute the map again")


def blank_of(array: np.ndarray) -> np.ndarray:
    """What stands for a map with nothing to see, where such maps are kept: zeros of its height and width."""
    return np.zeros(_planes(array).shape[1:], "<f4")


_SIGNS: dict[Sign, Callable[[np.ndarray], np.ndarray]] = {
    Sign.POSITIVE: lambda cells: np.maximum(cells, 0),
    Sign.ABSOLUTE: np.abs,
    Sign.AS_IS: lambda cells: cells - min(cells.min(), 0),
}


def _up_to_p99(cells: np.ndarray) -> np.ndarray:
    top = np.percentile(cells, 99)
    if top <= cells.min():
        raise BadInputError(
            "a 99th percentile that is its lowest value, so nothing would be seen; take the scale max (--scale max)"
        )
    return np.minimum(cells, np.float32(top))


def _ranks(cells: np.ndarray) -> np.ndarray:
    """The share of all cells that are lower: the lowest are 0, equal cells are equal."""
    flat = cells.reshape(-1)
    return (np.searchsorted(np.sort(flat), flat) / flat.size).reshape(cells.shape).astype("<f4")


_SCALES: dict[Scale, Callable[[np.ndarray], np.ndarray]] = {
    Scale.MAX: lambda cells: cells,
    Scale.P99: _up_to_p99,
    Scale.RANK: _ranks,
}


def in_shape(array: Any) -> str:
    """A shape as people write it.

    >>> in_shape(np.zeros((3, 7, 7)))
    '3 × 7 × 7'
    """
    return " × ".join(map(str, array.shape)) or "nothing"
