"""Photos and drawn maps of attention checks, made when a study opens."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from django.core.files.base import ContentFile

from explain.cam.metrics import attention_maps
from explain.cam.rendering import encoding, render
from explain.core.errors import BadInputError
from explain.core.streams import Stream, order_seed
from explain.map_sources import source_of
from explain.maps import side_by_side
from explain.models import Image
from explain.photos import pixels_of
from studies.models import CheckMap, ItemMap, Study
from studies.trial_types import HasTask, trial_type_of
from studies.trials import expected_main, maps_shown

from .study_pictures import length_of_pictures, lengthen_pictures

POOL = 24  # photos with check maps, at most
CELLS = (7, 7)  # of check maps where no arm has any: those of most networks at 224 pixels


class AttentionError(BadInputError):
    """Attention checks that cannot be made of a study's photos."""


def make_check_maps(study: Study, nonce: str = "") -> list[CheckMap]:
    """Draw the check maps of a study whose pictures are prepared: files are stored, rows are not yet saved. None where it wants no
    checks. They have the length of the study's other pictures; where one needs more, those are filled up to it.

    `nonce` is the one that the study will be opened with: whoever could draw these maps from the protocol would know a check.

    Raises:
        AttentionError: too few photos have a box that leaves room beside it, or a person gives too few answers.
    """
    if not study.attention_checks:
        return []
    if study.attention_checks > expected_main(study) // 2:
        raise AttentionError(
            f"{study.slug}: attention_checks is {study.attention_checks}, more than half of the {expected_main(study)} "
            "photos that one person sees; ask for fewer."
        )
    items = {item.image_id: item for item in study.items.select_related("image")}
    photos = checkable(
        study, ((item.image, item.prediction) for item in items.values()), study.attention_checks
    )
    cells = _cells(study)
    drawn = draw(
        [(image, cells.get(image.pk, CELLS)) for image in photos],
        maps=max(maps_shown(study), trial_type_of(study).asked.panels),
        seed=order_seed(study.seed, nonce),
        wanted=study.attention_checks,
    )
    stand = trial_type_of(study).asked.panels
    encoded = {pk: _encoded(items[pk].image, maps, study.picture, stand) for pk, maps in drawn.items()}
    there = length_of_pictures(study)
    needs = encoding.common_length(encoding.needed(file) for files in encoded.values() for file in files)
    if needs > there:
        lengthen_pictures(study, needs)
    length = max(needs, there)
    return [row for pk, files in encoded.items() for row in _rows(items[pk], files, length)]


def checkable(
    study: HasTask, photos: Iterable[tuple[Image, Mapping[str, Any] | None]], wanted: int
) -> list[Image]:
    """The photos that a check can be about: those that it names as their own trials name them. `photos`: with `Item.prediction`.

    A check names what is right. Whoever saw a photo named in two ways would know that the network is wrong about it, and a browser
    holds both trials before either is answered.

    Raises AttentionError where fewer than `wanted` of them have a box, and others are left out.
    """
    page, every = trial_type_of(study).page, list(photos)
    alike = [
        image
        for image, said in every
        if page.named(image.class_name, said, check=True) == page.named(image.class_name, said, check=False)
    ]
    with_box = sum(bool(image.boxes) for image in alike)
    if len(alike) < len(every) and with_box < wanted:
        raise AttentionError(
            f"attention_checks: {wanted} are needed, and {with_box} photos that the network is right about have a box around their "
            "object: a check names what is right, and about the others it would tell that the network is wrong. Take more photos, fewer "
            "wrong ones (photos.wrong_share), or set attention_checks lower."
        )
    return alike


def _cells(study: Study) -> dict[int, tuple[int, int]]:
    """Photo's key -> the (h, w) of the first arm's map that is an array; empty where all arms are pictures only."""
    if study.cells:
        return dict.fromkeys(study.items.values_list("image", flat=True), (study.cells, study.cells))
    arm = next((arm for arm in study.arms.order_by("index") if source_of(arm).has_arrays), None)
    sizes = ItemMap.objects.filter(item__study=study, arm=arm)
    return {pk: (h, w) for pk, h, w in sizes.values_list("item__image", "map__height", "map__width")}


def draw(
    photos: Sequence[tuple[Image, tuple[int, int]]], *, maps: int, seed: int, wanted: int
) -> dict[int, list[np.ndarray]]:
    """Check maps by photo's key, so many for each of up to POOL photos in a seeded order; `photos` come with their maps'
    (h, w).

    Raises AttentionError where fewer than `wanted` photos allow it.
    """
    by_photo: dict[int, list[np.ndarray]] = {}
    for index in np.random.default_rng(Stream.CHECK_MAPS.of(seed)).permutation(len(photos)):
        image, cells = photos[index]
        boxes = attention_maps.boxes_in_frame(image.boxes, image.width, image.height)
        drawn = attention_maps.plain_maps(boxes, cells, maps, Stream.CHECK_MAPS.of(seed, int(index)))
        if drawn:
            by_photo[image.pk] = drawn
        if len(by_photo) == POOL:
            break
    check_boxes([image for image, _ in photos], wanted)
    if len(by_photo) < wanted:
        raise AttentionError(
            f"attention_checks: {wanted} are needed, and {len(by_photo)} of {len(photos)} photos allow one: a box around the "
            f"object must leave room beside it{_room_for(maps - 1)}. Add photos of smaller objects, or "
            "set attention_checks lower."
        )
    return by_photo


def _room_for(others: int) -> str:
    return f" for {others} map{'s' * (others > 1)}" if others else ""


def check_boxes(photos: Sequence[Image], wanted: int) -> None:
    """Raise AttentionError where fewer than `wanted` photos have a box around their object."""
    with_box = sum(bool(image.boxes) for image in photos)
    if with_box < wanted:
        raise AttentionError(
            f"attention_checks: {wanted} are needed, and {with_box} of {len(photos)} photos have a box around their "
            "object. Bring the photos in with boxes (manage.py import_images … --boxes FILE), or set attention_checks = 0."
        )


def _encoded(image: Image, maps: list[np.ndarray], kind: str, stand: int) -> list[bytes]:
    """A picture of each map, or one of all where `stand` of them stand side by side: that on the object is then the last."""
    photo, whole = render.frame_picture(pixels_of(image)), (0, 0, 1, 1)
    pictures = [render.picture(kind, photo, render.place(cells, whole, whole)) for cells in maps]
    return encoding.encode_alike(pictures if stand == 1 else [side_by_side([*pictures[1:], pictures[0]])])


def _rows(item: Any, files: list[bytes], length: int) -> list[CheckMap]:
    rows = []
    for place, content in enumerate(files):
        row = CheckMap(item=item, place=place)
        row.file.save("map.webp", ContentFile(encoding.filled(content, length)), save=False)
        rows.append(row)
    return rows


def drop_files(rows: Iterable[CheckMap]) -> None:
    """Remove the files of rows that were not saved after all."""
    for row in rows:
        row.file.delete(save=False)
