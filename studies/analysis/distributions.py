"""Normal, Student's t, chi-square, binomial and signed-rank distributions in numpy, so that a web host needs no scipy.

Formulas have their numbers in the Digital Library of Mathematical Functions (DLMF, dlmf.nist.gov) or in Abramowitz & Stegun (A&S);
the tests hold every function against scipy, far into the tails.
"""

import math
from collections.abc import Callable
from functools import lru_cache
from itertools import count
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike

HALVINGS = 60
WHOLE = 1000  # up to so many trials are counted in whole numbers
_erfc = np.vectorize(math.erfc, otypes=[float])
_standard_quantile = NormalDist().inv_cdf


def normal_cdf(x: ArrayLike) -> np.ndarray:
    """Φ(x) = erfc(−x/√2) / 2 (A&S 26.2.29 with 7.1.2), exact also where it is small.

    >>> normal_cdf([0.0, -1.959963984540054]).round(6).tolist()
    [0.5, 0.025]
    """
    return _erfc(np.asarray(x) / -math.sqrt(2)) / 2


def normal_quantile(p: float) -> float:
    """The x with Φ(x) = p, and −∞ or ∞ at 0 or 1 (Wichura 1988, algorithm AS 241, Applied Statistics 37, 477–484).

    >>> round(normal_quantile(0.975), 6)
    1.959964
    """
    return _standard_quantile(p) if 0 < p < 1 else math.copysign(math.inf, p - 0.5)


@lru_cache(maxsize=4096)
def student_quantile(p: float, df: float) -> float:
    """The t that Student's t with `df` degrees of freedom does not exceed with chance p; df is at least 1.

    It exceeds t > 0 with chance I_x(df/2, ½) / 2, x = df/(df + t²) (A&S 26.5.27). Newton's method starts at the normal
    quantile, which is nearer to 0, and never goes too far, because that chance is convex in t.

    >>> round(student_quantile(0.975, 14), 6)
    2.144787
    """
    tail = min(p, 1 - p)
    t = -normal_quantile(tail)
    height = math.exp(math.lgamma((df + 1) / 2) - math.lgamma(df / 2)) / math.sqrt(math.pi * df)
    step = t if tail > 0 else 0.0
    while step > 1e-14 * t:
        beyond = incomplete_beta(df / (df + t * t), t * t / (df + t * t), df / 2, 0.5) / 2
        step = (beyond - tail) / (height * (1 + t * t / df) ** (-(df + 1) / 2))
        t += step
    return math.copysign(t, p - 0.5)


def incomplete_beta(x: float, y: float, a: float, b: float) -> float:
    """I_x(a, b), regularised: the continued fraction DLMF 8.17.22 from its front, as Lentz does (DLMF 3.10.13 … 15).

    y is 1 − x: near x = 1 the caller knows it to more digits than a subtraction leaves. Raises ValueError for what is no number.

    >>> round(incomplete_beta(0.5, 0.5, 2, 3), 12)
    0.6875
    """
    if math.isnan(x + y + a + b):
        raise ValueError(f"I_x(a, b) of x = {x}, a = {a}, b = {b}: one of them is no number")
    if x <= 0 or y <= 0:
        return float(y <= 0)
    if x > (a + 1) / (a + b + 2):  # the fraction of the mirror image (8.17.4) converges faster
        return 1 - incomplete_beta(y, x, b, a)
    n = a + b
    rest = _stirling_rest(n) - _stirling_rest(a) - _stirling_rest(b)
    front = math.exp(rest + a * math.log(x * n / a) + b * math.log(y * n / b)) * math.sqrt(
        b / (a * n * math.tau)
    )
    value = numerators = 1.0
    denominators = 0.0
    for m in count():
        before = value
        for d in (
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
            (m + 1) * (b - m - 1) * x / ((a + 2 * m + 1) * (a + 2 * m + 2)),
        ):
            numerators = 1 + d / numerators
            denominators = 1 / (1 + d * denominators)
            value *= numerators * denominators
        if abs(value - before) <= 1e-15 * abs(value):
            break
    return front / value


def student_tails(t: float, df: float) -> float:
    """The chance that Student's t with `df` degrees of freedom lies beyond −|t| or |t| (A&S 26.5.27).

    >>> round(student_tails(2.144787, 14), 6)
    0.05
    """
    square = t * t
    return incomplete_beta(df / (df + square), square / (df + square), df / 2, 0.5)


def f_tail(f: float, above: float, below: float) -> float:
    """The chance that F with `above` and `below` degrees of freedom exceeds f (A&S 26.6.2).

    >>> round(f_tail(3.885294, 2, 12), 6)
    0.05
    """
    part = above * f / (below + above * f)
    return incomplete_beta(below / (below + above * f), part, below / 2, above / 2)


def f_tails(f: np.ndarray, above: float, below: float) -> np.ndarray:
    """`f_tail` of many f ≥ 0 at once: the continued fraction DLMF 8.17.22 by Lentz's method, from whichever end converges faster.

    >>> f_tails(np.array([0.0, 3.885294]), 2, 12).round(6).tolist()
    [1.0, 0.05]
    """
    x = below / (below + above * f)
    a, b = np.full_like(x, below / 2), np.full_like(x, above / 2)
    mirrored = x > (a + 1) / (a + b + 2)
    x, a, b = np.where(mirrored, 1 - x, x), np.where(mirrored, b, a), np.where(mirrored, a, b)
    scale = math.lgamma((above + below) / 2) - math.lgamma(above / 2) - math.lgamma(below / 2)
    with np.errstate(divide="ignore"):
        front = np.exp(scale + a * np.log(x) + b * np.log1p(-x)) / a
    value = np.ones_like(x)
    numerators, denominators = np.ones_like(x), 1 / (1 - (a + b) * x / (a + 1))
    value = value * denominators
    for m in range(1, 1000):
        before = value
        for step in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            numerators = 1 + step / numerators
            denominators = 1 / (1 + step * denominators)
            value = value * numerators * denominators
        if (abs(value - before) <= 1e-15 * abs(value)).all():
            break
    return np.where(mirrored, 1 - front * value, front * value)


@lru_cache(maxsize=4096)
def beta_quantile(p: float, a: float, b: float) -> float:
    """The x with I_x(a, b) = p, for p between 0 and 1: Halley's method, halving where a step would leave the bracket.

    >>> round(beta_quantile(0.025, 8, 3), 6)
    0.443905
    """
    low, high, x = 0.0, 1.0, _near_beta_quantile(p, a, b)
    scale = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    while high - low > 1e-15 * high:
        missing = p - incomplete_beta(x, 1 - x, a, b)
        low, high = (x, high) if missing > 0 else (low, x)
        density = math.exp(scale + (a - 1) * math.log(x) + (b - 1) * math.log1p(-x))
        step = missing / density if density > 0 else math.inf
        bend = step * ((a - 1) / x - (b - 1) / (1 - x)) / 2  # of I_x: its second derivative over its first
        following = x + step / (1 + bend) if abs(bend) < 0.5 else x + step
        following = following if low < following < high else (low + high) / 2
        if abs(following - x) <= 1e-15 * x:
            break
        x = following
    return x


def _near_beta_quantile(p: float, a: float, b: float) -> float:
    """A first guess (A&S 26.5.22), or the mean where that is for larger parameters or leaves no room."""
    if min(a, b) <= 1 or not 0 < p < 1:
        return a / (a + b)
    y = -normal_quantile(p)
    of_a, of_b, curve = 1 / (2 * a - 1), 1 / (2 * b - 1), (y * y - 3) / 6
    mean = 2 / (of_a + of_b)
    w = y * math.sqrt(max(0.0, mean + curve)) / mean - (of_b - of_a) * (curve + 5 / 6 - 2 / (3 * mean))
    guess = a / (a + b * math.exp(2 * w))
    return guess if 0 < guess < 1 else a / (a + b)


def _stirling_rest(a: float) -> float:
    """ln Γ(a) less Stirling's (a − ½) ln a − a + ½ ln 2π (DLMF 5.11.1): differences of ln Γ itself lose digits where a is large."""
    if a < 16:
        return math.lgamma(a) - ((a - 0.5) * math.log(a) - a + 0.5 * math.log(math.tau))
    square = 1 / (a * a)
    return (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square / 1680))) / a


def chi_square_tail(x: float, df: int) -> float:
    """The chance that a chi-square with a whole number of degrees of freedom exceeds x (A&S 26.4.4, 26.4.5).

    >>> round(chi_square_tail(9.487729, 4), 6)
    0.05
    """
    if x <= 0:
        return 1.0
    half, odd = x / 2, df % 2
    terms = (
        math.exp(power * math.log(half) - half - math.lgamma(power + 1))
        for power in np.arange(odd / 2, df / 2).tolist()
    )
    return math.erfc(math.sqrt(half)) * odd + math.fsum(terms)


def even_chance(successes: int, n: int) -> float:
    """The exact two-sided p of so many successes in n ≥ 1 where both outcomes are as likely (beyond WHOLE, DLMF 8.17.5).

    >>> even_chance(9, 10)
    0.021484375
    """
    fewer = min(successes, n - successes)
    if n > WHOLE:
        return min(1.0, 2 * incomplete_beta(0.5, 0.5, n - fewer, fewer + 1))
    ways = all_ways = 1
    for chosen in range(fewer):
        ways = ways * (n - chosen) // (chosen + 1)
        all_ways += ways
    return min(1.0, 2 * all_ways / 2**n)


def rank_sum_cdf(most: float, ranks: np.ndarray) -> float:
    """The chance of a sum of at most `most`, where each rank is in the sum or not with equal chance, by counting all 2ⁿ ways.

    ranks (n,): whole or, where values tie, half numbers; counts are exact for n up to 53.

    >>> rank_sum_cdf(1, np.array([1.0, 2.0, 3.0]))
    0.25
    """
    doubled = np.rint(2 * ranks).astype(int)
    ways = np.zeros(int(doubled.sum()) + 1)
    ways[0] = 1
    for rank in doubled.tolist():
        ways[rank:] = ways[rank:] + ways[:-rank]
    return float(ways[: int(2 * most) + 1].sum() / 2.0 ** len(ranks))


def crossing(falling: Callable[[float], float], low: float, high: float) -> float:
    """Where a falling function goes through 0 between low and high, by halving."""
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if falling(middle) > 0 else (low, middle)
    return (low + high) / 2
