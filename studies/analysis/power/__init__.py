"""How many people and photos a study needs, by simulating it; what people answer is a model that anybody can bring."""

from .models import CHOICES, RATINGS, ChoiceModel, RatingModel
from .simulation import (
    Assumptions,
    Design,
    EquivalencePower,
    Power,
    PowerModel,
    Simulated,
    World,
    equivalence_power,
    power,
    power_curve,
    wilson,
)

__all__ = [
    "CHOICES",
    "RATINGS",
    "Assumptions",
    "ChoiceModel",
    "Design",
    "EquivalencePower",
    "Power",
    "PowerModel",
    "RatingModel",
    "Simulated",
    "World",
    "equivalence_power",
    "power",
    "power_curve",
    "wilson",
]
