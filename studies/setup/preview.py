"""What a dry run shows: the study as its protocol will make it, unsaved, and some of its photos with their maps."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.conf import settings
from django.urls import reverse

from explain.core.streams import Stream
from explain.map_sources import network_names, source_of
from explain.models import Image, Network
from studies.lifecycle import said_of
from studies.models import ItemMap, Study
from studies.participation import Credit
from studies.protocol import NotSeenYetError, Protocol, check_protocol, choose_photos, chosen_images, find_set
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
            _staff_address("map-picture", study.picture, map_id) + smoothed if map_id else photo
            for map_id in shows
        ]
        credit = Credit(*(getattr(image, name) for name in Credit._fields))
        named = kind.page.named(image.class_name, prediction, check=False)
        shown.append(Shot(named, [photo, *addresses], credit, None in shows))
    return shown


def _staff_address(name: str, *args: object) -> str:
    """The address of a picture as staff see it. While a page of a preview is made, names lead elsewhere (preview_urls.py)."""
    return reverse(name, args=args, urlconf=settings.ROOT_URLCONF)


Previewed = tuple[
    Image, Mapping[str, Any] | None, list[int | None]
]  # a photo, what the network says, and its maps


def _items(study: Study) -> list[Previewed]:
    items = list(study.items.select_related("image").order_by("index")[:AT_MOST])
    rows = ItemMap.objects.filter(item__in=items).order_by("item__index", "arm__index")
    maps: dict[int, list[int | None]] = {}
    for item, map_id in rows.values_list("item", "map"):
        maps.setdefault(item, []).append(map_id)
    return [(item.image, item.prediction, maps.get(item.pk, [])) for item in items]


def _photos(study: Study) -> list[Previewed]:
    """Photos of a draft with the maps that are there."""
    protocol = _protocol(study)
    try:
        images = chosen_images(choose_photos(protocol), most=AT_MOST)
    except NotSeenYetError:
        images = list(find_set(protocol).images.order_by("class_name", "original_name")[:AT_MOST])
    arms = [source_of(keys).maps_of(keys, images) for keys in study.protocol.get("arms", [])]
    said = _said_of(protocol, images)
    return [
        (image, said.get(image.pk), [maps[image.pk].pk if image.pk in maps else None for maps in arms])
        for image in images
    ]


def _said_of(protocol: Protocol, images: list[Image]) -> Mapping[int, Mapping[str, Any]]:
    """What the network says of photos of a draft, as far as it is known, where trials show it."""
    if not trial_type_of(protocol).asked.network_speaks:
        return {}
    names = network_names([arm.keys for arm in protocol.arms])
    network = Network.objects.filter(name__in=names).first()
    return {} if network is None else said_of(images, network)
