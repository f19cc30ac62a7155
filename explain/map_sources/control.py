"""Maps that say nothing of what a network looked at: what a real map has to beat."""

from collections.abc import Iterable, Mapping
from typing import ClassVar

from explain.cam.names import base_name

from .computed import Computed
from .interface import Keys, Made

WHAT = {
    "random": "noise drawn for each photo, by no network",
    "centre": "the same spot in the middle of every photo, by no network",
}


PLACEBO = {"method": "random"}
"""An arm that explains nothing, of which people are not told so."""


class Control(Computed):
    """`{ network, method }` where the method is a control. Workers make its maps, in the size of the network's own."""

    name = "control"
    methods_in_words: ClassVar[Mapping[str, str]] = {
        "random": "A control: noise. Nobody should prefer it.",
        "centre": "A control: always the middle of the photo. Hard to beat where objects are in the middle.",
    }

    def is_named_by(self, keys: Keys) -> bool:
        return _name(keys.get("method")) in WHAT

    def owns(self, row: Made) -> bool:
        return _name(row.method) in WHAT

    def notes(self, name: str, arm: Made) -> Iterable[str]:
        yield f"{name} is a control: {WHAT[_name(arm.method)]}."


def _name(method: object) -> str:
    return base_name(method) if isinstance(method, str) else ""


def stand_ins(network: str) -> list[dict[str, str]]:
    """An arm of the network for each control: a form or a preview takes them where no arms are chosen yet."""
    return [{"network": network, "method": method} for method in WHAT]
