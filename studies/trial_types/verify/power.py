"""How many people verify needs: by the difference of two arms in accuracy."""

from studies.analysis.power import Assumptions

from ..accuracy.power import AccuracyModel
from ..base import Power

ACCURACY = 0.65  # of every arm but the first


class VerifyPower(Power):
    """Of the difference in accuracy, in answers about right and wrong photos together."""

    model = AccuracyModel(ACCURACY)
    effect = 0.1
    effect_of = "accuracy with the first arm − accuracy with each other, as a share of answers"
    effect_in_words = (
        f"{ACCURACY + 0.1:.0%} of answers correct with the first arm, {ACCURACY:.0%} with the others"
    )
    width_of = "first arm − second arm, as a share of answers"

    def assumed(self, assumptions: Assumptions, arms: int, spread: str) -> str:
        return (
            f"Assumed accuracy {ACCURACY + assumptions.effect:.0%} with the first arm and {ACCURACY:.0%} with the others, each answer "
            f"with one of {arms} arms; {spread}."
        )
