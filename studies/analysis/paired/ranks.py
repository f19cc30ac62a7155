"""Ranks of arms with intervals that hold together, which arms cannot be told apart, and which are connected at all.

An arm's rank lies between 1 + the number of arms that are found to be better, and the number of arms less those that are found to be
worse, where all pairs are tested at once (max-T; Mogstad, Romano, Shaikh & Wilhelm 2024, “Inference for ranks”, Review of Economic
Studies 91, 476–518). So with at least 95 % confidence every one of these intervals holds its arm's true rank.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Rank:
    """Where an arm stands among those that are connected: 1 is the best. Equal estimates share a rank."""

    rank: int
    best: int
    worst: int


def components(beside: np.ndarray) -> list[list[int]]:
    """The arms in parts that are connected by comparisons; beside (k, k): how often two were compared, in either direction.

    >>> components(np.array([[0, 2, 0], [0, 0, 0], [0, 0, 0]]))
    [[0, 1], [2]]
    """
    linked = (beside + beside.T) > 0
    left, parts = set(range(len(beside))), []
    while left:
        part, fringe = set(), {min(left)}
        while fringe:
            part |= fringe
            fringe = {int(other) for arm in fringe for other in np.flatnonzero(linked[arm])} - part
        parts.append(sorted(part))
        left -= part
    return parts


def ranks(strengths: Sequence[float], better: np.ndarray) -> list[Rank]:
    """Each arm's rank. better (k, k) bool: whether the arm of the row is found to be better than that of the column.

    >>> ranks([1.0, 0.0, -1.0], np.array([[0, 0, 1], [0, 0, 0], [0, 0, 0]], bool))
    [Rank(rank=1, best=1, worst=2), Rank(rank=2, best=1, worst=3), Rank(rank=3, best=2, worst=3)]
    """
    k, at = len(strengths), np.asarray(strengths)
    return [
        Rank(
            rank=1 + int((at > at[arm] + 1e-9).sum()),
            best=1 + int(better[:, arm].sum()),
            worst=k - int(better[arm].sum()),
        )
        for arm in range(k)
    ]


def alike(strengths: Sequence[float], better: np.ndarray) -> list[list[int]]:
    """The largest groups of arms of which no two are found to differ, from the strongest on; arms in the order of their strengths.

    Groups are neighbours by strength, as the letters of a compact display are; one arm may be in two of them.

    >>> alike([1.0, 0.0, -1.0], np.array([[0, 0, 1], [0, 0, 0], [0, 0, 0]], bool))
    [[0, 1], [1, 2]]
    """
    order = np.argsort(-np.asarray(strengths), kind="stable").tolist()
    groups: list[list[int]] = []
    reached = 0
    for start in range(len(order)):
        end = start + 1
        while end < len(order) and not any(
            better[order[at], order[end]] or better[order[end], order[at]] for at in range(start, end)
        ):
            end += 1
        if end - start > 1 and end > reached:
            groups.append(order[start:end])
        reached = max(reached, end)
    return groups
