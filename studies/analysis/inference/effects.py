"""Weighted shares and means of answers, how far they vary with people and items, and how well that is known.

Every score is a weighted mean: θ = Σ g·y with Σ g = 1. An item's answers weigh 1/(answers to it · items), so that every item counts
once; or every person counts once; or every answer. Answers of a few kinds (arms and “same”, ratings) come down to the
weighted share of each kind, and everything else is a sum of those: the difference of two arms, a mean rating.

**Variance.** Leave a unit u out (a person, an item, a single answer): the estimate moves by

    D_u = Σ_{answers of u} g · (y − θ without u) = Σ_{answers of u} g · (y − θ) / (1 − G_u)         G_u = Σ_{answers of u} g

The residuals are from the mean of all others, so that somebody who gave half of all answers cannot hide behind a mean that is
half their own. V_people = (P − 1)/P · Σ D², V_items and V_answers likewise: the jackknife. People and items are both drawn, and both
parts hold the chance of single answers, so it is taken off once (Cameron, Gelbach & Miller 2011, Journal of Business & Economic
Statistics 29, 238–249; with the jackknife: MacKinnon, Nielsen & Webb 2024, arXiv 2406.08880). Their difference may fall below either part, so

    V = max(V_people, V_items, V_people + V_items − V_answers, V_answers)

is 0 only where every answer is the same.

**Degrees of freedom.** Satterthwaite (1946, Biometrics Bulletin 2, 110–114): V² / (V_people²/ν_people + V_items²/ν_items). ν of a part is
one less than its effective number of units, 1/Σ G², which is 3.7 where one of 15 people gave half of the answers; or what the spread
of its D² says, 3·(Σ D²)²/Σ D⁴ − 1, where that is less: it is low where one or two units make up most of the variance. There are never
more than one less than the effective number of people, or of items if that is smaller: with two people V_people may be near 0 by
luck, and then nothing else would tell that there are but two.

**Between people.** Where a difference is of two sides, each with half of the weight, and nobody has answers on both, the people of
each side are drawn by themselves: what somebody moves is held against the rest of their own side, V_people is the sum over the sides of
(P − 1)/P · Σ D², and its degrees of freedom are Satterthwaite's of that sum (with one answer each, Welch's 1947 test). Items that both
sides have are drawn once, so what an item adds to both falls out as before.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from ..table import Units

Method = Literal["two-way", "items", "people", "naive"]
LEAST_DF = 1.0
ROUNDING = 1e-13


@dataclass(frozen=True)
class Effect:
    """One estimate and what is known of its chance. `variance` is 0 only where every answer is the same."""

    estimate: float
    variance: float
    df: float  # degrees of freedom of the variance, 1 or more
    units: int  # the smaller number of people and items: so many independent things say the same where all do
    answers: float  # effective number of answers: as many that weigh the same would tell as much


@dataclass(frozen=True, eq=False)
class Part:
    """What people, or items, make of the variance."""

    moved: np.ndarray  # (units, kinds) D: how far each share moves when a unit is left out, turned round
    weight: np.ndarray  # (units,) G

    @property
    def scale(self) -> float:
        return 1 - 1 / len(self.weight)

    @property
    def count(self) -> int:
        """So many independent units say the same where all do."""
        return len(self.weight)

    @property
    def effective(self) -> float:
        """How many units of the same weight would be as many."""
        return float(1 / (self.weight**2).sum())

    def of(self, change: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(k,) variances of k effects, and their degrees of freedom."""
        squares = (self.moved @ change) ** 2
        total, fourth = squares.sum(axis=0), (squares**2).sum(axis=0)
        spread = 3 * np.divide(total**2, fourth, out=np.full_like(total, np.inf), where=fourth > 0) - 1
        return self.scale * total, np.maximum(np.minimum(self.effective - 1, spread), LEAST_DF)

    @cached_property
    def covariance(self) -> np.ndarray:
        return self.scale * self.moved.T @ self.moved


@dataclass(frozen=True, eq=False)
class Sides(Part):
    """The same of units of several sides, each drawn by itself."""

    side: np.ndarray  # (units,) int: 0, 1, …

    @cached_property
    def parts(self) -> list[Part]:
        rows = [self.side == side for side in np.unique(self.side)]
        return [Part(self.moved[here], self.weight[here] / self.weight[here].sum()) for here in rows]

    @property
    def count(self) -> int:
        return min(part.count for part in self.parts)

    @property
    def effective(self) -> float:
        return 1 + sum(part.effective - 1 for part in self.parts)

    def of(self, change: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        found = [part.of(change) for part in self.parts]
        total = np.sum([variance for variance, _ in found], axis=0)
        below = np.sum([variance**2 / df for variance, df in found], axis=0)
        df = np.divide(total**2, below, out=np.full_like(total, np.inf), where=below > 0)
        return total, np.maximum(df, LEAST_DF)

    @cached_property
    def covariance(self) -> np.ndarray:
        return np.sum([part.covariance for part in self.parts], axis=0)


def sides_of(units: Units, side: np.ndarray) -> np.ndarray | None:
    """(people,) the side on which each person's answers are, by the side (n,) of each answer; None where somebody has some on two."""
    least, most = np.full(units.people, side.max()), np.full(units.people, side.min())
    np.minimum.at(least, units.person, side)
    np.maximum.at(most, units.person, side)
    return least if (least == most).all() and least.min() < least.max() else None


class Estimated(ABC):
    """Figures that answers make, and how far each moves when a person, an item or a single answer is left out.

    `units`: who answered about what; at least two people and two items, or answers, where the variance is asked for.
    """

    units: Units
    figures: np.ndarray  # (kinds,) what is estimated; an effect is a sum of them
    people: Part
    items: Part
    covariance_of_answers: np.ndarray  # (kinds, kinds): Σ d d′ over single answers, each left out by itself
    answers: float  # Kish's effective number of answers, 1/Σ g²

    def effects(
        self, change: np.ndarray, method: Method = "two-way", estimates: np.ndarray | None = None
    ) -> list[Effect]:
        """k effects: Σ change · figure, change (kinds, k). `estimates` (k,): theirs, where `change` is only how they move."""
        estimates = self.figures @ change if estimates is None else estimates
        variances, df = self._variances(change, method)
        units = {
            "two-way": min(self.people.count, self.items.count),
            "people": self.people.count,
            "items": self.items.count,
            "naive": len(self.units.item),
        }[method]
        return [
            Effect(float(estimate), float(variance), float(freedom), units, self.answers)
            for estimate, variance, freedom in zip(estimates, variances, df, strict=True)
        ]

    @abstractmethod
    def _rounding(self, change: np.ndarray) -> np.ndarray | float:
        """(k,) what the variance by single answers is at most where it is nothing but a rounding error."""

    def _least(self, change: np.ndarray) -> np.ndarray | float:
        """(k,) what a variance is at least, whatever was seen of people and items."""
        return 0.0

    def _variances(self, change: np.ndarray, method: Method) -> tuple[np.ndarray, np.ndarray]:
        """(k,) variances and (k,) degrees of freedom. What is below a rounding error is nothing."""
        variances, df = self._seen(change, method)
        return np.maximum(variances, self._least(change)), df

    def _seen(self, change: np.ndarray, method: Method) -> tuple[np.ndarray, np.ndarray]:
        alone = np.einsum("jk,jl,lk->k", change, self.covariance_of_answers, change)
        alone[alone <= self._rounding(change)] = 0
        if method == "naive":
            return alone, np.full(len(alone), max(LEAST_DF, len(self.units.item) - 1.0))
        if method != "two-way":
            variances, df = (self.people if method == "people" else self.items).of(change)
            return np.where(alone > 0, np.maximum(variances, alone), 0), df
        (people, of_people), (items, of_items) = self.people.of(change), self.items.of(change)
        largest = np.max([people, items, people + items - alone, alone], axis=0)
        parts = people**2 / of_people + items**2 / of_items
        df = np.divide(largest**2, parts, out=np.full_like(largest, np.inf), where=parts > 0)
        most = min(self.people.effective, self.items.effective) - 1
        return np.where(alone > 0, largest, 0), np.maximum(np.minimum(df, most), LEAST_DF)


class WeightedShares(Estimated):
    """The weighted share of each kind of answer, and the effects that are made of these.

    kind (n,) int: 0 … kinds − 1. weight (n,): sums to 1, and every weight is above 0.
    """

    def __init__(self, units: Units, kind: np.ndarray, kinds: int, weight: np.ndarray) -> None:
        self.units, self.kinds, self._kind, self._weight = units, kinds, kind, weight
        self.shares = self.figures = np.bincount(kind, weight, minlength=kinds)

    @cached_property
    def people(self) -> Part:  # type: ignore[override]
        return self._part(self.units.person, self.units.people)

    @cached_property
    def items(self) -> Part:  # type: ignore[override]
        return self._part(self.units.item, self.units.items)

    @cached_property
    def answers(self) -> float:  # type: ignore[override]
        return float(1 / (self._weight @ self._weight))

    def _part(self, unit: np.ndarray, units: int) -> Part:
        cells = np.bincount(unit * self.kinds + self._kind, self._weight, minlength=units * self.kinds)
        cells = cells.reshape(units, self.kinds)
        weight = cells.sum(axis=1)
        return Part((cells - weight[:, None] * self.shares) / (1 - weight[:, None]), weight)

    @cached_property
    def _squares(self) -> float:
        """Σ (g / (1 − g))²: more than any share can vary by single answers."""
        return float(((self._weight / (1 - self._weight)) ** 2).sum())

    @cached_property
    def covariance_of_answers(self) -> np.ndarray:  # type: ignore[override]
        n = len(self._kind)
        squares = np.bincount(self._kind, (self._weight / (1 - self._weight)) ** 2, minlength=self.kinds)
        crossed = np.outer(squares, self.shares)
        every = np.diag(squares) - crossed - crossed.T + squares.sum() * np.outer(self.shares, self.shares)
        return (1 - 1 / n) * every

    def _rounding(self, change: np.ndarray) -> np.ndarray:
        return ROUNDING * self._squares * (change**2).sum(axis=0)


class WeightedMoves(Estimated):
    """Effects of weighted means of any numbers, by how far each answer moves them: where a number is no share of a kind.

    weight: (n,) sums to 1, and every weight is above 0. moves (n, k): Σ weight · moves is 0 for each of k effects,
    as y − θ is of a mean; of the difference of two means, each over half of the weight, it is 2(y − θ_a) and −2(y − θ_b).
    estimates (k,): theirs. side (n,) int, of a difference: which side of it each answer is on; people are drawn side by side
    where nobody is on both.
    """

    def __init__(
        self,
        units: Units,
        weight: np.ndarray,
        moves: np.ndarray,
        estimates: np.ndarray,
        side: np.ndarray | None = None,
    ) -> None:
        self.units, self.figures = units, estimates
        self.answers = float(1 / (weight @ weight))
        self.people = self._part(units.person, units.people, weight, moves)
        if side is not None and (sides := sides_of(units, side)) is not None:
            self.people = self._of_sides(sides, weight, moves)
        self.items = self._part(units.item, units.items, weight, moves)
        alone = (weight / (1 - weight)) ** 2
        self._squares = float(alone.sum())
        self.covariance_of_answers = (1 - 1 / len(weight)) * (moves * alone[:, None]).T @ moves

    @staticmethod
    def _part(unit: np.ndarray, units: int, weight: np.ndarray, moves: np.ndarray) -> Part:
        moved = np.stack([np.bincount(unit, weight * move, minlength=units) for move in moves.T], axis=1)
        weights = np.bincount(unit, weight, minlength=units)
        return Part(moved / (1 - weights[:, None]), weights)

    def _of_sides(self, sides: np.ndarray, weight: np.ndarray, moves: np.ndarray) -> Sides:
        person, people = self.units.person, self.units.people
        moved = np.stack([np.bincount(person, weight * move, minlength=people) for move in moves.T], axis=1)
        weights = np.bincount(person, weight, minlength=people)
        own = weights / np.bincount(sides, weights)[sides]  # share of their side
        return Sides(moved / (1 - own[:, None]), weights, sides)

    def _rounding(self, change: np.ndarray) -> np.ndarray:
        return ROUNDING * self._squares * (change**2).sum(axis=0)

    def each(self) -> list[Effect]:
        """The k effects, over people and items."""
        return self.effects(np.eye(len(self.figures)))
