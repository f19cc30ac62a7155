"""How many people a choice needs: by the difference of two arms in shares."""

import numpy as np

from studies.analysis.intervals import choice_intervals
from studies.analysis.power import Assumptions, Design, Simulated

from ..base import Power


class ChoicePower(Power):
    """Judged by the interval of first arm − second arm, as a share of all items."""

    effect = 0.2
    effect_in_words = "the first arm is preferred in 20 percentage points more answers than the second"
    width_of = "first arm − second arm, as a share of all items"

    def design(self, *, items: int, participants: int, answers_per_item: int, arms: int) -> Design:
        return Design(items, participants, answers_per_item, task="choice", arms=arms)

    def ends(self, study: Simulated, design: Design, draws: int) -> np.ndarray | None:
        intervals = choice_intervals(study.items, study.participants, study.values, design.arms, draws=draws)
        ends = intervals.differences.get((0, 1))
        return None if ends is None else ends / design.items

    def assumed(self, assumptions: Assumptions, arms: int, spread: str) -> str:
        shares = ", ".join(f"{share:.1%}".replace("%", " %") for share in assumptions.shares(arms))
        return f"Assumed shares of {arms} arms and, last, “same”: {shares}; {spread} (SD of log odds)."
