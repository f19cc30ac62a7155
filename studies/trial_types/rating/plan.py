"""A rating in the words of a preregistration."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..plan import Declared, PlanInWords


class RatingPlan(PlanInWords):
    """The mean of all photos' mean ratings."""

    measured = (
        "In each trial a person rates two maps side by side on five steps, from −2 to 2. Whichever map stands on the left, "
        "a positive rating is for the first arm."
    )
    index = "The ratings of a photo are averaged, and then the photos: each photo counts the same, however many rated it."

    def hypotheses(self, arms: Sequence[str], declared: Declared) -> list[str]:
        first, second = arms
        return [
            f"{first} and {second} are not rated alike: the mean rating is not zero (two-sided; positive: {first})."
        ]

    def primary(self, arms: Sequence[str], declared: Declared, analysis: Mapping[str, Any]) -> list[str]:
        return [
            "The mean rating: estimate, 95 % interval and p from one two-way variance, over people and photos, with "
            "Student’s t."
        ]

    def exploratory(self) -> list[str]:
        return [
            "The mean over answers and over people; Wilcoxon’s and the sign test; agreement between people; response times; "
            "results by class, group and answer to the questions."
        ]
