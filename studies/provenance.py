"""From an answer back to the picture that was seen, its map, the network's weights and the code that made it.

One row for each item and arm; `answers.csv` refers to it by item, and by arm in `order`.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .models import ItemMap, Study


@dataclass(frozen=True)
class Origin:
    """How the map of one arm on one item came to be."""

    item: int
    photo: str
    class_name: str
    photo_sha256: str  # of the re-encoded photo
    source_sha256: str  # of the bytes that were imported
    arm: str
    network: str
    weights_sha256: str
    layer: str
    method: str
    target: int  # the class that is explained
    map: int  # its row
    map_sha256: str  # of the raw float32 values
    parameters_hash: str
    manifest: dict[str, Any]  # parameters, versions, device


MEANINGS = {
    "item": "Number of the item, from 0: `item` of answers.csv.",
    "photo": "File name of the photo as it was imported.",
    "class_name": "Class title shown with the photo.",
    "photo_sha256": "SHA-256 of the re-encoded photo.",
    "source_sha256": "SHA-256 of the bytes that were imported.",
    "arm": "The arm, by name: as in `order` and `choice` of answers.csv.",
    "network": "Name of the network.",
    "weights_sha256": "SHA-256 of the network's weights.",
    "layer": "Where the network was cut.",
    "method": "Method that made the map.",
    "target": "Index of the class that the map explains.",
    "map": "Number of the map in the database.",
    "map_sha256": "SHA-256 of the raw map: float32, little-endian, row by row.",
    "parameters_hash": "Hash of the parameters that the map was made with.",
    "manifest": "Parameters, versions and device, as JSON.",
}


def origins(study: Study, item: int | None = None) -> Iterator[Origin]:
    """The origin of every map of a study, or of one item's, in the order of items and arms."""
    rows = ItemMap.objects.filter(item__study=study).select_related("item__image", "arm__network", "map")
    if item is not None:
        rows = rows.filter(item__index=item)
    for row in rows.order_by("item__index", "arm__index").iterator(chunk_size=500):
        photo, made = row.item.image, row.map
        yield Origin(
            item=row.item.index,
            photo=photo.original_name,
            class_name=photo.class_name,
            photo_sha256=photo.content_sha256,
            source_sha256=photo.source_sha256,
            arm=row.arm.name,
            network=row.arm.network.name,
            weights_sha256=row.arm.network.weights_sha256,
            layer=made.layer,
            method=made.method,
            target=made.target,
            map=made.pk,
            map_sha256=hashlib.sha256(bytes(made.values)).hexdigest(),
            parameters_hash=made.parameters_hash,
            manifest=made.manifest,
        )
