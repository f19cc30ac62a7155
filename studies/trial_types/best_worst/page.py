"""The page of best and worst: below the maps two rows of letters, one for the best and one for the worst."""

from collections.abc import Mapping
from typing import Any

from ..composed import ComposedPage
from .codes import BASE, code


class BestWorstPage(ComposedPage):
    """A tap on a map, or its number key, picks the best; the next the worst; 0 clears both."""

    trial = "trial_types/best_worst/trial.html"
    practice = "trial_types/best_worst/practice.html"
    keys = "trial_types/best_worst/keys.html"

    def buttons(self, wording: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "roles": [
                {"name": "best", "label": wording.get("best", ""), "each": BASE},
                {"name": "worst", "label": wording.get("worst", ""), "each": 1},
            ],
            "examples": [code(0, 1), code(1, 0)],
        }

    def last_key(self, shown: int) -> int:
        return shown
