"""What rankings come to: of each arm its mean rank, and how often it stands first."""

from dataclasses import dataclass
from typing import Any, ClassVar

from studies.core.formatting import percent, plain

from ..points.outcome import Line, PointsOutcome


@dataclass(frozen=True, kw_only=True)
class RankOutcome(PointsOutcome):
    """From 1, first every time, to the number of arms. Points are that number less the rank."""

    ties: float = 0.0  # share of the answers in which any arms tie, where every photo counts once

    template: ClassVar[str] = "trial_types/rank/report/outcome.html"
    figure: ClassVar[str] = "mean rank"

    def shown(self, points: float) -> float:
        return self.most + 1 - points

    def shown_in_words(self, points: float) -> str:
        return plain(self.shown(points))

    def in_cell(self, figure: float) -> str:
        return plain(figure)

    def has(self, line: Line) -> str:
        return f"mean rank {self.shown_in_words(line.points.estimate)} of {self.most + 1:g} (first in {percent(line.first.estimate)})"

    def by(self, difference: float) -> str:
        return f"{difference:.2f} places"

    @property
    def by_rank(self) -> list[tuple[Line, str, Any]]:
        """(line, mean rank, its interval), the best first: for tables."""
        return [
            (line, self.shown_in_words(line.points.estimate), self.ends(line.points.interval))
            for line in self.ranked
        ]

    def as_json(self) -> dict[str, Any]:
        return super().as_json() | {"ties": self.ties if self.lines else None}

    def line_json(self, line: Line) -> dict[str, Any]:
        ends = self.ends(line.points.interval)
        figure = {"mean_rank": self.shown(line.points.estimate), "interval": list(ends) if ends else None}
        return figure | super().line_json(line)

    def ticks(self) -> list[tuple[float, str]]:
        arms = round(self.most) + 1
        return [(arms - rank, str(rank)) for rank in range(1, arms + 1)]
