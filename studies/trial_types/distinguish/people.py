"""Simulated people who pick one of several maps: each looks like a normal, that of the class that is right higher by an arm's d′."""

import numpy as np

from studies.analysis.table import UNKNOWN

from ..accuracy.people import DetectingPeople


class DistinguishPeople(DetectingPeople):
    """`taste` makes a person better or worse in all arms. Where nothing is known of the truth, all maps look alike."""

    @property
    def model(self) -> str:
        return f"the likeliest of {self.answers.options}"

    def said(self, d_prime: float, taste: float, truth: int | None, random: np.random.Generator) -> int:
        seen = random.normal(size=self.answers.options)
        if truth is not None and truth != UNKNOWN:
            seen[truth // 2] += taste + d_prime
        return int(seen.argmax())
