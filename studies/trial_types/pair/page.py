"""The page of a pair: two maps, each a button, and below them one for “same” where the protocol offers it."""

from collections.abc import Mapping
from typing import Any

from studies.analysis.answers import SAME

from ..base import Page


class PairPage(Page):
    """Keys 1 and 2 for the maps from left to right, 0 for “same”."""

    trial = "trial_types/pair/trial.html"
    practice = "trial_types/pair/practice.html"
    keys = "trial_types/pair/keys.html"

    def buttons(self, wording: Mapping[str, Any]) -> dict[str, Any]:
        label = wording.get("same", "")
        return {"same": {"value": SAME, "label": label} if label else None}

    def last_key(self, shown: int) -> int:
        return shown
