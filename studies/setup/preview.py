"""What a dry run shows: the study as its protocol will make it, unsaved, and some of its photos with their maps."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.conf import settings
from django.urls import reverse

from explain.core.streams import Stream
from explain.map_sources import network_names, source_of
from explain.maps import classes_of, rows_of
from explain.models import Image, Network
from studies.lifecycle import said_of
from studies.models import ItemMap, Study
from studies.participation import Credit
from studies.protocol import (
    NotSeenYetError,
    Protocol,
    check_protocol,
    choose_photos,
    chosen_images,
    find_set,
    target_of,
)
from studies.trial_types import Comparison, Named, comparison_of, trial_type_of
from studies.trials import expected_trials

from .cost_estimate import arms_in, estimate_from, items_of
from .drafts import completed

AT_MOST = 6  # trials


@dataclass(frozen=True)
class Shot:
    """One trial of a dry run: addresses of its photo and the maps it shows, drawn with their order by the study's seed.

    `stands_in`: a map is not made yet, and the photo stands in for it.
    """

    named: Named
    pictures: list[str]
    credit: Credit
    stands_in: bool = False


def as_asked(study: Study) -> Study:
    """The study with the columns that its protocol will give it; not saved. Raises ProtocolError if it has faults."""
    if study.state in Study.LACKS_SOMETHING:
        protocol = _protocol(study)
        for name in Study.SAME_IN_PROTOCOL:
            setattr(study, name, getattr(protocol, name))
    return study


def _protocol(study: Study) -> Protocol:
    return check_protocol(completed(study.protocol))


def count_asked(study: Study) -> int:
    """How many answers one person is asked for."""
    if study.state not in Study.LACKS_SOMETHING:
        return expected_trials(study)
    estimate = estimate_from(
        items_of(study.protocol)[0],
        {**study.protocol.get("design", {}), "people": None},
        arms_in(study.protocol),
    )
    return estimate.trials if estimate else 1


def shots_of(study: Study) -> list[Shot]:
    """The first trials, at most AT_MOST and at most as many as one person gets."""
    kind = trial_type_of(study)
    layout = kind.layout
    pairs = _items(study) if study.items.exists() else _photos(study)
    smoothed = f"?cells={study.cells}" if study.cells else ""
    shown = []
    for number, (image, prediction, maps) in enumerate(pairs[: min(AT_MOST, study.trials_per_participant)]):
        drawn_for = 0 if comparison_of(study) == Comparison.BETWEEN else number  # one arm alone
        order = np.random.default_rng(Stream.PREVIEW.of(study.seed, drawn_for)).permutation(len(maps))
        shows = [maps[arm] for arm in order[: layout.shown(len(maps))]]
        photo = _staff_address("photo-picture", image.pk)
        addresses = [
            _shown_as(study.picture, side_by_side) + smoothed if side_by_side else photo
            for side_by_side in shows
        ]
        credit = Credit(*(getattr(image, name) for name in Credit._fields))
        named = kind.page.named(image.class_name, prediction, check=False)
        shown.append(Shot(named, [photo, *addresses], credit, [] in shows))
    return shown


def _shown_as(kind: str, maps: list[int]) -> str:
    """The address of a map's picture, or of several maps side by side."""
    if len(maps) == 1:
        return _staff_address("map-picture", kind, maps[0])
    return _staff_address("maps-side-by-side", kind, "-".join(map(str, maps)))


def _staff_address(name: str, *args: object) -> str:
    """The address of a picture as staff see it. While a page of a preview is made, names lead elsewhere (preview_urls.py)."""
    return reverse(name, args=args, urlconf=settings.ROOT_URLCONF)


Previewed = tuple[
    Image, Mapping[str, Any] | None, list[list[int]]
]  # a photo, what the network says, and for each arm its maps: one, or several side by side; none where they are not made yet


def _items(study: Study) -> list[Previewed]:
    items = list(study.items.select_related("image").order_by("index")[:AT_MOST])
    rows = ItemMap.objects.filter(item__in=items).order_by("item__index", "arm__index")
    maps: dict[int, list[list[int]]] = {}
    for row in rows.prefetch_related("panels"):
        panels = [panel.map_id for panel in row.panels.all()]
        maps.setdefault(row.item_id, []).append(panels or [row.map_id])
    return [(item.image, item.prediction, maps.get(item.pk, [])) for item in items]


def _photos(study: Study) -> list[Previewed]:
    """Photos of a draft with the maps that are there."""
    protocol = _protocol(study)
    try:
        images = chosen_images(choose_photos(protocol), most=AT_MOST)
    except NotSeenYetError:
        images = list(find_set(protocol).images.order_by("class_name", "original_name")[:AT_MOST])
    arms = [_maps_of(protocol, keys, images) for keys in study.protocol.get("arms", [])]
    said = _said_of(protocol, images)
    return [(image, said.get(image.pk), [maps.get(image.pk, []) for maps in arms]) for image in images]


def _maps_of(protocol: Protocol, keys: Mapping[str, Any], images: list[Image]) -> dict[int, list[int]]:
    """Photo's key -> the maps that a picture of an arm has, as far as they are made: of several classes the likeliest first."""
    source = source_of(keys)
    network = _network_of(protocol)
    if trial_type_of(protocol).asked.panels == 1:
        return {key: [row.pk] for key, row in source.maps_of(keys, images).items()}
    if network is None or not images or not source.by_class:
        return {}
    classes = classes_of(images, network, target_of(protocol), **rows_of(images))
    known = [image for image in images if image.pk in classes]
    found = source.maps_of_classes(keys, known, classes)
    return {key: [row.pk for row in rows] for key, rows in found.items()}


def _said_of(protocol: Protocol, images: list[Image]) -> Mapping[int, Mapping[str, Any]]:
    """What the network says of photos of a draft, as far as it is known, where trials show it."""
    if not trial_type_of(protocol).asked.network_speaks:
        return {}
    network = _network_of(protocol)
    return {} if network is None else said_of(images, network)


def _network_of(protocol: Protocol) -> Network | None:
    return Network.objects.filter(name__in=network_names([arm.keys for arm in protocol.arms])).first()
