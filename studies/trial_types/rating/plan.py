"""A rating in the words of a preregistration."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..plan import Declared, PlanInWords

WEIGHED = {
    "items": "of the means of photos, so that each photo counts the same, however many rated it",
    "people": "of the means of people, so that each person counts the same, however much they answered",
    "answers": "in which each answer counts the same",
}


class RatingPlan(PlanInWords):
    """The mean of all photos' mean ratings."""

    measured = (
        "In each trial a person rates two maps side by side on five steps, from −2 to 2. Whichever map stands on the left, "
        "a positive rating is for the first arm."
    )
    index = "A mean rating. What each counts in it, photo, person or answer, is said with the analysis that decides."

    def hypotheses(self, arms: Sequence[str], declared: Declared) -> list[str]:
        first, second = arms
        return [
            f"{first} and {second} are not rated alike: the mean rating is not zero (two-sided; positive: {first})."
        ]

    def primary(self, arms: Sequence[str], declared: Declared, analysis: Mapping[str, Any]) -> list[str]:
        return [
            f"The mean rating, {WEIGHED[analysis.get('primary', 'items')]}: estimate, interval and p from one two-way variance, over people and photos, with "
            "Student’s t."
        ]

    def exploratory(self) -> list[str]:
        return [
            "The means that weigh otherwise; Wilcoxon’s and the sign test; agreement between people; response times; "
            "results by class, group and answer to the questions."
        ]
