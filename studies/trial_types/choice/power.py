"""How many people a choice needs: by the difference of two arms in shares."""

from studies.analysis.power import CHOICES, Assumptions

from ..base import Power


class ChoicePower(Power):
    """Simulated and judged as analysis/power/models.py says of choices."""

    model = CHOICES
    knows_same = True
    effect = 0.2
    effect_of = "share of the first arm − share of each other"
    effect_in_words = "the first arm is preferred in 20 percentage points more answers than the second"
    width_of = "first arm − second arm, as a share of all items"

    def assumed(self, assumptions: Assumptions, arms: int, spread: str) -> str:
        shares = self.model.shares(assumptions, arms)
        listed = ", ".join(f"{share:.1%}".replace("%", " %") for share in shares)
        return f"Assumed shares of {arms} arms and, last, “same”: {listed}; {spread} (SD of log odds)."
