"""Verify in the words of a preregistration."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..plan import Declared, PlanInWords


class VerifyPlan(PlanInWords):
    """Accuracy of each arm, and differences of two arms."""

    measured = (
        "In each trial a person sees a photo, what the network says of it, and one arm’s map or none, and says whether the network is "
        "right. An answer is correct where it agrees with whether the network’s top class is the photo’s label."
    )
    index = (
        "An arm’s accuracy is the mean of its photos’ shares of correct answers. Beside it stand sensitivity (“right” where the network "
        "is right) and specificity (“wrong” where it is wrong), d′ and criterion with the log-linear correction."
    )

    def hypotheses(self, arms: Sequence[str], declared: Declared) -> list[str]:
        return [
            f"People are not equally accurate with {first} and with {second} (two-sided)."
            for first, second in declared
        ]

    def primary(self, arms: Sequence[str], declared: Declared, analysis: Mapping[str, Any]) -> list[str]:
        if not declared:
            return ["No contrast is declared, so nothing is confirmatory: every comparison is exploratory."]
        which = "each declared contrast" if len(declared) > 1 else "the declared contrast"
        return [
            f"The difference of the two arms’ accuracy in {which}: estimate, interval and p from one two-way variance, over people and "
            "photos, with Student’s t; Holm’s correction over the declared contrasts."
        ]

    def exploratory(self) -> list[str]:
        return [
            "The same differences in sensitivity, specificity, d′, criterion and the area under the curve; over-reliance and "
            "under-reliance; the team of person and network beside the network alone; all other pairs of arms; response times; results "
            "by class, group and answer to the questions about people."
        ]
