"""Estimates that solve Σ w·s(answer; θ) = 0, such as those of greatest likelihood, in the one inference.

s is an answer's slope of the log likelihood, J what it adds to the information, H = Σ w·J. Without unit u (a person, an item) one step of
Newton's method from θ goes to θ − D_u,

    D_u = (H − J_u)⁻¹ s_u        s_u = Σ_{answers of u} w·s,  J_u = Σ_{answers of u} w·J

which is for a weighted mean just the D of effects.py, and for others the jackknife in one step (MacKinnon, Nielsen & Webb 2023,
Journal of Applied Econometrics 38, 671–694: “linearised”). Of single answers D is H⁻¹ w·s. Their squares then make the variance
of effects.py, the “sandwich” for people and items both drawn. Where a unit has nearly all that is known of some direction, what it
adds is taken as LARGEST of all there is, so nothing is divided by 0.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ..table import Units
from .effects import Estimated, Part

LARGEST = 0.9  # share of the information in any direction that one unit may have
AT_ONCE = 2_000_000  # numbers of unit informations that are held at a time


@dataclass(frozen=True, eq=False)
class Slopes:
    """What n answers add to a fit of q parameters. An answer moves few of them, which are `places`; q and more are parameters that are fixed."""

    slope: np.ndarray  # (n, l) w·s
    information: np.ndarray  # (n, l, l) w·J
    places: np.ndarray  # (n, l) int: which parameters these are
    weight: np.ndarray  # (n,) w, above 0


class Linearised(Estimated):
    """θ (q,), with how far it moves.

    information (q, q): H, with whatever else is in it. least (q, q): what variances are at least, as a covariance; None: nothing.
    """

    def __init__(
        self,
        units: Units,
        figures: np.ndarray,
        slopes: Slopes,
        information: np.ndarray,
        least: np.ndarray | None = None,
    ) -> None:
        self.units, self.figures = units, figures
        self._slopes, self._information, self._floor = slopes, information, least
        self._inverse = np.linalg.inv(information)
        share = slopes.weight / slopes.weight.sum()
        self.answers = float(1 / (share @ share))
        self.people = self._part(units.person, units.people, share)
        self.items = self._part(units.item, units.items, share)
        self.covariance_of_answers = self._of_answers()

    def _part(self, unit: np.ndarray, units: int, share: np.ndarray) -> Part:
        q, slopes = len(self.figures), self._slopes
        moved, step = np.zeros((units, q)), max(1, AT_ONCE // max(1, q * q))
        order = np.argsort(unit, kind="stable")
        ends = np.searchsorted(unit[order], np.arange(0, units + step, step))
        for start, (low, high) in zip(range(0, units, step), pairwise(ends), strict=False):
            rows = order[low:high]
            here, count = unit[rows] - start, min(step, units - start)
            at = np.minimum(slopes.places[rows], q)  # all that is fixed goes to one place, which is dropped
            index = here[:, None] * (q + 1) + at
            slope = _sums(index, slopes.slope[rows], count * (q + 1)).reshape(count, q + 1)[:, :q]
            both = (here[:, None, None] * (q + 1) + at[:, :, None]) * (q + 1) + at[:, None, :]
            known = _sums(both, slopes.information[rows], count * (q + 1) ** 2)
            known = known.reshape(count, q + 1, q + 1)[:, :q, :q]
            moved[start : start + count] = self._without(slope, known)
        return Part(moved, np.bincount(unit, share, minlength=units))

    def _without(self, slope: np.ndarray, known: np.ndarray) -> np.ndarray:
        """(u, q) D of u units with slopes (u, q) and informations (u, q, q)."""
        moved = np.empty_like(slope)
        share = np.einsum("jk,ukj->u", self._inverse, known)  # at least the largest in any direction
        easy = share < LARGEST
        left = self._information - known[easy]
        moved[easy] = np.linalg.solve(left, slope[easy][:, :, None])[:, :, 0]
        if not easy.all():
            root = _inverse_root(self._information)
            values, vectors = np.linalg.eigh(root @ known[~easy] @ root)
            turned = np.einsum("uij,ui->uj", vectors, slope[~easy] @ root)
            turned /= 1 - np.clip(values, 0, LARGEST)
            moved[~easy] = np.einsum("uij,uj->ui", vectors, turned) @ root
        return moved

    def _of_answers(self) -> np.ndarray:
        q, slopes = len(self.figures), self._slopes
        at, n = np.minimum(slopes.places, q), len(slopes.weight)
        both = at[:, :, None] * (q + 1) + at[:, None, :]
        squares = slopes.slope[:, :, None] * slopes.slope[:, None, :]
        middle = _sums(both, squares, (q + 1) ** 2).reshape(q + 1, q + 1)[:q, :q]
        return (1 - 1 / n) * self._inverse @ middle @ self._inverse

    def _rounding(self, change: np.ndarray) -> float:
        return 0.0

    def _least(self, change: np.ndarray) -> np.ndarray | float:
        return 0.0 if self._floor is None else np.einsum("jk,jl,lk->k", change, self._floor, change)


def _sums(index: np.ndarray, values: np.ndarray, size: int) -> np.ndarray:
    return np.bincount(index.ravel(), values.ravel(), minlength=size)


def _inverse_root(matrix: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eigh(matrix)
    return (vectors / np.sqrt(values)) @ vectors.T
