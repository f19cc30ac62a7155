"""Answers to “is the network right?”: how often people are right, and signal detection.

measures.py   accuracy, sensitivity, specificity, d′, criterion and AUC of each arm, and how arms differ in them
"""

from .measures import MEASURES, Arm, Figure, Kind, Verdicts, contrasts, figures, network_alone

__all__ = ["MEASURES", "Arm", "Figure", "Kind", "Verdicts", "contrasts", "figures", "network_alone"]
