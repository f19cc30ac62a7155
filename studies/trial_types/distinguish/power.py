"""How many people distinguish needs: by the difference of two arms in accuracy."""

from studies.analysis.power import Assumptions

from ..accuracy.power import AccuracyModel
from ..base import Power


class DistinguishPower(Power):
    """Of the difference in accuracy. Arms without an explanation are assumed to be as far above chance as every other but the first."""

    effect = 0.1
    effect_of = "accuracy with the first arm − accuracy with each other, as a share of answers"
    width_of = "first arm − second arm, as a share of answers"

    def __init__(self, classes: int) -> None:
        self.chance = 1 / classes
        self.model = AccuracyModel(self.others)  # type: ignore[misc]
        self.effect_in_words = (  # type: ignore[misc]
            f"{self.others + 0.1:.0%} of answers correct with the first arm, {self.others:.0%} with the others; chance {self.chance:.0%}"
        )

    @property
    def others(self) -> float:
        """Accuracy of every arm but the first: a fifth of the way from chance to none wrong."""
        return self.chance + (1 - self.chance) / 5

    def assumed(self, assumptions: Assumptions, arms: int, spread: str) -> str:
        return (
            f"Assumed accuracy {self.others + assumptions.effect:.0%} with the first arm and {self.others:.0%} with the others (chance "
            f"{self.chance:.0%}), each answer with one of {arms} arms; {spread}."
        )
