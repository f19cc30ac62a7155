"""Which classes and photos a study uses, by stated rules; how well networks know each class (F1)."""

from .asked import ClassChoice, Rule
from .f1 import F1Table
from .queries import f1_by_class, tallies, verdicts
from .rules import Choice, ClassesChoice, Photo, choose, choose_classes

__all__ = [
    "Choice",
    "ClassChoice",
    "ClassesChoice",
    "F1Table",
    "Photo",
    "Rule",
    "choose",
    "choose_classes",
    "f1_by_class",
    "tallies",
    "verdicts",
]
