"""How large an effect is, in units that other studies have too, with intervals that never contradict the p of the difference.

Each size names a family of null hypotheses of which “no difference” is one: “a is picked ρ times as often as b”, “the mean is δ
standard deviations”. The interval is all members that the t of bounds.py does not reject (Fieller 1954, Journal of the Royal Statistical
Society B 16, 175–185, does so for ratios). So it leaves “no difference” out just where p of the difference is at most 1 − level.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from .bounds import design_effect, mean_interval, mean_p
from .effects import WeightedShares

ROUNDS, CLOSE, TINY = 100, 1e-13, 1e-300


@dataclass(frozen=True)
class Size:
    """An estimate with its interval. An end of None has no bound; no estimate, no interval: there is none."""

    estimate: float | None
    interval: tuple[float | None, float | None] | None

    def through(self, turned: Callable[[float], float | None]) -> "Size":
        """The same on another, rising scale."""
        at, low, high = (
            None if value is None else turned(value)
            for value in (self.estimate, *(self.interval or (None, None)))
        )
        return Size(at, (low, high) if self.interval else None)


NONE = Size(None, None)


def superiorities(
    shares: WeightedShares, pairs: Sequence[tuple[int, int]], *, enough: bool = True, level: float = 0.95
) -> list[Size]:
    """Of those who pick one of two kinds, the share that picks the first: s_a/(s_a + s_b), 0 to 1; none where nobody picks either.

    φ is rejected where (1 − φ)·s_a − φ·s_b, which lies between ± the larger of φ and 1 − φ, is not zero; φ = ½ is “no difference”. Where
    nobody picked b there is no telling how far s_b varies: φ above ½ is then held against Clopper & Pearson's rule as well, φⁿ ≤ (1 − level)/2,
    with as many answers n for either as in bounds.py; likewise for a.
    `enough`: whether there are two people and two items, without which there is no interval.
    """
    first, second = (shares.shares[[pair[side] for pair in pairs]] for side in (0, 1))
    both = first + second
    picked = np.flatnonzero(both > 0)
    middle = first[picked] / both[picked]
    at_first, at_second = (np.array([pairs[place][side] for place in picked.tolist()]) for side in (0, 1))

    def p_of(phi: np.ndarray) -> np.ndarray:
        """(2m,) the lower ends' hypotheses, then the upper ones'."""
        change = np.zeros((shares.kinds, len(phi)))
        columns = np.arange(len(phi))
        change[np.tile(at_first, 2), columns] = 1 - phi
        change[np.tile(at_second, 2), columns] -= phi
        effects = shares.effects(change)
        return np.array([
            mean_p(effect, max(at, 1 - at)) for effect, at in zip(effects, phi.tolist(), strict=True)
        ])  # fmt: skip

    found = dict.fromkeys(range(len(pairs)), NONE)
    if len(picked) and enough:
        ends = _not_rejected(p_of, middle, (0.0, 0.5, 1.0), level)
        exact = np.maximum(((1 - level) / 2) ** (1 / (both[picked] * _answers(shares))), 0.5)
        ends[0] = np.where(middle == 1, np.minimum(ends[0], exact), ends[0])
        ends[1] = np.where(middle == 0, np.maximum(ends[1], 1 - exact), ends[1])
        found |= {place: Size(*row) for place, row in zip(picked.tolist(), _rows(middle, ends), strict=True)}
    elif len(picked):
        found |= {place: Size(at, None) for place, at in zip(picked.tolist(), middle.tolist(), strict=True)}
    return list(found.values())


def _answers(shares: WeightedShares) -> float:
    """How many independent answers would tell as much; people or items, where every answer is the same."""
    effects = shares.effects(np.eye(shares.kinds))
    if not any(effect.variance for effect in effects):
        return effects[0].units
    return shares.answers / max(map(design_effect, effects))


def odds(superiority: Size) -> Size:
    """s_a/s_b, from s_a/(s_a + s_b): how many times as often the first is picked as the second. No bound where that is nobody."""
    return superiority.through(lambda share: share / (1 - share) if share < 1 else None)


def superiority_of_ratings(
    values: np.ndarray, shares: WeightedShares, *, enough: bool = True, level: float = 0.95
) -> Size:
    """The share of answers above zero and half of those at zero, 0 to 1: the chance that the first is rated better."""
    sign = np.sign(values)
    estimate = float(shares.shares @ sign)
    if not enough:
        return Size((1 + estimate) / 2, None)
    low, high = mean_interval(shares.effects(sign[:, None])[0], 1, level)
    return Size((1 + estimate) / 2, ((1 + low) / 2, (1 + high) / 2))


def standardised(
    values: np.ndarray, shares: WeightedShares, limit: float, *, enough: bool = True, level: float = 0.95
) -> Size:
    """d_z: the mean over the standard deviation of single answers, each of which is a difference within one person and item.

    values (kinds,), between −limit and limit. δ is rejected where θ − δσ is not zero, with σ to first order; it lies between
    ±limit·(1 + |δ|). δ = u/(1 − |u|), so that u lies between −1 and 1. None where all answers are the same.
    """
    mean = float(shares.shares @ values)
    variance = float(shares.shares @ (values - mean) ** 2)
    if variance <= 1e-12:
        return NONE
    deviation = variance**0.5
    size = mean / deviation
    if not enough:
        return Size(size, None)
    moves = ((values - mean) ** 2 - variance) / (2 * deviation)

    def p_of(u: np.ndarray) -> np.ndarray:
        change = np.outer(values, 1 - abs(u)) - np.outer(moves, u)
        effects = shares.effects(change, estimates=(1 - abs(u)) * mean - u * deviation)
        return np.array([mean_p(effect, limit) for effect in effects])

    at = np.array([size / (1 + abs(size))])
    low, high = _not_rejected(p_of, at, (-1.0, 0.0, 1.0), level)[:, 0].tolist()
    return Size(size, (_unturned(low), _unturned(high)))


def _unturned(u: float) -> float | None:
    return u / (1 - abs(u)) if abs(u) < 1 else None


def _rows(middle: np.ndarray, ends: np.ndarray) -> list[tuple[float, tuple[float, float]]]:
    return [(at, (low, high)) for at, (low, high) in zip(middle.tolist(), ends.T.tolist(), strict=True)]


def _not_rejected(
    p_of: Callable[[np.ndarray], np.ndarray],
    middle: np.ndarray,
    scale: tuple[float, float, float],
    level: float,
) -> np.ndarray:
    """(2, m): how far below and above `middle` (m,) p stays above 1 − level; the very end where it does there.

    scale: least, “no difference”, most. Degrees of freedom change with the hypothesis, so p may rise and fall again on its way: an interval
    holds “no difference” just where that is not rejected, whatever lies between.

    √(−log p) is nearly straight in the hypothesis, so that regula falsi (Dowell & Jarratt 1971, “Illinois”) needs few rounds;
    every fourth halves the bracket, should it not be.
    """

    def past(at: np.ndarray) -> np.ndarray:
        return np.sqrt(-np.log(np.maximum(p_of(at), TINY))) - np.sqrt(-np.log(1 - level))

    least, null, most = scale
    inside, outside = np.tile(middle, 2), np.repeat([least, most], len(middle)).astype(float)
    between = np.sign(inside - null) * np.sign(outside - null) < 0
    kept = past(np.full(len(inside), null)) < 0
    inside, outside = np.where(between & kept, null, inside), np.where(between & ~kept, null, outside)
    before, beyond = past(inside), past(outside)
    always = beyond < 0
    ends = outside.copy()
    last = np.zeros(len(inside))
    for number in range(1, ROUNDS):
        with np.errstate(invalid="ignore", divide="ignore"):
            straight = (inside * beyond - outside * before) / (beyond - before)
        at = (inside + outside) / 2 if number % 4 == 0 else straight
        at = np.where(always, ends, at)
        found = np.where(always, 0.0, past(at))
        ends, kept = at, found < 0
        inside, outside = np.where(kept, at, inside), np.where(kept, outside, at)
        before = np.where(kept, found, before / (1 + ((last > 0) & ~kept)))
        beyond = np.where(kept, beyond / (1 + ((last < 0) & kept)), found)
        last = np.sign(found)
        if (abs(found) < CLOSE).all():
            break
    return ends.reshape(2, -1)
