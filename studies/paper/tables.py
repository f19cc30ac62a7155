"""The paper's tables beside ours, with intervals over photos."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from explain.evaluation import (
    EvaluationProgress,
    EvaluationTable,
    columns_of,
    estimate,
    in_place_of,
    table_of,
    what_it_is,
    wins_of,
)
from explain.models import ImageSet

from . import printed
from .printed import METRICS, Metric

LEVEL = 0.95
Columns = Mapping[str, Mapping[str, np.ndarray]]


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
    """One network's table under one protocol. `stands_for` is the printed table that it is held against.

    columns  what the table is made of: method -> figure -> one value for each photo
    wins     method -> % of photos where it leaves most of the confidence and of the activation (see `wins_of`)
    """

    table: EvaluationTable
    stands_for: str
    lines: tuple[Line, ...]
    columns: Columns = field(default_factory=dict, repr=False, compare=False)
    wins: Mapping[str, tuple[float, ...]] = field(default_factory=dict)

    @property
    def by_method(self) -> list[dict]:
        """A row for each method, those of the printed tables first: its cells, in the order of the lines, and its wins."""
        rows = [
            {
                "method": method,
                "in_paper": method in printed.METHODS,
                "in_place_of": "" if method in printed.METHODS else in_place_of(method),
                "what_it_is": what_it_is(method),
                "cells": [line.cells[place] for line in self.lines],
                "wins": self.wins.get(method, ()),
                "curves": self.table.curves.get(method),
            }
            for place, method in enumerate(self.table.methods)
        ]
        return sorted(rows, key=lambda row: not row["in_paper"])


def beside(*, image_set: ImageSet, asked: EvaluationProgress, stands_for: str) -> Beside:
    """Our table with the printed one beside it."""
    table = table_of(image_set=image_set, asked=asked)
    columns = columns_of(image_set, list(image_set.images.order_by("pk")), asked)
    has_scores = bool(table.confidence or table.activation)
    lines = []
    for metric in METRICS if has_scores else ():
        cells = [
            Cell(
                method,
                printed.printed(stands_for, metric, method),
                ours(table, metric, method),
                interval(columns[method], metric),
            )
            for method in asked.methods
        ]
        lines.append(Line(metric.title, "lower" if metric.lower_is_better else "higher", tuple(cells)))
    return Beside(table, stands_for, tuple(lines), columns, wins_of(columns) if has_scores else {})


def ours(table: EvaluationTable, metric: Metric, method: str) -> float | None:
    """A figure of our table; None where it has none."""
    found = getattr(table, metric.score).get(method)
    return None if found is None else getattr(found, metric.figure)


def interval(figures: Mapping[str, np.ndarray], metric: Metric) -> tuple[float, float] | None:
    """95 % over photos, as everywhere (see explain.evaluation.estimate). None with fewer than two photos."""
    whole, left = figures[metric.score], figures[f"{metric.score}_left"]
    if not np.isfinite(left[whole > 0]).all():
        return None
    found = estimate(metric.score, metric.figure, whole, left)
    return found.interval if found is not None else None
