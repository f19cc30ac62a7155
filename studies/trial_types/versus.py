"""A comparison of two arms by name, whatever their figure is."""

from dataclasses import dataclass
from typing import Any

from studies.analysis.contrasts import Contrast
from studies.analysis.inference.sensitivity import Finding

from .sizes import Sized, pair


@dataclass(frozen=True)
class Versus:
    """A contrast with its arms by name."""

    first: str
    second: str
    found: Contrast

    def as_json(self, sized: Sized) -> dict[str, Any]:
        """Plain data, with its effect sizes."""
        found = self.found
        by: dict[str, Finding] = {"trials": found.trials, "items": found.items, "people": found.people}
        ends, together = pair(found.interval), pair(found.interval_all_pairs)
        return {
            "first": self.first,
            "second": self.second,
            "difference": found.difference,
            "interval": list(ends) if ends else None,
            "p_by": {unit: test.p for unit, test in by.items()},
            "p": found.p,
            "df": found.df,
            "p_holm": found.p_holm,
            "interval_all_pairs": list(together) if together else None,
            "p_all_pairs": found.p_all_pairs,
            "equivalence": sized.equivalence_json(),
            "effect_sizes": sized.sizes_json(),
            "exploratory": found.exploratory,
        }
