"""Which of several people pick of which one is right: accuracy of each arm over chance, and how arms differ in it."""

from .measures import ArmPicks, Kind, PickFigure, Picks, contrasts, figures, judged_beside_chance, truth_of

__all__ = [
    "ArmPicks",
    "Kind",
    "PickFigure",
    "Picks",
    "contrasts",
    "figures",
    "judged_beside_chance",
    "truth_of",
]
