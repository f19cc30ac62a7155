"""What a photo still lacks: which maps, which prediction. Reads rows only."""

import hashlib
import json
from collections.abc import Sequence

from explain import cam
from explain.core.errors import BadInputError
from explain.models import ExplanationMap, Image, Network, Prediction

from .classes import classes_of, several_in

SCORE = "logit"
FEW = 1000
"""So many photos are looked up by their keys; of more, the rows of their whole set are read."""
MapKey = tuple[int, str, int | None, str]  # photo, method, target, parameters hash


def parameters_hash(network: Network, method: str) -> str:
    """SHA-256 of all that a map depends on beside its photo, layer, method and target: canonical JSON of what follows.

    Of a method that is not ours also which text of it made the map, so that a map of an older one is not taken for today's.
    Imports torch: for commands and tasks only. Raises BadInputError for a method that is not here.
    """
    try:
        found = cam.find_method(method)
    except cam.CamError as error:
        raise BadInputError(str(error)) from error
    ingredients = {
        **({"origin": dict(found.origin)} if found.origin else {}),
        "score": SCORE,
        "parameters": found.parameters,
        "weights_sha256": network.weights_sha256,
        "preprocessing": network.preprocessing,
        **({"said": network.said} if network.said else {}),
    }
    return hashlib.sha256(json.dumps(ingredients, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def map_key(row: ExplanationMap) -> MapKey:
    return row.image_id, row.method, row.target, row.parameters_hash


def maps_there(*, network: Network, methods: Sequence[str], **photos: object) -> set[MapKey]:
    """The keys of the maps that exist. `photos` is a filter on ExplanationMap that selects the photos."""
    rows = ExplanationMap.objects.filter(network=network, layer=network.layer, method__in=methods, **photos)
    return set(rows.order_by().values_list("image_id", "method", "target", "parameters_hash"))


def rows_of(images: Sequence[Image]) -> dict[str, object]:
    """A filter for rows about these photos, all of one set; of many, rows about others of the set may be among them.

    A batch of 16 must not read what a set of 50,000 has: every batch would take as long as the set is large.
    """
    if len(images) <= FEW:
        return {"image__in": [image.pk for image in images]}
    return {"image__image_set": images[0].image_set_id}


def missing_maps(
    *, images: Sequence[Image], network: Network, methods: Sequence[str], target: str
) -> dict[int, list[str]]:
    """Photo's key -> the methods whose map it lacks; an empty list where it lacks a prediction only.

    Photos that lack nothing are left out. All `images` are of one set.
    """
    if not images:
        return {}
    photos = rows_of(images)
    seen = Prediction.objects.filter(network=network, **photos)
    if several_in(target):
        seen = seen.exclude(likeliest=[])
    known = set(seen.values_list("image_id", flat=True))
    existing = maps_there(network=network, methods=methods, **photos)
    hashes = {method: parameters_hash(network, method) for method in methods}
    aims = classes_of(images, network, target, **photos)
    lacks = {}
    for image in images:
        aim = aims.get(image.pk, (None,))
        missing = [m for m in methods if any((image.pk, m, one, hashes[m]) not in existing for one in aim)]
        if missing or image.pk not in known:
            lacks[image.pk] = missing
    return lacks
