"""Rows of the paper's figure 4: a photo, its boxes in green, and what each method's map leaves of it at three thresholds. No torch.

The paper does not say what a threshold of 10 % is of: by share of the map's maximum it keeps what reaches a tenth of it, by
percentile what is not among the lowest tenth of the frame's pixels. Both are here.
"""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from PIL import Image as PillowImage
from PIL import ImageDraw

from explain.cam.metrics.localisation import boxes_in_crop
from explain.cam.rendering import render
from explain.maps import MapKey, crop_of
from explain.models import ExplanationMap, Image
from explain.photos import pixels_of

from .evaluate import EvaluationProgress

SIDE = 168
THRESHOLDS = (0.1, 0.3, 0.5)
GREEN = (0, 200, 0)


@dataclass(frozen=True)
class Picture:
    """A JPEG, what it shows in words, and the part of the pixels that is left, where some are taken away."""

    jpeg: bytes
    words: str
    kept: float | None = None


@dataclass(frozen=True)
class Row:
    """One photo of the figure: itself, and by method one picture for each threshold. `maps`: each map's primary key.

    methods        thresholds as shares of the map's maximum
    by_percentile  thresholds as percentiles of the map over the frame
    """

    image: Image
    photo: Picture
    methods: dict[str, list[Picture]]
    maps: dict[str, int]
    by_percentile: dict[str, list[Picture]] = field(default_factory=dict)


def figure4_rows(*, images: Sequence[Image], asked: EvaluationProgress) -> list[Row]:
    """The figure's rows, in the order of the photos; a photo lacks the methods that it has no map of."""
    maps = maps_of(images, asked)
    return [_row(image, asked, maps.get(image.pk, {})) for image in images]


def maps_of(images: Sequence[Image], asked: EvaluationProgress) -> dict[int, dict[str, ExplanationMap]]:
    """The stored maps that are asked for, by photo and method; others of the same photos are not among them."""
    wanted = {entry.map_key for entry in asked.wanted(images)}
    stored = ExplanationMap.objects.filter(
        network=asked.network, layer=asked.network.layer, method__in=asked.methods, image__in=images
    )
    maps = {key: row for row in stored if (key := _key(row)) in wanted}
    by_photo: dict[int, dict[str, ExplanationMap]] = {}
    for key, row in maps.items():
        by_photo.setdefault(key[0], {})[key[1]] = row
    return by_photo


def _key(row: ExplanationMap) -> MapKey:
    return row.image_id, row.method, row.target, row.parameters_hash


def _row(image: Image, asked: EvaluationProgress, maps: dict[str, ExplanationMap]) -> Row:
    shown = render.frame_picture(pixels_of(image), SIDE)
    frame = render.frame_box(image.width, image.height)
    boxes = boxes_in_crop(image.boxes, frame, (SIDE, SIDE))
    crop = crop_of(asked.network, image)
    placed = {
        method: render.place(maps[method].array(), crop, frame, SIDE)
        for method in asked.methods
        if method in maps
    }

    def pictures(of: str, keep: Callable[[np.ndarray, float], np.ndarray]) -> dict[str, list[Picture]]:
        return {
            method: [
                picture_of(
                    _where(kept := keep(cells, part), shown),
                    f"{method} at {of.format(part)}",
                    boxes=boxes,
                    kept=float(kept.mean()),
                )
                for part in THRESHOLDS
            ]
            for method, cells in placed.items()
        }

    photo = picture_of(shown, f"{image.class_name} ({image.original_name})", boxes=boxes)
    return Row(
        image,
        photo,
        pictures("{:.0%} of its maximum", of_maximum),
        {method: maps[method].pk for method in placed},
        pictures("its percentile {:.0%}", of_percentile),
    )


@dataclass(frozen=True)
class PhotoAbove:
    """A photo with its boxes, and of some maps, in their order, what is left of it at each of THRESHOLDS of the maximum."""

    photo: Picture
    maps: list[list[Picture]]


def photos_above(
    image: Image, maps: Sequence[tuple[ExplanationMap, render.Box]], *, side: int = SIDE
) -> PhotoAbove:
    """A row of the figure, whoever made its maps; each comes with the part of the photo that its array covers.

    Raises BadInputError where a photo or map cannot be read.
    """
    shown = render.frame_picture(pixels_of(image), side)
    frame = render.frame_box(image.width, image.height)
    boxes = boxes_in_crop(image.boxes, frame, (side, side))
    placed = [render.place(row.array(), extent, frame, side) for row, extent in maps]
    kept = [[of_maximum(cells, part) for part in THRESHOLDS] for cells in placed]
    return PhotoAbove(
        picture_of(shown, f"{image.class_name} ({image.original_name})", boxes=boxes),
        [
            [
                picture_of(
                    _where(where, shown),
                    f"at {part:.0%} of its maximum",
                    boxes=boxes,
                    kept=float(where.mean()),
                )
                for part, where in zip(THRESHOLDS, of_map, strict=True)
            ]
            for of_map in kept
        ],
    )


def of_maximum(placed: np.ndarray, part: float) -> np.ndarray:
    """Where a map (H, W) is at least `part` of its maximum and above zero: (H, W) bool."""
    return (placed >= part * placed.max()) & (placed > 0)


def of_percentile(placed: np.ndarray, part: float) -> np.ndarray:
    """Where a map (H, W) is at least its percentile 100 · `part`: (H, W) bool. Where that is zero, everywhere."""
    return placed >= np.percentile(placed, 100 * part)


def at_least(photo: np.ndarray, placed: np.ndarray, part: float) -> np.ndarray:
    """The photo (H, W, 3) where the map (H, W) is at least `part` of its maximum and above zero, black elsewhere."""
    return _where(of_maximum(placed, part), photo)


def _where(kept: np.ndarray, photo: np.ndarray) -> np.ndarray:
    return np.where(kept[..., None], photo, 0).astype(np.uint8)


def picture_of(
    pixels: np.ndarray,
    words: str,
    *,
    boxes: Sequence[Sequence[float]] = (),
    kept: float | None = None,
    colour: tuple[int, int, int] = GREEN,
) -> Picture:
    """Pixels (H, W, 3) uint8 with boxes drawn around what lies in them."""
    picture = PillowImage.fromarray(pixels)
    draw = ImageDraw.Draw(picture)
    for x0, y0, x1, y1 in boxes:
        draw.rectangle((x0, y0, max(x1 - 1, x0), max(y1 - 1, y0)), outline=colour, width=2)
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=82)
    return Picture(file.getvalue(), words, kept)
