"""How many people a ranking needs: by the difference of two mean ranks."""

from studies.analysis.points.power import PointsModel
from studies.analysis.power import Assumptions

from ..base import Power
from .codes import codes_of_orders, scale_of


class RankPower(Power):
    """Simulated and judged as analysis/points/power.py says; nobody ties."""

    model = PointsModel(scale_of, codes_of_orders)
    effect = 0.3
    effect_of = "mean rank of each other arm − that of the first, in places"
    effect_in_words = "the first arm is ranked 0.3 places better, on average, than each other"
    width_of = "first arm − second arm, in places"

    def assumed(self, assumptions: Assumptions, arms: int, spread: str) -> str:
        return f"Assumed mean rank of the first of {arms} arms {assumptions.effect:g} places better than each other’s; {spread} (SD of log worths)."
