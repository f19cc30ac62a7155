"""How well a map points at an object that people drew a box around. numpy and scipy only.

Boxes are (x0, y0, x1, y1), the right and lower edges outside (a box of one pixel is (x, y, x + 1, y + 1)). Maps are
(H, W), in the pixels of the network's input; boxes of the photo get there by `boxes_in_crop`.
"""

from collections.abc import Sequence

import numpy as np

Box = tuple[float, float, float, float]


def boxes_in_crop(boxes: Sequence[Sequence[float]], crop_box: Box, size: tuple[int, int]) -> list[Box]:
    """Boxes in pixels of the photo, in pixels of the network's input of `size` (H, W), through the same crop.

    Cut off at the crop's edges; a box that lies wholly outside is left out.
    """
    x, y = size[1] / (crop_box[2] - crop_box[0]), size[0] / (crop_box[3] - crop_box[1])
    inside = []
    for x0, y0, x1, y1 in boxes:
        left, right = (float(np.clip((edge - crop_box[0]) * x, 0, size[1])) for edge in (x0, x1))
        top, bottom = (float(np.clip((edge - crop_box[1]) * y, 0, size[0])) for edge in (y0, y1))
        if right > left and bottom > top:
            inside.append((left, top, right, bottom))
    return inside


def box_iou(first: Sequence[float], second: Sequence[float]) -> float:
    """The area that two boxes share, as a part of the area that they cover: 0..1."""
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    shared = max(0.0, width) * max(0.0, height)
    covered = _area(first) + _area(second) - shared
    return shared / covered if covered > 0 else 0.0


def map_box(cells: np.ndarray, delta: float) -> Box | None:
    """The tight box around the largest connected region where the map is at least δ times its maximum.

    The rule of wsolevaluation (Choe et al., CVPR 2020). Regions join at corners too; of equal regions the first
    counts. None for a map with nothing above zero.
    """
    from scipy import ndimage  # here, because every web process would wait for it

    over = _at_least(cells, delta)
    regions, count = ndimage.label(over, structure=np.ones((3, 3)))
    if not count:
        return None
    largest = np.bincount(regions.flat)[1:].argmax()
    rows, columns = ndimage.find_objects(regions)[largest]
    return columns.start, rows.start, columns.stop, rows.stop


def best_iou(cells: np.ndarray, boxes: Sequence[Sequence[float]], delta: float) -> float:
    """The best overlap of the map's box at δ with any of the boxes: 0..1, and 0 for a blank map."""
    box_of_map = map_box(cells, delta)
    return max((box_iou(box_of_map, box) for box in boxes), default=0.0) if box_of_map else 0.0


def pointing_hit(cells: np.ndarray, boxes: Sequence[Sequence[float]], tolerance: float = 0.0) -> bool:
    """Whether the map's maximum lies in a box, or within `tolerance` pixels of one (Zhang et al., 2018: 15).

    The first of equal maxima counts. A blank map points nowhere.
    """
    if not cells.max() > 0:
        return False
    row, column = np.unravel_index(int(cells.argmax()), cells.shape)
    x, y = column + 0.5, row + 0.5
    return any(
        x0 - tolerance <= x <= x1 + tolerance and y0 - tolerance <= y <= y1 + tolerance
        for x0, y0, x1, y1 in boxes
    )


def energy(cells: np.ndarray, boxes: Sequence[Sequence[float]]) -> float:
    """The share of the map's sum that lies in the boxes: 0..1, and 0 for a blank map. (Score-CAM, 2020)"""
    total = cells.sum(dtype=np.float64)
    return float(cells[box_mask(boxes, cells.shape)].sum(dtype=np.float64) / total) if total > 0 else 0.0


def loc(cells: np.ndarray, boxes: Sequence[Sequence[float]], delta: float) -> float:
    """Loc(δ) = inside / (area of the boxes + outside), counting pixels at δ·max or more: 0..1.

    (Chattopadhay et al., Grad-CAM++, 2018, section 5.3.) No box on the photo gives 0.
    """
    over, within = _at_least(cells, delta), box_mask(boxes, cells.shape)
    covered = within.sum() + (over & ~within).sum()
    return float((over & within).sum() / covered) if within.any() else 0.0


def box_mask(boxes: Sequence[Sequence[float]], shape: tuple[int, ...]) -> np.ndarray:
    """The pixels whose centres lie in any of the boxes: (H, W) bool."""
    rows, columns = np.arange(shape[0])[:, None] + 0.5, np.arange(shape[1]) + 0.5
    mask = np.zeros(shape, dtype=bool)
    for x0, y0, x1, y1 in boxes:
        mask |= (columns >= x0) & (columns < x1) & (rows >= y0) & (rows < y1)
    return mask


def _at_least(cells: np.ndarray, delta: float) -> np.ndarray:
    """Where the map is at least δ times its maximum, and above zero."""
    return (cells >= delta * cells.max()) & (cells > 0)


def _area(box: Sequence[float]) -> float:
    return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])
