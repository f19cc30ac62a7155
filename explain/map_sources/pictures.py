"""Finished pictures that somebody brought in, as a set with a name (explain/map_sets/)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from explain.map_sets import PICTURES, Fit, fit_in_words
from explain.models import ExplanationMap, Image, MapSet, Network

from .brought import of_set, set_of
from .interface import ArmFacts, KeyReader, Keys, Made, MapOrigin, MapSource

KEY = "pictures"


class Pictures(MapSource):
    """`{ pictures = "NAME" }`: there are no numbers behind them, so nothing is measured of them but what can be seen."""

    name = "pictures"
    keys = (KEY,)
    has_arrays = False

    def is_named_by(self, keys: Keys) -> bool:
        return KEY in keys

    def read(self, table: KeyReader) -> dict[str, str]:
        return {KEY: table.slug(KEY)}

    def short_name(self, keys: Keys, among: Sequence[Keys]) -> str:
        return str(keys.get(KEY, ""))

    def maps_of(self, keys: Keys, images: Sequence[Image]) -> dict[int, ExplanationMap]:
        return of_set(keys.get(KEY, ""), images, are_pictures=True)

    def maps_in_words(self, keys: Keys) -> str:
        return f"pictures of {keys[KEY]}"

    def command(self, image_set: str, arms: Sequence[Keys]) -> str:
        return "; ".join(
            f"manage.py import_pictures PATH --images {image_set} --name {keys[KEY]}" for keys in arms
        )

    def columns(self, keys: Keys, networks: Mapping[str, Network]) -> dict[str, Any]:
        return {"map_set": MapSet.objects.get(name=keys[KEY]), "method": f"{PICTURES}{keys[KEY]}"}

    def owns(self, row: Made) -> bool:
        return row.map_set_id is not None and row.method.startswith(PICTURES)

    def keys_of(self, row: Made) -> dict[str, str]:
        return {KEY: set_of(row).name}

    def sealed(self, arm: Made) -> tuple[str, str]:
        return set_of(arm).sha256, arm.method

    def facts(self, arm: Made) -> ArmFacts:
        return ArmFacts(method=arm.method)

    def origin(self, row: ExplanationMap) -> MapOrigin:
        return MapOrigin("", "", "", row.method, row.target, row.parameters_hash, row.manifest)

    def telltales(self, arm: Made) -> set[str]:
        return {arm.method, set_of(arm).name, set_of(arm).sha256}

    def notes(self, name: str, arm: Made) -> Iterable[str]:
        words = fit_in_words(Fit(set_of(arm).fit))
        yield f"{name} shows pictures that were made elsewhere and brought in as they are, without maps behind them: {words}."
