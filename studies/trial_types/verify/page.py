"""The page of verify: the photo, what the network says, a second picture, and a row of two buttons or four."""

from collections.abc import Mapping
from typing import Any

from ..base import Named, Page
from .answers import VerifyAnswers
from .asked import LABELS


class VerifyPage(Page):
    """The same page for every arm: without an explanation the second picture is the photo once more."""

    trial = "trial_types/verify/trial.html"
    practice = "trial_types/verify/practice.html"
    keys = "trial_types/verify/keys.html"

    def __init__(self, answers: VerifyAnswers, confidence: bool) -> None:
        self.answers, self.confidence = answers, confidence

    def named(self, class_name: str, prediction: Mapping[str, Any] | None, *, check: bool) -> Named:
        if prediction is None:
            return Named(class_name)
        said = prediction["label"] if check else prediction["says"]
        return Named(said, prediction["probability"] if self.confidence else None)

    def named_in_practice(self, drawing: str, other: str, *, on_object: bool) -> str:
        return drawing if on_object else other

    def buttons(self, wording: Mapping[str, Any]) -> dict[str, Any]:
        labels = wording.get(LABELS[self.answers.steps], [])
        return {
            "verdicts": [
                {"value": value, "key": value + 1, "label": label} for value, label in enumerate(labels)
            ]
        }

    def last_key(self, shown: int) -> int:
        return self.answers.steps
