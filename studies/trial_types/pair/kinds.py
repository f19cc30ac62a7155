"""What becomes of a study of pairs: balanced to the end, in adaptive rounds, or a living comparison without an end. `[pair]` in a protocol.

balanced   every pair equally often, all laid out at the opening
adaptive   as many answers, laid out in rounds: the first is balanced, each of the others asks what is expected to tell most
arena      rounds without an end, to which arms may be added, and which arms may leave
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ..questions import EMBARGO, HAS_LEFT, OPTIONS


class Kind(StrEnum):
    BALANCED = "balanced"
    ADAPTIVE = "adaptive"
    ARENA = "arena"


@dataclass(frozen=True)
class Options:
    """What `[pair]` says. `has_left` and `embargo` are names of arms."""

    kind: Kind = Kind.BALANCED
    public: bool = False  # whether an arena has a page for everybody
    has_left: tuple[str, ...] = ()  # asked about no more
    embargo: tuple[str, ...] = ()  # not on the public page, nor any answer about them

    def as_said(self) -> dict[str, Any]:
        """As a protocol has it; lists that are empty are left out."""
        said: dict[str, Any] = {"kind": str(self.kind), "public": self.public}
        names: Iterable[tuple[str, tuple[str, ...]]] = (
            ("has_left", self.has_left),
            ("embargo", self.embargo),
        )
        return said | {key: list(of) for key, of in names if of}


def options_in(wording: Mapping[str, Any]) -> Options:
    """What a study's wording holds of them."""
    said = wording.get(OPTIONS, {})
    return Options(
        Kind(said.get("kind", Kind.BALANCED)),
        bool(said.get("public", False)),
        tuple(said.get(HAS_LEFT, ())),
        tuple(said.get(EMBARGO, ())),
    )
