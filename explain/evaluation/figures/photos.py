"""Which photos a figure shows where none are named: by rules that give the same photos each time."""

from collections.abc import Sequence

import numpy as np

from explain.cam.metrics.localisation import box_mask, boxes_in_crop
from explain.cam.rendering import render
from explain.core.errors import BadInputError
from explain.models import Image, ImageSet, Network
from explain.selection import verdicts

GRID = 64  # the frame is this many pixels wide where boxes are measured
FILLS = 0.5  # boxes that cover more of the frame leave little to miss


def photos_named(image_set: ImageSet, names: Sequence[str], option: str = "--photos") -> list[Image]:
    """The photos of a set by name, in the order of the names. Raises BadInputError for a name of no photo, or of several."""
    found: dict[str, list[Image]] = {}
    for image in image_set.images.filter(original_name__in=names):
        found.setdefault(image.original_name, []).append(image)
    if missing := [name for name in names if name not in found]:
        raise BadInputError(
            f"{option}: {image_set} has no {', '.join(sorted(missing))}; name photos as the set does"
        )
    if several := [name for name in names if len(found[name]) > 1]:
        raise BadInputError(
            f"{option}: {image_set} has several photos called {', '.join(sorted(several))}; name others"
        )
    return [found[name][0] for name in dict.fromkeys(names)]


def photos_for_localisation(image_set: ImageSet, count: int = 3) -> list[Image]:
    """Of each class the photo whose boxes leave most of the frame free; of those some, spread over the classes.

    Where fewer than `count` classes have a photo whose boxes leave half of the frame free, those that come nearest.
    """
    least: dict[str, tuple[float, str, int]] = {}
    for name, file, key, share, _ in _boxed(image_set):
        least[name] = min(least.get(name, (2.0, "", 0)), (share, file, key))
    free = [name for name in sorted(least) if least[name][0] <= FILLS]
    if len(free) < count:
        free = sorted(sorted(least, key=lambda name: least[name][0])[:count])
    return _in_order([least[name][2] for name in _spread(free, count)])


def photos_of_several(image_set: ImageSet, count: int = 2) -> list[Image]:
    """A photo with one box, then those with the most boxes, all of different classes; empty where none has two."""
    boxed = list(_boxed(image_set))
    chosen: dict[str, int] = {}
    for name, _, key, _, boxes in sorted(boxed, key=lambda row: (-row[4], row[0], row[1])):
        if boxes > 1 and len(chosen) < count:
            chosen.setdefault(name, key)
    if not chosen:
        return []
    single = [row for row in boxed if row[4] == 1 and row[0] not in chosen and row[3] <= FILLS]
    first = [row[2] for row in sorted(single)[:1]]
    return _in_order([*first, *chosen.values()])


def photos_spread(image_set: ImageSet, count: int, networks: Sequence[Network] = ()) -> list[Image]:
    """A photo of each of some classes, spread over the classes: those that the networks get right, where there are enough."""
    rows = list(image_set.images.order_by("class_name", "original_name").values_list("class_name", "pk"))
    right = _right(image_set, networks)
    first: dict[str, int] = {}
    for name, key in rows:
        if key in right:
            first.setdefault(name, key)
    if len(first) < count:
        for name, key in rows:
            first.setdefault(name, key)
    return _in_order([first[name] for name in _spread(sorted(first), count)])


def _right(image_set: ImageSet, networks: Sequence[Network]) -> set[int]:
    images = list(image_set.images.all()) if networks else []
    said = [verdicts(images=images, network=network) for network in networks]
    return {image.pk for image in images if all(verdict.is_right(image.pk) for verdict in said)}


def _boxed(image_set: ImageSet) -> list[tuple[str, str, int, float, int]]:
    """Of each photo with a box in its frame: class, name, primary key, share of the frame in boxes, boxes in the frame."""
    found = []
    photos = image_set.images.exclude(boxes=[]).order_by("class_name", "original_name")
    for name, file, key, boxes, width, height in photos.values_list(
        "class_name", "original_name", "pk", "boxes", "width", "height"
    ):
        inside = boxes_in_crop(boxes, render.frame_box(width, height), (GRID, GRID))
        if inside:
            share = float(np.mean(box_mask(inside, (GRID, GRID))))
            found.append((name, file, key, share, len(inside)))
    return found


def _spread(names: Sequence[str], count: int) -> Sequence[str]:
    return names[:: max(1, len(names) // count)][:count]


def _in_order(keys: Sequence[int]) -> list[Image]:
    images = Image.objects.in_bulk(keys)
    return [images[key] for key in keys]
