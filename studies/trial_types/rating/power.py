"""How many people a rating needs: by the mean rating."""

from studies.analysis.power import RATINGS, Assumptions

from ..base import Power


class RatingPower(Power):
    """Simulated and judged as analysis/power/models.py says of ratings."""

    model = RATINGS
    effect = 0.5
    effect_of = "the mean"
    effect_in_words = "a mean rating of 0.5 for the first network"
    width_of = "the mean rating"

    def assumed(self, assumptions: Assumptions, arms: int, spread: str) -> str:
        return f"Assumed mean rating {assumptions.effect:+g}; {spread} (SD of ratings)."
