"""Is an effect smaller than the smallest that matters? Two one-sided tests (TOST: Schuirmann 1987, Journal of Pharmacokinetics and
Biopharmaceutics 15, 657–680) by the t of bounds.py, held against ±smallest in place of zero.

p is the larger of the two, so it is at most 5 % just where the 90 % interval lies between −smallest and smallest. Where every answer is
the same, n independent units leave ((1 − δ)/(1 − |θ|))ⁿ of doubt, δ and θ as shares of the limit: the p at which the interval of
bounds.py reaches δ.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ..distributions import student_tails
from .bounds import Ends, mean_interval, on_free_scale
from .effects import Effect
from .simultaneous import holm

ALPHA = 0.05
LEVEL = 1 - 2 * ALPHA  # of the interval that says the same


@dataclass(frozen=True)
class Equivalence:
    """An effect beside the smallest that matters, both in one unit."""

    smallest: float
    interval: Ends  # 90 %
    p: float  # at most 0.05 just where the interval lies between −smallest and smallest

    def scaled(self, factor: float) -> "Equivalence":
        """The same in another unit."""
        low, high = self.interval
        return Equivalence(factor * self.smallest, (factor * low, factor * high), self.p)


def equivalence(effect: Effect, limit: float, smallest: float) -> Equivalence:
    """An effect that lies between −limit and limit; 0 < smallest < limit."""
    return Equivalence(smallest, mean_interval(effect, limit, LEVEL), equivalence_p(effect, limit, smallest))


def equivalence_p(effect: Effect, limit: float, smallest: float) -> float:
    """The larger p of “it is smallest or more” and “it is −smallest or less”."""
    size = abs(effect.estimate)
    if effect.variance == 0:
        if size >= smallest:
            return 1.0
        return ((limit - smallest) / (limit - size)) ** effect.units
    middle, error = on_free_scale(effect, limit)
    t = (math.atanh(smallest / limit) - abs(middle)) / error
    beyond = student_tails(t, effect.df) / 2
    return beyond if t > 0 else 1 - beyond


def corrected(every: Sequence[Equivalence | None]) -> list[float | None]:
    """The p of each after Holm's correction over all of them."""
    return holm([None if one is None else one.p for one in every])
