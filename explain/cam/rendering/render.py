"""Map + photo -> pixels. numpy and Pillow only.

Every picture that people are shown has the same FRAME: the central square of the photo whose side is 0.87 of the
short edge. It lies inside the central crop of every usual network (224/256 = 0.875), so networks that look at
different crops are shown the same scene and cannot be told apart. All pictures have one size, one opacity, one
colour scale and one encoder, and files have one length (encoding.py): nothing but the map differs.
"""

import io
from functools import cache
from typing import NamedTuple

import numpy as np
from PIL import Image

from ..errors import InputError
from .palettes import colours_of, steps_of

FRAME = 0.87
"""Side of the frame as a share of the photo's short edge."""
PICTURE = 448
"""Side of a picture in pixels, where no other is asked for."""
OPACITY = 0.5
"""Share of the colour in an overlay; the rest is the photo."""

FEWEST_CELLS, MOST_CELLS = 2, 112
"""To so many cells a side maps may be smoothed: fewer show nothing, more change nothing that people see."""

Box = tuple[float, float, float, float]


def frame_box(width: int, height: int) -> Box:
    """The frame (x0, y0, x1, y1) in pixels of a photo of `width` × `height`; edges may fall inside a pixel."""
    if width < 1 or height < 1:
        raise InputError(f"a photo of {width} × {height} pixels has no frame; give a photo with pixels")
    side = FRAME * min(width, height)
    x0, y0 = (width - side) / 2, (height - side) / 2
    return x0, y0, x0 + side, y0 + side


def frame_picture(photo: Image.Image, side: int | None = None) -> np.ndarray:
    """The frame of a photo, (side, side, 3) uint8, resampled by Lanczos."""
    rgb, side = photo.convert("RGB"), side or PICTURE
    resized = rgb.resize((side, side), Image.Resampling.LANCZOS, box=frame_box(*rgb.size))
    return np.asarray(resized).copy()


class _Axis(NamedTuple):
    """What each pixel of the frame takes from the cells of the crop, on one axis: of two neighbours, the later's share."""

    low: np.ndarray
    high: np.ndarray
    share: np.ndarray


def _axis(cells: int, crop: tuple[float, float], frame: tuple[float, float], side: int) -> _Axis:
    pixels = frame[0] + (np.arange(side) + 0.5) * (frame[1] - frame[0]) / side
    at = np.clip((pixels - crop[0]) / (crop[1] - crop[0]) * cells - 0.5, 0, cells - 1)
    low = np.minimum(at.astype(np.intp), max(cells - 2, 0))
    return _Axis(low, np.minimum(low + 1, cells - 1), at - low)


def _check_inside(crop: Box, frame: Box) -> None:
    slack = 1e-6 * (frame[2] - frame[0])
    inside = (
        crop[0] <= frame[0] + slack
        and crop[1] <= frame[1] + slack
        and crop[2] >= frame[2] - slack
        and crop[3] >= frame[3] - slack
    )
    if not inside:
        raise InputError(
            f"the network's crop {_rounded(crop)} covers less of the photo than the frame {_rounded(frame)} that people"
            f" are shown; use a network whose crop is at least {FRAME:.2f} of the resized short edge"
        )


def _rounded(box: Box) -> str:
    return "(" + ", ".join(f"{edge:.1f}" for edge in box) + ")"


def upsample(cells: np.ndarray, crop: Box, frame: Box, side: int | None = None) -> np.ndarray:
    """A map (h, w) that covers `crop`, read bilinearly at the pixels of `frame`: (side, side) float64, not scaled."""
    cells = np.asarray(cells, dtype=np.float64)
    if cells.ndim != 2 or not cells.size:
        raise InputError(f"a map has shape (h, w), not {cells.shape}; give one map at a time")
    if not np.isfinite(cells).all():
        raise InputError("the map holds NaN or infinity; compute it again in float32")
    _check_inside(crop, frame)
    side = side or PICTURE
    # Two neighbours each, and no product of matrices: that would be all cells for each pixel, on all processors.
    rows = _axis(cells.shape[0], (crop[1], crop[3]), (frame[1], frame[3]), side)
    down = cells[rows.low] * (1 - rows.share)[:, None] + cells[rows.high] * rows.share[:, None]
    columns = _axis(cells.shape[1], (crop[0], crop[2]), (frame[0], frame[2]), side)
    return down[:, columns.low] * (1 - columns.share) + down[:, columns.high] * columns.share


def at_one_size(*maps: np.ndarray) -> list[np.ndarray]:
    """Maps (h, w) of the same part of a photo at the size of the finest, bilinear: float64."""
    height, width = (max(cells.shape[axis] for cells in maps) for axis in (0, 1))
    return [_sized(np.asarray(cells, dtype=np.float64), height, width) for cells in maps]


def _sized(cells: np.ndarray, height: int, width: int) -> np.ndarray:
    if cells.shape == (height, width):
        return cells
    picture = Image.fromarray(cells.astype(np.float32))
    return np.asarray(picture.resize((width, height), Image.Resampling.BILINEAR), dtype=np.float64)


def cells_across(shape: tuple[int, ...], crop: Box, frame: Box) -> float:
    """How many cells of a map (h, w) that covers `crop` stand on a side of the frame: on the side that has more."""
    down, across = (
        shape[axis] * (frame[end] - frame[start]) / (crop[end] - crop[start])
        for axis, start, end in ((0, 1, 3), (1, 0, 2))
    )
    return max(down, across)


def smoothed(placed: np.ndarray, cells: int) -> np.ndarray:
    """A map (side, side) that lies in the frame, averaged over `cells` × `cells` fields of it and drawn anew from these, float64.

    So maps of 14 × 14 cells and of pixels have the grain of one of 7 × 7, which needs no more than to be drawn as it is.
    """
    side = len(placed)
    whole = (0.0, 0.0, 1.0, 1.0)
    if side % cells == 0:
        fields = placed.reshape(cells, side // cells, cells, side // cells).mean(axis=(1, 3))
    else:
        picture = Image.fromarray(placed.astype(np.float32))
        fields = np.asarray(picture.resize((cells, cells), Image.Resampling.BOX))
    return upsample(fields, whole, whole, side)


def place(
    cells: np.ndarray,
    crop_box: Box,
    frame_box: Box,
    side: int | None = None,
    smooth: int | None = None,
) -> np.ndarray:
    """A raw map (h, w) where it lies in the frame: (side, side) float32 in 0..1.

    The map is upsampled bilinearly in the coordinates of the network's own crop, sampled at the frame, and divided
    by its own maximum once. A map with nothing above zero stays all zero. `smooth`: to how many cells a side of the frame
    it is averaged first where it has more (`smoothed`); None: as it is.
    """
    placed = np.maximum(upsample(cells, crop_box, frame_box, side), 0.0)
    if smooth is not None and cells_across(cells.shape, crop_box, frame_box) > smooth + 0.5:
        placed = smoothed(placed, smooth)
    top = placed.max()
    return (placed / top if top > 0 else placed).astype(np.float32)


def overlay(photo: np.ndarray, placed: np.ndarray, palette: str = "turbo") -> np.ndarray:
    """The map's colours over the photo, both (H, W): (H, W, 3) uint8 with fixed opacity and a fixed colour scale."""
    _check_pair(photo, placed)
    if photo.dtype != np.uint8:
        raise InputError(f"a photo has pixels of uint8, not {photo.dtype}; make it with frame_picture")
    steps, mixed = steps_of(placed) * 256, _mixed(palette)
    return np.stack([np.take(mixed[c], steps + photo[..., c]) for c in range(3)], axis=-1)


@cache
def _mixed(palette: str) -> np.ndarray:
    """Each step of the palette over each value of a photo, by channel: (3, 256 · 256) uint8, at 256 · step + value."""
    values = np.arange(256, dtype=np.uint8).astype(np.float32)
    mixed = (1 - OPACITY) * values + OPACITY * colours_of(palette).T[..., None]
    return np.rint(mixed).astype(np.uint8).reshape(3, -1)


def heat(placed: np.ndarray, palette: str = "turbo") -> np.ndarray:
    """The map's colours alone: (H, W, 3) uint8."""
    return np.take(np.rint(colours_of(palette)).astype(np.uint8), steps_of(placed), axis=0)


def picture(kind: str, photo: np.ndarray, placed: np.ndarray) -> np.ndarray:
    """`overlay`, `masked` or `heat`, as volunteers are shown it: (H, W, 3) uint8."""
    if kind == "heat":
        return heat(placed)
    return overlay(photo, placed) if kind == "overlay" else masked(photo, placed)


def top_share(placed: np.ndarray, share: float = 0.2) -> np.ndarray:
    """Exactly round(share · H · W) pixels, the highest first: (H, W) bool.

    Ties go to the earlier pixel, row by row (as in a stable descending sort), so the count never depends on the map.
    """
    if not 0 <= share <= 1:
        raise InputError(f"a share of {share} is not in 0..1; 0.2 keeps the top fifth")
    flat, wanted = placed.reshape(-1), round(share * placed.size)
    if not wanted:
        return np.zeros(placed.shape, bool)
    lowest = np.partition(flat, flat.size - wanted)[flat.size - wanted]
    kept = flat > lowest
    kept[np.flatnonzero(flat == lowest)[: wanted - np.count_nonzero(kept)]] = True
    return kept.reshape(placed.shape)


def masked(photo: np.ndarray, placed: np.ndarray, share: float = 0.2) -> np.ndarray:
    """The photo where the map is highest, the rest black: (H, W, 3) uint8 with exactly round(share · H · W) pixels."""
    _check_pair(photo, placed)
    return np.where(top_share(placed, share)[..., None], photo, 0).astype(np.uint8)


def _check_pair(photo: np.ndarray, placed: np.ndarray) -> None:
    if photo.shape != (*placed.shape, 3):
        raise InputError(
            f"a photo of shape {photo.shape} does not fit a map of shape {placed.shape};"
            " make both with the same side (frame_picture and place)"
        )


def jpeg(picture: np.ndarray) -> bytes:
    """A picture (H, W, 3) uint8 as JPEG without metadata, as long as it is: for those who may know what they see."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=85, subsampling=0)
    return buffer.getvalue()
