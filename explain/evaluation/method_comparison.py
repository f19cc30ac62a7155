"""How much methods' maps differ: to the eye, and in numbers. From stored maps; no torch.

Two maps of a photo differ visibly where their colours, each map over its own maximum as people see it, differ by at
least VISIBLE of the scale on average over the frame.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

import numpy as np

from explain.cam.rendering import render
from explain.maps import crop_of
from explain.models import ExplanationMap, Image, ImageSet

from .evaluate import EvaluationProgress

VISIBLE = 0.05
SIDE = 56  # pixels of the frame in which maps are compared
PART = 200  # photos at once


@dataclass(frozen=True)
class Pair:
    """How two methods' maps of the same photos compare.

    visible      share of photos where they differ visibly, 0..1
    correlation  median over photos of Pearson's r of the raw cells; None where no photo has one
    difference   mean of the mean difference of colours, 0..1
    photos       with both maps
    """

    first: str
    second: str
    visible: float
    correlation: float | None
    difference: float
    photos: int

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def compare(
    *,
    image_set: ImageSet,
    asked: EvaluationProgress,
    report: Callable[[int, int], object] = lambda done, total: None,
) -> list[Pair]:
    """Every pair of the methods asked for, on one network and set, over the photos that have both maps.

    `report(done, total)` is called after every PART photos.
    """
    values_by_pair: dict[tuple[str, str], list[tuple[float, float]]] = {
        pair: [] for pair in combinations(asked.methods, 2)
    }
    keys = list(image_set.images.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(keys), PART):
        images = list(Image.objects.filter(pk__in=keys[start : start + PART]))
        for maps in _maps(images, asked).values():
            for pair, values in values_by_pair.items():
                if all(method in maps for method in pair):
                    values.append(_difference(*(maps[method] for method in pair)))
        report(min(start + PART, len(keys)), len(keys))
    return [_pair(*pair, values) for pair, values in values_by_pair.items() if values]


Shown = tuple[np.ndarray, np.ndarray]  # raw cells; colours as shown, 0..1


def _maps(images: Sequence[Image], asked: EvaluationProgress) -> dict[int, dict[str, Shown]]:
    wanted = {entry.map_key: entry.image for entry in asked.wanted(images)}
    rows = ExplanationMap.objects.filter(
        network=asked.network, layer=asked.network.layer, method__in=asked.methods, image__in=images
    ).defer("manifest")
    maps_by_photo: dict[int, dict[str, Shown]] = {}
    for row in rows:
        image = wanted.get((row.image_id, row.method, row.target, row.parameters_hash))
        if image is not None:
            frame = render.frame_box(image.width, image.height)
            cells = row.array()
            placed = render.place(cells, crop_of(asked.network, image), frame, SIDE)
            maps_by_photo.setdefault(image.pk, {})[row.method] = (cells, placed)
    return maps_by_photo


def _difference(first: Shown, second: Shown) -> tuple[float, float]:
    return float(np.abs(first[1] - second[1]).mean()), correlation(first[0], second[0])


def correlation(first: np.ndarray, second: np.ndarray) -> float:
    """Pearson's r over the cells of two maps, the coarser at the finer one's size; NaN where one of them is flat."""
    same = render.at_one_size(first, second)
    a, b = (cells.ravel() - cells.mean() for cells in same)
    spread = np.sqrt((a @ a) * (b @ b))
    return float(a @ b / spread) if spread > 0 else float("nan")


def _pair(first: str, second: str, values: Sequence[tuple[float, float]]) -> Pair:
    differences, correlations = np.array(values).T
    defined = correlations[np.isfinite(correlations)]
    return Pair(
        first,
        second,
        visible=float((differences >= VISIBLE).mean()),
        correlation=float(np.median(defined)) if len(defined) else None,
        difference=float(differences.mean()),
        photos=len(values),
    )
