"""How many people and photos a study needs, by simulating it; what people answer is a model that anybody can bring."""

from .models import CHOICES, RATINGS, ChoiceModel, RatingModel
from .simulation import Assumptions, Design, Power, PowerModel, Simulated, World, power, power_curve, wilson

__all__ = [
    "CHOICES",
    "RATINGS",
    "Assumptions",
    "ChoiceModel",
    "Design",
    "Power",
    "PowerModel",
    "RatingModel",
    "Simulated",
    "World",
    "power",
    "power_curve",
    "wilson",
]
