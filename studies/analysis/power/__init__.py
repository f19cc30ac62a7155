"""How many people and photos a study needs, by simulating it; what people answer is a model that anybody can bring."""

from .models import CHOICES, RATINGS, ChoiceModel, RatingModel
from .planning import AIM, Needed, most_steps, people_needed, power_over
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
    "AIM",
    "CHOICES",
    "RATINGS",
    "Assumptions",
    "ChoiceModel",
    "Design",
    "EquivalencePower",
    "Needed",
    "Power",
    "PowerModel",
    "RatingModel",
    "Simulated",
    "World",
    "equivalence_power",
    "most_steps",
    "people_needed",
    "power",
    "power_curve",
    "power_over",
    "wilson",
]
