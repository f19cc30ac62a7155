"""How many people best and worst needs: by the difference of two arms."""

from studies.analysis.points.power import PointsModel
from studies.analysis.power import Assumptions

from ..base import Power
from .codes import codes_of_orders, scale_of


class BestWorstPower(Power):
    """Simulated and judged as analysis/points/power.py says."""

    model = PointsModel(scale_of, codes_of_orders)
    effect = 0.3
    effect_of = "best minus worst of the first arm − that of each other"
    effect_in_words = (
        "best minus worst, as a share of the answers, is 0.3 higher for the first arm than for each other"
    )
    width_of = "first arm − second arm, each best minus worst as a share of the answers"

    def assumed(self, assumptions: Assumptions, arms: int, spread: str) -> str:
        return (
            f"Assumed best minus worst of the first of {arms} arms {assumptions.effect:+g} above each other; {spread} "
            "(SD of log worths)."
        )
