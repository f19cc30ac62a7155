"""How many people a rating needs: by the mean rating."""

import numpy as np

from studies.analysis.intervals import rating_intervals
from studies.analysis.power import Assumptions, Design, Simulated

from ..base import Power


class RatingPower(Power):
    """Judged by the interval of the mean."""

    effect = 0.5
    effect_in_words = "a mean rating of 0.5 for the first network"
    width_of = "the mean rating"

    def design(self, *, items: int, participants: int, answers_per_item: int, arms: int) -> Design:
        return Design(items, participants, answers_per_item, task="rating", arms=arms)

    def ends(self, study: Simulated, design: Design, draws: int) -> np.ndarray | None:
        return rating_intervals(study.items, study.participants, study.values, draws=draws).mean

    def assumed(self, assumptions: Assumptions, arms: int, spread: str) -> str:
        return f"Assumed mean rating {assumptions.effect:+g}; {spread} (SD of ratings)."
