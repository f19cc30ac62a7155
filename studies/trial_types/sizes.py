"""Whether a difference matters, and how large it is in units that other studies have, for tables and files."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from studies.analysis.inference.equivalence import Equivalence
from studies.analysis.inference.sizes import Size

Pair = tuple[float, float]

SIZES_IN_WORDS = {
    "difference_of_shares": "difference of shares",
    "superiority": "chance to be preferred",
    "odds": "odds",
    "dz": "d_z",
}
"""Every effect size that a type gives, and what its column is called; those of contrasts.csv are named by the keys."""


@dataclass(frozen=True)
class Sized:
    """One comparison by every effect size of its type, and beside the smallest effect that matters."""

    name: str
    sizes: Mapping[str, Size]
    equivalence: Equivalence | None = None  # in the unit of the declared smallest effect
    p_holm: float | None = None  # its p as it decides: corrected over the declared contrasts
    equivalent: bool | None = (
        None  # whether “no difference that matters” is found; None: nothing declared says so
    )

    @property
    def columns(self) -> list[tuple[str, Size]]:
        return [(SIZES_IN_WORDS[key], size) for key, size in self.sizes.items()]

    def sizes_json(self) -> dict[str, Any]:
        return {
            key: {"estimate": size.estimate, "interval": list(size.interval) if size.interval else None}
            for key, size in self.sizes.items()
        }

    def equivalence_json(self) -> dict[str, Any] | None:
        if self.equivalence is None:
            return None
        return {
            "smallest_effect": self.equivalence.smallest,
            "interval": list(self.equivalence.interval),
            "p": self.equivalence.p,
            "p_holm": self.p_holm,
            "found": self.equivalent,
        }


def pair(ends: np.ndarray | None) -> Pair | None:
    """(lower, upper) as plain numbers."""
    return None if ends is None else (float(ends[0]), float(ends[1]))
