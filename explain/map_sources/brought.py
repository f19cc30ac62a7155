"""Maps that somebody brought in as arrays, as a set with a name (explain/map_sets/)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from explain.map_sets import MAPS as METHOD
from explain.map_sets import Covers, reading_of
from explain.maps import crop_of
from explain.models import ExplanationMap, Image, MapSet, Network

from .interface import ArmFacts, Box, KeyReader, Keys, Made, MapOrigin, MapSource

MAPS = "maps"


class Brought(MapSource):
    """`{ maps = "NAME" }`."""

    name = "maps"
    keys = (MAPS,)

    def is_named_by(self, keys: Keys) -> bool:
        return MAPS in keys

    def read(self, table: KeyReader) -> dict[str, str]:
        return {"maps": table.slug("maps")}

    def short_name(self, keys: Keys, among: Sequence[Keys]) -> str:
        return str(keys.get("maps", ""))

    def maps_of(self, keys: Keys, images: Sequence[Image]) -> dict[int, ExplanationMap]:
        """Those of a set that is whole."""
        return of_set(keys.get("maps", ""), images, are_pictures=False)

    def maps_in_words(self, keys: Keys) -> str:
        return f"maps of {keys['maps']}"

    def command(self, image_set: str, arms: Sequence[Keys]) -> str:
        return "; ".join(
            f"manage.py import_maps PATH --images {image_set} --name {keys['maps']}" for keys in arms
        )

    def columns(self, keys: Keys, networks: Mapping[str, Network]) -> dict[str, Any]:
        return {"map_set": MapSet.objects.get(name=keys["maps"]), "method": f"{METHOD}{keys['maps']}"}

    def owns(self, row: Made) -> bool:
        return row.map_set_id is not None

    def keys_of(self, row: Made) -> dict[str, str]:
        return {"maps": set_of(row).name}

    def extent(self, row: ExplanationMap, image: Image) -> Box:
        """The whole photo, or the crop of the network that the set names."""
        map_set = set_of(row)
        if map_set.covers == Covers.CROP and map_set.network is not None:
            return crop_of(map_set.network, image)
        return super().extent(row, image)

    def sealed(self, arm: Made) -> tuple[str, str]:
        return set_of(arm).sha256, arm.method

    def facts(self, arm: Made) -> ArmFacts:
        network = set_of(arm).network
        return ArmFacts(network=network.name if network else "", method=arm.method)

    def origin(self, row: ExplanationMap) -> MapOrigin:
        network = set_of(row).network
        return MapOrigin(
            network=network.name if network else "",
            weights_sha256=network.weights_sha256 if network else "",
            layer="",
            method=row.method,
            target=row.target,
            parameters_hash=row.parameters_hash,
            manifest=row.manifest,
        )

    def telltales(self, arm: Made) -> set[str]:
        map_set = set_of(arm)
        return {arm.method, map_set.name, map_set.sha256}

    def notes(self, name: str, arm: Made) -> Iterable[str]:
        yield f"{name} shows maps that were made elsewhere and brought in as arrays: {reading_of(set_of(arm)).in_words()}."


def set_of(row: Made) -> MapSet:
    assert row.map_set is not None, f"{row} is of no set of maps"
    return row.map_set


def of_set(name: Any, images: Sequence[Image], *, are_pictures: bool) -> dict[int, ExplanationMap]:
    """Photo's key -> what the set of this name has of it, if the set is whole and holds maps, or pictures."""
    sets = MapSet.objects.filter(name=str(name), finished_at__isnull=False)
    sets = sets.exclude(fit="") if are_pictures else sets.filter(fit="")
    rows = ExplanationMap.objects.filter(map_set__in=sets)
    wanted = {image.pk for image in images}
    return {row.image_id: row for row in rows.defer("values", "manifest") if row.image_id in wanted}
