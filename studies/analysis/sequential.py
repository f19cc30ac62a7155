"""Look at a study before it is full without fooling oneself: how strict each look must be.

Lan & DeMets (1983, "Discrete sequential boundaries for clinical trials", Biometrika 70, 659–663): a function fixed in
the protocol says how much of α may be spent by the time a fraction t of the answers is in; each look's bound follows
by integrating over the paths that have not stopped (Armitage, McPherson & Rowe 1969).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from .answers import AnswersError
from .distributions import crossing, normal_cdf, normal_quantile, student_tails

Spending = Literal["obrien-fleming", "pocock"]
POINTS = 201  # Gauss–Legendre points between the bounds: bounds are right to 6 digits


@dataclass(frozen=True)
class LookBoundary:
    """One planned look at the data."""

    fraction: float  # of the answers that the study needs, above 0 up to 1
    spent: float  # of α, up to and with this look
    z: float  # stop if |estimate / standard error| is larger
    level: float  # the same in other words: stop if p is at most 1 − level, so that the interval at this level excludes zero


def plan_looks(
    fractions: Sequence[float], alpha: float = 0.05, spending: Spending = "obrien-fleming"
) -> list[LookBoundary]:
    """Bounds of two-sided looks after the given fractions of the answers; the last fraction is 1.

    "obrien-fleming" spends little at first and keeps the last look near the usual 5 %; "pocock" is nearly as strict
    at the end as in the beginning. Raises AnswersError for fractions that do not rise to 1, or begin too early.

    >>> [round(look.z, 3) for look in plan_looks([0.5, 1.0])]
    [2.963, 1.969]
    """
    _check(fractions, alpha, spending)
    looks: list[LookBoundary] = []
    points, density = np.zeros(1), np.ones(1)  # of the Brownian path among the studies that go on
    before = spent_before = 0.0
    nodes, weights = np.polynomial.legendre.leggauss(POINTS)
    for fraction in fractions:
        spent = _spent(fraction, alpha, spending)
        step = np.sqrt(fraction - before)
        bound = _bound(points, density, step, spent - spent_before)
        z = bound / np.sqrt(fraction)
        level = float(2 * normal_cdf(z) - 1)
        if level == 1:
            raise AnswersError(
                f"at {fraction} {spending} spends next to nothing, so that no answers could show anything; "
                "look later, or spend as pocock does"
            )
        looks.append(LookBoundary(float(fraction), spent, float(z), level))
        following = nodes * bound
        distance = (following[:, None] - points[None]) / step
        kernel = np.exp(-(distance**2) / 2) / (np.sqrt(2 * np.pi) * step)
        points, density = following, (kernel @ density) * weights * bound
        before, spent_before = fraction, spent
    return looks


def least_p(people: int, answers: int) -> float:
    """The smallest p that so many answers by so many people can show, however clear the preference.

    Single answers alone make a difference of choices vary so much that it never lies more than √answers standard errors from 0, and
    there are no more degrees of freedom than people less one.

    >>> round(least_p(3, 150), 4)
    0.0066
    """
    return 1.0 if people < 2 else student_tails(math.sqrt(answers), people - 1)


def check_reach(looks: Sequence[LookBoundary], people: int, answers_each: int) -> None:
    """Raise AnswersError for a look that could find no effect of any size, where `people` come one after another."""
    for look in looks:
        there = int(look.fraction * people + 1e-9)
        least, asked = least_p(there, there * answers_each), 1 - look.level
        if least > asked:
            raise AnswersError(
                f"at {look.fraction:g} of the answers about {there} of {people} people will have answered, and however clear their "
                f"preference, p cannot be below {least:.2g}, where this look asks for {asked:.2g}; look later, spend as pocock "
                "does, or plan more people"
            )


def _bound(points: np.ndarray, density: np.ndarray, step: float, spend: float) -> float:
    """The bound beyond which the path is with probability `spend` after one more step."""

    def too_much(bound: float) -> float:
        beyond = normal_cdf((points - bound) / step) + normal_cdf((-bound - points) / step)
        return float(beyond @ density) - spend

    return crossing(too_much, 0.0, 40.0)


def _spent(fraction: float, alpha: float, spending: Spending) -> float:
    if spending == "pocock":
        return float(alpha * np.log1p((np.e - 1) * fraction))
    return float(4 * normal_cdf(normal_quantile(alpha / 4) / np.sqrt(fraction)))  # α/2 on each side


def _check(fractions: Sequence[float], alpha: float, spending: str) -> None:
    if spending not in get_args(Spending):
        raise AnswersError(f"spending: {spending!r} is not one of {', '.join(get_args(Spending))}")
    if not 0 < alpha < 1:
        raise AnswersError(f"alpha: {alpha} is not between 0 and 1; 0.05 is usual")
    steps = np.diff([0.0, *fractions])
    if not len(fractions) or not (steps > 0).all() or fractions[-1] != 1:
        raise AnswersError(
            f"looks at {list(fractions)}: give fractions of the answers that rise to 1, as 0.5, 1"
        )
    if fractions[0] < 0.05:
        raise AnswersError(f"looks at {fractions[0]}: a first look needs at least 0.05 of the answers")
