"""The paper's figure 4: a photo, its boxes in green, and what each method's map leaves of it at parts of its maximum. No torch."""

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image as PillowImage
from PIL import ImageDraw

from explain.cam.metrics.localisation import boxes_in_crop
from explain.cam.rendering import render
from explain.maps import crop_of
from explain.models import ExplanationMap, Image
from explain.photos import pixels_of

from .evaluate import EvaluationProgress

SIDE = 168
THRESHOLDS = (0.1, 0.3, 0.5)
GREEN = (0, 200, 0)


@dataclass(frozen=True)
class Picture:
    """A JPEG, and what it shows in words."""

    jpeg: bytes
    words: str


@dataclass(frozen=True)
class Row:
    """One photo of the figure: itself, and by method one picture for each threshold. `maps`: each map's primary key."""

    image: Image
    photo: Picture
    methods: dict[str, list[Picture]]
    maps: dict[str, int]


def figure4_rows(*, images: Sequence[Image], asked: EvaluationProgress) -> list[Row]:
    """The figure's rows, in the order of the photos; a photo lacks the methods that it has no map of."""
    wanted = {entry.map_key: entry for entry in asked.wanted(images)}
    stored = ExplanationMap.objects.filter(
        network=asked.network, layer=asked.network.layer, method__in=asked.methods, image__in=images
    )
    maps = {key: row for row in stored if (key := _key(row)) in wanted}
    return [_row(image, asked, {key[1]: row for key, row in maps.items() if key[0] == image.pk}) for image in images]  # fmt: skip


def _key(row: ExplanationMap) -> tuple[int, str, int, str]:
    return row.image_id, row.method, row.target, row.parameters_hash


def _row(image: Image, asked: EvaluationProgress, maps: dict[str, ExplanationMap]) -> Row:
    pixels = pixels_of(image)
    shown = render.frame_picture(pixels, SIDE)
    frame = render.frame_box(image.width, image.height)
    boxes = boxes_in_crop(image.boxes, frame, (SIDE, SIDE))
    crop = crop_of(asked.network, image)
    methods = {}
    for method in asked.methods:
        if method in maps:
            placed = render.place(maps[method].array(), crop, frame, SIDE)
            methods[method] = [
                _picture(at_least(shown, placed, part), boxes, f"{method} at {part:.0%} of its maximum")
                for part in THRESHOLDS
            ]
    photo = _picture(shown, boxes, f"{image.class_name} ({image.original_name})")
    return Row(image, photo, methods, {method: row.pk for method, row in maps.items()})


def at_least(photo: np.ndarray, placed: np.ndarray, part: float) -> np.ndarray:
    """The photo (H, W, 3) where the map (H, W) is at least `part` of its maximum and above zero, black elsewhere."""
    kept = (placed >= part * placed.max()) & (placed > 0)
    return np.where(kept[..., None], photo, 0).astype(np.uint8)


def _picture(pixels: np.ndarray, boxes: Sequence[Sequence[float]], words: str) -> Picture:
    picture = PillowImage.fromarray(pixels)
    draw = ImageDraw.Draw(picture)
    for x0, y0, x1, y1 in boxes:
        draw.rectangle((x0, y0, max(x1 - 1, x0), max(y1 - 1, y0)), outline=GREEN, width=2)
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=82)
    return Picture(file.getvalue(), words)
