"""An import of maps as it is asked for, and whether it can be: its name, its network, the set that is here already."""

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from explain.core.errors import BadInputError
from explain.models import ExplanationMap, ImageSet, MapSet, Network

from .laying import Fit, Laying
from .reading import Channels, Covers, Reading, Scale, Sign
from .whole import holds_pictures

MAPS, PICTURES = "maps:", "pictures:"
"""What stands before a set's name where rows and tables name a method."""
NAME_LONGEST = 50
MISSING, CONSTANT = "missing", "constant"
ALLOWED = {
    MISSING: "photos of the set without a map",
    CONSTANT: "maps with nothing to see",
}
ALLOWED_OF_PICTURES = {
    MISSING: "photos of the set without a picture",
    CONSTANT: "pictures of one colour",
}


@dataclass(frozen=True)
class Request:
    """An import that is asked for.

    path         a folder, a ZIP, a manifest.csv or one file of many maps
    images       the set of photos that the maps are of
    name         what the maps are called from now on; a protocol names them so
    reading      how arrays are read, or how finished pictures are laid into the frame: it says which of the two they are
    network      whose crop the maps cover; its classes name the targets
    allow        what is no fault this time: `missing`, `constant`
    provenance   what is said of how the maps came to be: plain JSON
    """

    path: Path
    images: str
    name: str
    reading: Reading | Laying
    network: str = ""
    allow: frozenset[str] = frozenset()
    provenance: Mapping[str, Any] = field(default_factory=dict)


def request_of(kept: Mapping[str, Any], *, path: Path) -> Request:
    """The request whose words a form or a job kept: `images`, `name`, `allow`; of pictures `fit`, of arrays `covers`, `sign`,
    `scale`, `channels`, `network`."""
    if kept.get("fit"):
        return Request(
            path=path,
            images=kept["images"],
            name=kept["name"],
            reading=Laying(Fit(kept["fit"])),
            allow=frozenset(kept.get("allow", ())),
            provenance=kept.get("provenance") or {},
        )
    channels = Channels(kept["channels"]) if kept.get("channels") else None
    return Request(
        path=path,
        images=kept["images"],
        name=kept["name"],
        reading=Reading(Covers(kept["covers"]), Sign(kept["sign"]), Scale(kept["scale"]), channels),
        network=kept.get("network", ""),
        allow=frozenset(kept.get("allow", ())),
        provenance=kept.get("provenance") or {},
    )


def sha256_of_request(request: Request, network: Network | None) -> str:
    """SHA-256 of what a set says of itself: how arrays are read, the network's weights and crop, the provenance."""
    told = {
        "reading": request.reading.to_json(),
        "network": [network.weights_sha256, network.preprocessing] if network else None,
        "provenance": dict(request.provenance),
    }
    return hashlib.sha256(json.dumps(told, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def network_of(request: Request) -> Network | None:
    if not request.network:
        if isinstance(request.reading, Reading) and request.reading.covers == Covers.CROP:
            raise BadInputError("--covers crop: it is not said of which network; say it (--network NAME)")
        return None
    network = Network.objects.filter(name=request.network).first()
    if network is None:
        known = ", ".join(Network.objects.values_list("name", flat=True)) or "none yet"
        raise BadInputError(
            f"--network {request.network}: there is no such network (there is: {known}); add it with manage.py add_network"
        )
    return network


def same_set(request: Request, image_set: ImageSet, network: Network | None) -> MapSet | None:
    """The set of this name, if it is the same. BadInputError where the name is taken, or cannot be one."""
    check_name(request.name)
    check_allowed(request.allow)
    map_set = MapSet.objects.filter(name=request.name).first()
    if map_set is None:
        return None
    if map_set.image_set_id != image_set.pk:
        other = f"they are of the photos {map_set.image_set}, not of {image_set}"
    elif holds_pictures(map_set) != isinstance(request.reading, Laying):
        other = "they are finished pictures" if holds_pictures(map_set) else "they are arrays"
    elif map_set.sha256 != sha256_of_request(request, network):
        other = "they are read in another way, or have another provenance, than is said now"
    else:
        return map_set
    raise BadInputError(
        f"--name {request.name}: there are {'pictures' if holds_pictures(map_set) else 'maps'} of this name, and {other}; choose another name"
    )


def check_name(name: str) -> None:
    is_name = name.isascii() and name.replace("-", "").replace("_", "").isalnum()
    if not is_name or len(name) > NAME_LONGEST:
        raise BadInputError(
            f"--name {name}: a name has letters, digits, - and _ only, {NAME_LONGEST} at most; choose another"
        )


def check_allowed(allowed: Collection[str]) -> None:
    if unknown := sorted(set(allowed) - set(ALLOWED)):
        raise BadInputError(
            f"--allow {unknown[0]}: is nothing that can be allowed; choose from {', '.join(ALLOWED)}"
        )


def maps_there(map_set: MapSet | None) -> dict[int, tuple[str, int | None]]:
    """Photo's key -> what its map was made of, and its target."""
    rows = ExplanationMap.objects.filter(map_set=map_set) if map_set else ExplanationMap.objects.none()
    told = rows.order_by().values_list("image_id", "manifest__source_sha256", "target")
    return {image: (sha256, target) for image, sha256, target in told.iterator(chunk_size=2000)}
