"""The paper's figures 2 to 5, made of photos and of maps that are stored. No torch.

The frame is the part of a photo that people are shown; a map's colours and thresholds are over it.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from explain.cam.metrics.localisation import boxes_in_crop
from explain.cam.rendering import render
from explain.core.errors import BadInputError
from explain.maps import crop_of
from explain.models import ExplanationMap, Image
from explain.photos import pixels_of

from ..evaluate import EvaluationProgress
from ..figure4 import THRESHOLDS, figure4_rows, maps_of, picture_of
from .page import Block, Figure, Panel, PanelRow

SIDE = 256
SHARE = 0.2
Maps = Mapping[int, Mapping[str, ExplanationMap]]
Shown = Callable[[np.ndarray, np.ndarray], np.ndarray]  # the frame's pixels and a placed map -> a picture


def heat_maps(images: Sequence[Image], asked: EvaluationProgress) -> Figure:
    """Figure 2: photos as rows, the maps of each method over them as columns."""
    return Figure(
        title="Figure 2. Heat maps of each method",
        notes=(
            _of(asked, images),
            "Red is a map’s own maximum in the frame, blue zero; the colours lie half over the photo.",
        ),
        **_grid(images, asked, render.overlay, "heat map"),
    )


def explanation_maps(images: Sequence[Image], asked: EvaluationProgress) -> Figure:
    """Figure 3: what the top fifth of each map leaves of photos, among them some with several instances of a class."""
    several = sum(len(_boxes(image)) > 1 for image in images)
    return Figure(
        title="Figure 3. Explanation maps where a class has several instances",
        notes=(
            _of(asked, images),
            f"Each map keeps the top {100 * SHARE:.0f} % of the frame’s pixels, the rest is black. Green: the ground truth’s boxes. "
            f"{several} of {len(images)} photos show more than one instance.",
        ),
        **_grid(
            images,
            asked,
            lambda photo, placed: render.masked(photo, placed, SHARE),
            "explanation map",
            boxes=True,
        ),
    )


def localisation(images: Sequence[Image], asked: EvaluationProgress) -> Figure:
    """Figure 4: for each photo, thresholds as columns and methods as rows."""
    maps = checked_maps(images, asked)
    parts = [round(100 * part) for part in THRESHOLDS]
    columns = (
        "Photo",
        *(f"{part} % of the maximum" for part in parts),
        *(f"{part}th percentile" for part in parts),
    )
    rows = []
    for row in figure4_rows(images=images, asked=asked):
        for place, method in enumerate(asked.methods):
            photo = Panel(row.photo, row.image.class_name) if place == 0 else None
            kept = [
                Panel(picture, f"{picture.kept:.0%} kept".replace("%", "\u00a0%"))
                for picture in (*row.methods[method], *row.by_percentile[method])
            ]
            rows.append(PanelRow((photo, *kept), method))
    return Figure(
        title="Figure 4. What maps leave of photos at three thresholds, beside the boxes",
        notes=(
            _of(asked, images),
            "Left: pixels where the map is at least 10, 30, 50 % of its maximum in the frame. Right: pixels where it is at least "
            "its 10th, 30th, 50th percentile over the frame’s pixels; where that is zero, all pixels are kept. The paper does not say "
            "which of the two its thresholds are. Green: the ground truth’s boxes.",
        ),
        blocks=(Block(columns, tuple(rows)),),
        maps=_numbers(maps),
    )


def two_networks(images: Sequence[Image], asked: Sequence[EvaluationProgress]) -> Figure:
    """Figure 5: photos as rows, the same method's maps of each network as columns."""
    maps = [checked_maps(images, of_network) for of_network in asked]
    (method,) = asked[0].methods
    rows = tuple(
        PanelRow(
            (
                _photo(image),
                *(
                    _map(image, of_network, by_photo[image.pk][method], render.overlay, "heat map")
                    for of_network, by_photo in zip(asked, maps, strict=True)
                ),
            )
        )
        for image in images
    )
    return Figure(
        title=f"Figure 5. {method} of two networks",
        notes=(
            *(_network(of_network) for of_network in asked),
            _photos(images),
            "Red is a map’s own maximum in the frame, blue zero.",
        ),
        blocks=(Block(("Photo", *(of_network.network.name for of_network in asked)), rows),),
        maps=tuple(number for by_photo in maps for number in _numbers(by_photo)),
    )


def checked_maps(images: Sequence[Image], asked: EvaluationProgress) -> Maps:
    """The stored maps of every photo and method. Raises BadInputError where one is missing, and says how to make it."""
    maps = maps_of(images, asked)
    lines = [
        f"{lack} of {len(images)} photos have no map of {method} by {asked.network}."
        for method in asked.methods
        if (lack := sum(method not in maps.get(image.pk, {}) for image in images))
    ]
    if lines:
        raise BadInputError(
            *lines,
            f"First run: manage.py precompute {images[0].image_set} --networks {asked.network} "
            f"--methods {','.join(asked.methods)}",
        )
    return maps


def _grid(
    images: Sequence[Image], asked: EvaluationProgress, shown: Shown, what: str, *, boxes: bool = False
) -> dict:
    """The block of a figure with photos as rows and methods as columns, and the maps that are in it."""
    maps = checked_maps(images, asked)
    rows = tuple(
        PanelRow(
            (
                _photo(image, with_its_boxes=boxes),
                *(_map(image, asked, maps[image.pk][method], shown, what, boxes) for method in asked.methods),
            )
        )
        for image in images
    )
    return {"blocks": (Block(("Photo", *asked.methods), rows),), "maps": _numbers(maps)}


def _photo(image: Image, *, with_its_boxes: bool = False) -> Panel:
    boxes = _boxes(image) if with_its_boxes else []
    how_many = {0: "", 1: ", one box"}.get(len(boxes), f", {len(boxes)} boxes")
    words = f"{image.class_name} ({image.original_name}){how_many}"
    return Panel(picture_of(_frame(image), words, boxes=boxes), image.class_name)


def _map(
    image: Image,
    asked: EvaluationProgress,
    row: ExplanationMap,
    shown: Shown,
    what: str,
    with_its_boxes: bool = False,
) -> Panel:
    placed = render.place(
        row.array(),
        crop_of(asked.network, image),
        render.frame_box(image.width, image.height),
        SIDE,
    )
    words = f"{what} of {image.class_name} by {row.method}, {asked.network.name}: map {row.pk}"
    boxes = _boxes(image) if with_its_boxes else []
    return Panel(picture_of(shown(_frame(image), placed), words, boxes=boxes))


def _frame(image: Image) -> np.ndarray:
    return render.frame_picture(pixels_of(image), SIDE)


def _boxes(image: Image) -> list:
    return boxes_in_crop(image.boxes, render.frame_box(image.width, image.height), (SIDE, SIDE))


def _of(asked: EvaluationProgress, images: Sequence[Image]) -> str:
    """What a figure was made of: network, weights, layer, photos."""
    return f"{_network(asked)} {_photos(images)}"


def _network(asked: EvaluationProgress) -> str:
    network = asked.network
    return f"{network.name} ({network.load}, SHA-256 {network.weights_sha256[:12]}…), layer {network.layer}."


def _photos(images: Sequence[Image]) -> str:
    names = ", ".join(image.original_name for image in images)
    return f"Photos of {images[0].image_set}: {names}; the photo’s label is explained."


def _numbers(maps: Maps) -> tuple[int, ...]:
    return tuple(row.pk for by_method in maps.values() for row in by_method.values())
