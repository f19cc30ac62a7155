"""The page of a ranking: below each map its place, and a strip of places onto which maps are dragged or put by a tap."""

from collections.abc import Mapping
from typing import Any

from ..composed import ComposedPage
from .codes import BASE, MOST, code, code_of_places, places_of


class RankPage(ComposedPage):
    """Taps and number keys rank the maps from the best on; arrows move the last one; 0 clears all."""

    trial = "trial_types/rank/trial.html"
    practice = "trial_types/rank/practice.html"
    keys = "trial_types/rank/keys.html"

    def buttons(self, wording: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "best": wording.get("best", ""),
            "worst": wording.get("worst", ""),
            "places": [
                [{"number": place, "value": place * BASE**at} for place in range(1, MOST + 1)]
                for at in range(MOST)
            ],
            "examples": [code([[0], [1]]), code([[1], [0]]), code([[0, 1]])],
        }

    def put_together(self, parts: list[int], shown: int) -> int:
        """Whatever places somebody gave, their order is what they say: 1, 1, 3 is 1, 1, 2."""
        places = places_of(super().put_together(parts, shown))
        return code_of_places(places) if len(places) == shown and all(places) else 0

    def last_key(self, shown: int) -> int:
        return shown
