"""Single maps in the words of a preregistration."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..plan import Declared, PlanInWords


class SinglePlan(PlanInWords):
    """Means of questions and scales, and differences of two arms."""

    measured = (
        "In each trial a person sees one map and answers every question about it. An answer is a whole number on the question’s own "
        "scale; a yes is 1 and a no is 0."
    )
    index = (
        "Questions of one scale have a mean together, with reversed questions turned round. The main figure is the first scale, or "
        "the first question where there is no scale. An arm’s figure is the mean of its photos’ means."
    )

    def hypotheses(self, arms: Sequence[str], declared: Declared) -> list[str]:
        return [
            f"{first} and {second} do not have the same mean in the main figure (two-sided)."
            for first, second in declared
        ]

    def primary(self, arms: Sequence[str], declared: Declared, analysis: Mapping[str, Any]) -> list[str]:
        if not declared:
            return ["No contrast is declared, so nothing is confirmatory: every comparison is exploratory."]
        which = "each declared contrast" if len(declared) > 1 else "the declared contrast"
        return [
            f"The difference of the two arms’ means of the main figure in {which}: estimate, interval and p from one two-way variance, "
            "over people and photos, with Student’s t."
        ]

    def exploratory(self) -> list[str]:
        return [
            "Every other question and scale, and all other pairs of arms; Cronbach’s alpha and McDonald’s omega total of each scale; "
            "agreement between people; response times; results by class, group and answer to the questions about people."
        ]
