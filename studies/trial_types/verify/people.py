"""Simulated people who say whether the network is right: what they see is a normal, higher where it is right (signal detection)."""

import numpy as np

from ..accuracy.people import DetectingPeople

STEP = 0.7  # from the criterion to “surely”


class VerifyPeople(DetectingPeople):
    """`taste` moves the person's criterion. Where nothing is known of the truth, the network is right."""

    model = "signal detection"

    def said(self, d_prime: float, taste: float, truth: int | None, random: np.random.Generator) -> int:
        seen = (-d_prime / 2 if truth == 0 else d_prime / 2) + taste + random.normal()
        if self.answers.options == 2:
            return int(seen > 0)
        return int(np.searchsorted([-STEP, 0, STEP], seen))
