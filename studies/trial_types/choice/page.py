"""The page of a choice: every map is a button, and below them one for “same”."""

from collections.abc import Mapping
from typing import Any

from studies.analysis.answers import SAME

from ..base import Page


class ChoicePage(Page):
    """Keys 1, 2, 3 … for the maps from left to right, 0 for “same”."""

    trial = "trial_types/choice/trial.html"
    practice = "trial_types/choice/practice.html"
    keys = "trial_types/choice/keys.html"

    def buttons(self, wording: Mapping[str, Any]) -> dict[str, Any]:
        return {"same": {"value": SAME, "label": wording.get("same", "")}}

    def last_key(self, shown: int) -> int:
        return shown
