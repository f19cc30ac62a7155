"""The paper's tables beside ours, with intervals over photos, and which reading of equation 5 comes nearest to them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from explain.evaluation import EvaluationProgress, EvaluationTable, columns_of, table_of
from explain.models import ImageSet
from studies.analysis.distributions import student_quantile
from studies.analysis.power import wilson

from . import printed
from .inputs import READINGS
from .printed import METRICS, Metric

LEVEL = 0.95
BASELINES = (printed.ABLATION, printed.GRAD)


@dataclass(frozen=True)
class Cell:
    """One figure of one method: printed, ours, and our 95 % interval over photos."""

    method: str
    printed: float | None
    ours: float | None
    interval: tuple[float, float] | None


@dataclass(frozen=True)
class Line:
    title: str
    better: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Beside:
    """One network's table under one protocol. `stands_for` is the printed table that it is held against."""

    table: EvaluationTable
    stands_for: str
    lines: tuple[Line, ...]

    @property
    def by_method(self) -> list[dict]:
        """A row for each method: its cells, in the order of the lines, and its wins."""
        table = self.table
        return [
            {
                "method": method,
                "cells": [line.cells[place] for line in self.lines],
                "wins": [part[method].win for part in (table.confidence, table.activation) if method in part],
                "curves": table.curves.get(method),
            }
            for place, method in enumerate(table.methods)
        ]


def beside(*, image_set: ImageSet, asked: EvaluationProgress, stands_for: str) -> Beside:
    """Our table with the printed one beside it."""
    table = table_of(image_set=image_set, asked=asked)
    columns = columns_of(image_set, list(image_set.images.order_by("pk")), asked)
    lines = []
    for metric in METRICS if table.confidence or table.activation else ():
        cells = [
            Cell(
                method,
                printed.printed(stands_for, metric, method),
                _ours(table, metric, method),
                interval(columns[method], metric),
            )
            for method in asked.methods
        ]
        lines.append(Line(metric.title, "lower" if metric.lower_is_better else "higher", tuple(cells)))
    return Beside(table, stands_for, tuple(lines))


def _ours(table: EvaluationTable, metric: Metric, method: str) -> float | None:
    found = getattr(table, metric.score).get(method)
    return None if found is None else getattr(found, metric.figure)


def interval(figures: dict[str, np.ndarray], metric: Metric) -> tuple[float, float] | None:
    """95 % over photos: Student's t for a mean of drops, Wilson's for a share. None with fewer than two photos."""
    whole, left = figures[metric.score], figures[f"{metric.score}_left"]
    kept = whole > 0
    whole, left = whole[kept], left[kept]
    if len(whole) < 2 or not np.isfinite(left).all():
        return None
    if metric.figure == "increase":
        low, high = wilson(int((whole < left).sum()), len(whole), LEVEL)
        return 100 * low, 100 * high
    drops = 100 * np.maximum(0, whole - left) / whole
    half = student_quantile((1 + LEVEL) / 2, len(drops) - 1) * drops.std(ddof=1) / np.sqrt(len(drops))
    return float(drops.mean() - half), float(drops.mean() + half)


@dataclass(frozen=True)
class Nearness:
    """How far a reading of equation 5, under one protocol, shows what the paper prints.

    orders   of the printed orders (better than Ablation-CAM, better than Grad-CAM; four figures, two networks), how many hold
    asked    how many there are
    gap      mean distance, in points, of our difference from Grad-CAM to the printed one
    """

    reading: str
    protocol: str
    orders: int
    asked: int
    gap: float


def nearness(found: Mapping[str, Sequence[Beside]]) -> list[Nearness]:
    """Each reading under each protocol, the nearest to the printed trends first. `found`: protocol -> its tables."""
    rows = [
        near
        for protocol, tables in found.items()
        for reading in READINGS
        if (near := _nearness(reading, protocol, tables)) is not None
    ]
    return sorted(rows, key=lambda row: (-row.orders / row.asked, row.gap))


def _nearness(reading: str, protocol: str, tables: Sequence[Beside]) -> Nearness | None:
    held, asked, gaps = 0, 0, []
    for one in tables:
        for metric in METRICS:
            mine = _ours(one.table, metric, reading)
            theirs = [_ours(one.table, metric, method) for method in BASELINES]
            if mine is None or None in theirs:
                continue
            sign = -1 if metric.lower_is_better else 1
            held += sum(sign * (mine - other) > 0 for other in theirs if other is not None)
            asked += len(BASELINES)
            said = [printed.printed(one.stands_for, metric, m) for m in (printed.PIXEL, printed.GRAD)]
            if None not in said and theirs[1] is not None:
                gaps.append(abs((mine - theirs[1]) - (said[0] - said[1])))  # type: ignore[operator]
    if not asked:
        return None
    return Nearness(reading, protocol, held, asked, float(np.mean(gaps)) if gaps else float("inf"))


def verdict(rows: Sequence[Nearness]) -> str:
    """What the readings say of the printed order, plainly."""
    if not rows:
        return "No protocol gave figures to hold against the printed ones."
    best = rows[0]
    name = f"{best.reading} under the protocol “{best.protocol}”"
    if best.orders == best.asked:
        return (
            f"The printed order comes out: {name} is better than both others in all {best.asked} comparisons."
        )
    return (
        f"The printed order comes out under no reading and no protocol. Nearest comes {name}: {best.orders} of {best.asked} "
        f"comparisons with Ablation-CAM and Grad-CAM go the printed way, and its distances to Grad-CAM are "
        f"{best.gap:.1f} points away from the printed ones on average."
    )
