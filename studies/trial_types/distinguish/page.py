"""The page of distinguish: the photo, its pictures side by side in one, and a button for each letter. No class is named."""

from collections.abc import Mapping
from typing import Any

from explain.maps import columns_of

from ..base import Named, Page
from .answers import DistinguishAnswers
from .asked import QUESTIONS


class DistinguishPage(Page):
    """The same page for every arm: without an explanation each picture is the photo once more."""

    trial = "trial_types/distinguish/trial.html"
    practice = "trial_types/distinguish/practice.html"
    keys = "trial_types/distinguish/keys.html"

    def __init__(self, answers: DistinguishAnswers) -> None:
        self.answers = answers

    def named(self, class_name: str, prediction: Mapping[str, Any] | None, *, check: bool) -> Named:
        """Nothing: what is in the photo would tell what is right."""
        return Named("")

    def named_in_practice(self, drawing: str, other: str, *, on_object: bool) -> str:
        return ""

    def question(self, wording: Mapping[str, Any]) -> str:
        return str(wording.get(QUESTIONS[self.answers.asks], ""))

    def buttons(self, wording: Mapping[str, Any]) -> dict[str, Any]:
        columns = columns_of(self.answers.classes)
        return {
            "letters": [
                {"value": place, "key": place + 1, "letter": letter}
                for place, letter in enumerate(self.answers.letters)
            ],
            "asks": self.answers.asks,
            "tiles": self.answers.classes,
            "columns": columns,
            "sheet": {
                "width": 224 * columns,
                "height": 224 * -(-self.answers.classes // columns),
            },
        }

    def last_key(self, shown: int) -> int:
        return self.answers.classes
