"""The page of a rating: two maps side by side, and below them five buttons with words."""

from collections.abc import Mapping
from typing import Any

from studies.analysis.answers import RATING_LIMIT

from ..base import Page

VALUES = range(-RATING_LIMIT, RATING_LIMIT + 1)


class RatingPage(Page):
    """Keys 1 to 5 for the answers from left to right."""

    trial = "trial_types/rating/trial.html"
    practice = "trial_types/rating/practice.html"
    keys = "trial_types/rating/keys.html"

    def buttons(self, wording: Mapping[str, Any]) -> dict[str, Any]:
        labels = wording.get("labels", [])
        return {
            "ratings": [
                {"value": value, "key": key, "label": label}
                for key, (value, label) in enumerate(zip(VALUES, labels, strict=False), start=1)
            ]
        }

    def last_key(self, shown: int) -> int:
        return len(VALUES)
