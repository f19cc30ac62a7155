"""What best and worst come to: of each arm, best minus worst."""

from dataclasses import dataclass
from typing import Any, ClassVar

from studies.core.formatting import percent, signed

from ..points.outcome import Line, PointsOutcome


@dataclass(frozen=True, kw_only=True)
class BestWorstOutcome(PointsOutcome):
    """From −1, worst every time, to 1, best every time; all arms' scores sum to 0."""

    template: ClassVar[str] = "trial_types/best_worst/report/outcome.html"
    figure: ClassVar[str] = "best minus worst"

    def has(self, line: Line) -> str:
        best, worst = percent(line.first.estimate), percent(line.last.estimate)
        return f"{signed(line.points.estimate)} (best in {best}, worst in {worst})"

    def by(self, difference: float) -> str:
        return signed(difference)

    def line_json(self, line: Line) -> dict[str, Any]:
        ends = list(line.points.interval) if line.points.interval else None
        return {"score": line.points.estimate, "interval": ends} | super().line_json(line)

    def ticks(self) -> list[tuple[float, str]]:
        return [(tick, signed(tick, 1) if tick else "0") for tick in (-1.0, -0.5, 0.0, 0.5, 1.0)]
