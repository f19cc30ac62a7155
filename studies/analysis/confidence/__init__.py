"""How sure people say that they are of their answers: by arm, and beside how often they are right.

calibration.py   means by arm; where answers are right or wrong, accuracy by step, Brier's score, over-confidence
"""

from .calibration import ArmSureness, Bin, Confidence, SureScale, confidence_of

__all__ = ["ArmSureness", "Bin", "Confidence", "SureScale", "confidence_of"]
