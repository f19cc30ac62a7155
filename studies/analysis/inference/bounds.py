"""From an effect and its variance to an interval and a p, which never contradict each other.

Both come of one t. A difference or a mean lies between −limit and limit: it is turned to the scale artanh(estimate/limit), which has no
ends, and back (the scale of Fisher's z), so no end of an interval lies beyond what can be. A share lies between 0 and 1: Korn &
Graubard (1998, Survey Methodology 24, 193–201) take the exact binomial interval of Clopper & Pearson (1934) for the effective number of
answers. It needs no approximation where a share is 0 or 1: there the number of answers is divided by the design effect
of the other shares.

Where every answer is the same there is no variance to be seen. If n independent people, or items, all say the same, then with
confidence 1 − α at least (α/2)^(1/n) of all such would, and the rest may say anything: this is the interval, and p is the α at which
it reaches zero. With answers at an end of the scale that is the sign test, p = 2/2ⁿ.
"""

import math

from ..distributions import beta_quantile, student_quantile, student_tails
from .effects import Effect

Ends = tuple[float, float]


def mean_interval(effect: Effect, limit: float, level: float = 0.95) -> Ends:
    """The interval of a mean or a difference that lies between −limit and limit."""
    if effect.variance == 0:
        least = ((1 - level) / 2) ** (1 / effect.units)
        certain, rest = max(-limit, min(limit, effect.estimate)) * least, limit * (1 - least)
        return certain - rest, certain + rest
    middle, error = on_free_scale(effect, limit)
    reach = student_quantile((1 + level) / 2, effect.df) * error
    return limit * math.tanh(middle - reach), limit * math.tanh(middle + reach)


def mean_p(effect: Effect, limit: float, null: float = 0.0) -> float:
    """The two-sided p of a mean, or a difference, of `null`: at most 1 − level just where the interval leaves that out."""
    if effect.variance == 0:
        away = 1 if effect.estimate >= null else -1
        return min(1.0, 2 * ((limit + away * null) / (limit + away * effect.estimate)) ** effect.units)
    middle, error = on_free_scale(effect, limit)
    return student_tails((middle - math.atanh(null / limit)) / error, effect.df)


def on_free_scale(effect: Effect, limit: float) -> tuple[float, float]:
    """Estimate and standard error of artanh(estimate / limit)."""
    at = effect.estimate / limit
    return math.atanh(at), math.sqrt(effect.variance) / limit / ((1 - at) * (1 + at))


def design_effect(effect: Effect) -> float:
    """How many times the variance of a share is that of as many independent answers; 1 where it cannot be told, or is less."""
    alone = effect.estimate * (1 - effect.estimate) / effect.answers
    return max(1.0, effect.variance / alone) if effect.variance and alone > 0 else 1.0


def share_intervals(effects: list[Effect], level: float = 0.95) -> list[Ends]:
    """The intervals of shares that together are all answers, or a part of them."""
    widest = max(map(design_effect, effects))
    return [_share_interval(effect, widest, level) for effect in effects]


def _share_interval(effect: Effect, widest: float, level: float) -> Ends:
    share = min(1.0, max(0.0, effect.estimate))
    tail = (1 - level) / 2
    if effect.variance == 0:  # nobody, or everybody
        n = effect.answers / widest if widest > 1 else float(effect.units)
        share = float(round(share))
    else:
        n = share * (1 - share) / effect.variance
        as_if = max(1.0, effect.answers - 1)
        n *= (student_quantile(1 - tail, as_if) / student_quantile(1 - tail, effect.df)) ** 2
        n = min(n, effect.answers)
    low = beta_quantile(tail, n * share, n * (1 - share) + 1) if share > 0 else 0.0
    high = beta_quantile(1 - tail, n * share + 1, n * (1 - share)) if share < 1 else 1.0
    return low, high
