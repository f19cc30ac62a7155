"""No explanation: the photo as it is, which every explanation has to beat."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from explain.cam.names import NOTHING
from explain.maps import Classes
from explain.models import ExplanationMap, Image, Network

from .interface import ArmFacts, KeyReader, Keys, Made, MapOrigin, MapSource

CELL = np.zeros(1, "<f4").tobytes()


NO_EXPLANATION = {"none": True}
"""The arm without an explanation."""


class Nothing(MapSource):
    """`{ none = true }`: where the others have a map there is the photo itself, drawn and encoded as their pictures are."""

    name = "none"
    keys = ("none",)
    has_arrays = False
    explains = False
    by_class = True
    made_at_once = True
    is_drawn = True

    def is_named_by(self, keys: Keys) -> bool:
        return "none" in keys

    def read(self, table: KeyReader) -> dict[str, Any]:
        return {"none": table.one_of("none", [True])}

    def short_name(self, keys: Keys, among: Sequence[Keys]) -> str:
        return "no explanation"

    def maps_of(self, keys: Keys, images: Sequence[Image]) -> dict[int, ExplanationMap]:
        rows = ExplanationMap.objects.filter(method=NOTHING, image__in=[image.pk for image in images])
        return {row.image_id: row for row in rows.defer("values", "manifest")}

    def maps_of_classes(
        self, keys: Keys, images: Sequence[Image], classes: Classes
    ) -> dict[int, list[ExplanationMap]]:
        """The photo in each place."""
        return {key: [row] * len(classes[key]) for key, row in self.maps_of(keys, images).items()}

    def make(self, keys: Keys, images: Sequence[Image]) -> None:
        there = self.maps_of(keys, images)
        ExplanationMap.objects.bulk_create(
            (
                ExplanationMap(image=image, method=NOTHING, values=CELL, height=1, width=1)
                for image in images
                if image.pk not in there
            ),
            ignore_conflicts=True,  # somebody else may make the same at this moment
        )

    def maps_in_words(self, keys: Keys) -> str:
        return "photos without an explanation"

    def command(self, image_set: str, arms: Sequence[Keys]) -> str:
        return ""

    def columns(self, keys: Keys, networks: Mapping[str, Network]) -> dict[str, Any]:
        return {"method": NOTHING}

    def owns(self, row: Made) -> bool:
        return row.method == NOTHING

    def keys_of(self, row: Made) -> dict[str, Any]:
        return {"none": True}

    def sealed(self, arm: Made) -> tuple[str, str]:
        return "", NOTHING

    def facts(self, arm: Made) -> ArmFacts:
        return ArmFacts(method=NOTHING)

    def origin(self, row: ExplanationMap) -> MapOrigin:
        return MapOrigin("", "", "", NOTHING, None, "", row.manifest)

    def notes(self, name: str, arm: Made) -> Iterable[str]:
        yield f"{name} is a control: the photo without an explanation."
