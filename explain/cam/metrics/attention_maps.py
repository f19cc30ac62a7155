"""Maps that need no network: one plainly on an object that people drew a box around, the others plainly off it.

They are for attention checks, where the right answer is known. numpy only. Places are in the frame of
cam/rendering/render.py, from 0 (left, top) to 1 (right, bottom); a map covers the frame.
"""

from collections.abc import Sequence

import numpy as np

from ..rendering import render
from . import localisation

SIDE = 64
"""Pixels of the grid on which a map is judged."""
ON = 0.7
"""A map is plainly on the object if at least this share of it lies in the boxes, its peak too,"""
OFF = 0.15
"""and plainly off it if at most this share of it does, and its top fifth covers no more of the boxes than that."""
APART = 0.18
"""Least distance of two centres of maps that are off."""
SPREAD = (0.08, 0.12)
"""Least and greatest σ of a map."""
FULL = 0.8
"""Boxes that cover this share of the frame leave no room beside them."""
_FRAME = (0.0, 0.0, 1.0, 1.0)


def boxes_in_frame(boxes: Sequence[Sequence[float]], width: int, height: int) -> list[localisation.Box]:
    """Boxes in pixels of a photo as places in its frame, cut off at the edges; those outside are left out."""
    return localisation.boxes_in_crop(boxes, render.frame_box(width, height), (1, 1))


def plain_maps(
    boxes: Sequence[localisation.Box], cells: tuple[int, int], count: int, seed: Sequence[int]
) -> list[np.ndarray] | None:
    """`count` maps (h, w) float32 in 0..1: the first on the largest box, the others off every box.

    All are bells of one width with seeded unevenness, so that none is told by its shape. None where the photo does
    not allow it: no box, one that leaves no room beside it, or too small to be hit at this resolution.

    Args:
        boxes: in the frame, as `boxes_in_frame` gives them.
        cells: (h, w) of the maps; take that of the maps they stand among.
    """
    inside = localisation.box_mask(_scaled(boxes), (SIDE, SIDE))
    if not 0 < inside.mean() < FULL:
        return None
    random = np.random.default_rng(list(seed))
    x0, y0, x1, y1 = max(boxes, key=lambda box: (box[2] - box[0]) * (box[3] - box[1]))
    spread = (float(np.clip((x1 - x0) / 4, *SPREAD)), float(np.clip((y1 - y0) / 4, *SPREAD)))
    on = _bell(((x0 + x1) / 2, (y0 + y1) / 2), spread, cells, random)
    if not _is_on(on, boxes):
        return None
    others: list[np.ndarray] = []
    centres: list[tuple[float, float]] = []
    places = _empty_places(inside, spread)
    for index in random.permutation(len(places)):
        if len(others) == count - 1:
            break
        x, y = places[index]
        if all(np.hypot(x - a, y - b) >= APART for a, b in centres):
            off = _bell((x, y), spread, cells, random)
            if _is_off(off, boxes):
                others.append(off)
                centres.append((x, y))
    return [on, *others] if len(others) == count - 1 else None


def _empty_places(inside: np.ndarray, spread: tuple[float, float]) -> list[tuple[float, float]]:
    """Centres, on a grid, of smooth bells that might be off the boxes: the uneven ones are then tried one by one."""
    at = np.linspace(0.04, 0.96, 9)
    middles = (np.arange(SIDE) + 0.5) / SIDE
    rows, columns = (np.exp(-((middles - at[:, None]) ** 2) / (2 * sigma**2)) for sigma in reversed(spread))
    shares = rows @ inside @ columns.T / (rows.sum(1)[:, None] * columns.sum(1))
    return [(float(at[x]), float(at[y])) for y, x in np.argwhere(shares <= 1.5 * OFF)]


def _bell(
    centre: tuple[float, float],
    spread: tuple[float, float],
    cells: tuple[int, int],
    random: np.random.Generator,
) -> np.ndarray:
    def line(length: int, at: float, sigma: float) -> np.ndarray:
        middles = (np.arange(length) + 0.5) / length
        # A bell much narrower than a cell would fall between two of them.
        return np.exp(-((middles - at) ** 2) / (2 * max(sigma, 0.6 / length) ** 2))

    bell = line(cells[0], centre[1], spread[1])[:, None] * line(cells[1], centre[0], spread[0])
    return (bell / bell.max() * random.uniform(0.7, 1.0, cells)).astype(np.float32)


def _scaled(boxes: Sequence[localisation.Box]) -> list[localisation.Box]:
    return [(x0 * SIDE, y0 * SIDE, x1 * SIDE, y1 * SIDE) for x0, y0, x1, y1 in boxes]


def _is_on(cells: np.ndarray, boxes: Sequence[localisation.Box]) -> bool:
    placed, scaled = render.place(cells, _FRAME, _FRAME, SIDE), _scaled(boxes)
    return localisation.energy(placed, scaled) >= ON and localisation.pointing_hit(placed, scaled)


def _is_off(cells: np.ndarray, boxes: Sequence[localisation.Box]) -> bool:
    placed, scaled = render.place(cells, _FRAME, _FRAME, SIDE), _scaled(boxes)
    inside = localisation.box_mask(scaled, placed.shape)
    covered = (render.top_share(placed) & inside).sum() / inside.sum()
    return localisation.energy(placed, scaled) <= OFF and covered <= OFF
