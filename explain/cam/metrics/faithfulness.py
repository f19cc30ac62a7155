"""How much of a class score is left in what a map shows: the figures of the CAM papers, on arrays.

Y is the score of the target on the photo, O on the explanation map (the photo under the map's mask): both (N,), for N
photos. Confidence is the softmax probability, activation the logit. A photo with Y ≤ 0 has no drop in per cent: it is
left out and counted. Figures under different masks or fills must never be compared; see masking.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..errors import InputError

Scores = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Faithfulness:
    """The figures of one method over N photos.

    average_drop  % = 100/N Σ max(0, Y − O)/Y          lower is better
    increase      % = 100/N Σ 1[Y < O]                 higher is better
    win           % of photos where this method leaves most; a tie of m methods gives each 1/m
    average_gain  % = 100/N Σ max(0, O − Y)/(1 − Y)    for confidences; None for activations
    photos        N, those with Y > 0
    excluded      those with Y ≤ 0
    """

    average_drop: float
    increase: float
    win: float
    average_gain: float | None
    photos: int
    excluded: int


def faithfulness(whole: np.ndarray, left: Scores, *, confidence: bool) -> dict[str, Faithfulness]:
    """The figures of each method, from Y = `whole` (N,) and O = `left[name]` (N,).

    confidence   whether the scores are probabilities, so that average gain exists

    Example: Y = (0.8, 0.5), O = (0.4, 0.6) gives average drop (50 + 0)/2 = 25 %, increase 50 %, average gain
    (0 + 0.1/0.5)/2 = 10 %.
    """
    whole = np.asarray(whole, dtype=np.float64)
    left = {name: np.asarray(scores, dtype=np.float64) for name, scores in left.items()}
    for name, scores in left.items():
        if scores.shape != whole.shape or whole.ndim != 1:
            raise InputError(f"{name} has {scores.shape} scores for photos {whole.shape}; give one per photo")
    kept = whole > 0
    y, excluded = whole[kept], int((~kept).sum())
    if not len(y):
        raise InputError(f"none of {len(whole)} photos has a score above 0; there is no drop to speak of")
    wins = win_shares({name: scores[kept] for name, scores in left.items()})
    return {
        name: Faithfulness(
            average_drop=average_drop(y, scores[kept]),
            increase=increase(y, scores[kept]),
            win=100 * wins[name],
            average_gain=average_gain(y, scores[kept]) if confidence else None,
            photos=len(y),
            excluded=excluded,
        )
        for name, scores in left.items()
    }


def drops(whole: np.ndarray, left: np.ndarray, *, scale: float = 1.0) -> np.ndarray:
    """max(0, Y − O)/Y of each photo, as a share, or in per cent with `scale` 100. Y must be above 0."""
    return scale * np.maximum(0, whole - left) / whole


def average_drop(whole: np.ndarray, left: np.ndarray) -> float:
    """100/N Σ max(0, Y − O)/Y, in per cent. Y must be above 0. (Chattopadhay et al., 2018)"""
    return float(100 * np.mean(drops(whole, left)))


def increase(whole: np.ndarray, left: np.ndarray) -> float:
    """100/N Σ 1[Y < O], in per cent. (Chattopadhay et al., 2018)"""
    return float(100 * np.mean(whole < left))


def average_gain(whole: np.ndarray, left: np.ndarray) -> float:
    """100/N Σ max(0, O − Y)/(1 − Y), in per cent; 0 where Y is 1. (Zhang et al., Opti-CAM, 2024)"""
    room = 1 - whole
    gain = np.maximum(0, left - whole)
    return float(100 * np.mean(np.divide(gain, room, out=np.zeros_like(gain), where=room > 0)))


def win_shares(left: Scores) -> dict[str, float]:
    """The share of photos where each method leaves the most of the score; ties are split evenly. They sum to 1."""
    scores = np.stack([left[name] for name in left])
    best = scores == scores.max(axis=0)
    return dict(zip(left, (best / best.sum(axis=0)).mean(axis=1).tolist(), strict=True))


def area_under(curve: np.ndarray) -> float:
    """The area under a curve of equal steps from 0 to 1, by trapezoids. (Petsiuk et al., RISE, 2018)"""
    return float(np.trapezoid(curve, dx=1 / (len(curve) - 1)))
