"""Decisions that hold whenever somebody looks: of a study without an end, whose answers are looked at as they come.

A p of 5 % is right about one look at a moment fixed beforehand; whoever looks again and again finds something in the end. The bound
of Robbins (1970, “Statistical methods related to the law of the iterated logarithm”, Annals of Mathematical Statistics 41, 1397–1409), here in the
form of Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas (2024, “Time-uniform central limit theory and asymptotic confidence
sequences”, Annals of Statistics 52, 2613–2640), is so wide that an effect of zero crosses it, ever, with a probability of α at most. It
is the moment at which the evidence for a normal spread of effects over none reaches 1/α. Time is information, 1/variance, so it does not
matter which answers were asked for, as long as it was chosen by what had been answered before.
"""

import math

from ..distributions import normal_cdf

ALPHA = 0.05
PRIOR = 0.5  # spread of effects, in log odds, for which the bound is closest


def anytime_bound(variance: float, alpha: float, prior: float = PRIOR) -> float:
    """How many standard errors an effect must be from zero to be found at any time.

    Args:
        variance: of the estimate, above 0, in the unit of `prior` squared.
        alpha: the probability with which one that is zero is ever found, at most.

    >>> round(anytime_bound(0.01, 0.05), 2)
    3.1
    """
    told = prior**2 / variance
    return math.sqrt((1 + 1 / told) * (math.log1p(told) - 2 * math.log(alpha)))


def anytime_level(variance: float, comparisons: int, alpha: float = ALPHA) -> float:
    """The level of an interval at one look that makes one comparison of so many hold with the others, whenever somebody looks.

    Whatever Student's t a p comes of: it is compared by its p. `comparisons`: as many as there can ever be (Bonferroni).
    """
    z = anytime_bound(variance, alpha / comparisons)
    return float(2 * normal_cdf(z) - 1)
