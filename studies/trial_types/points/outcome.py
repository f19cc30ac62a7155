"""What answers come to that give every arm points: each arm's mean, and how it reads. Types say what a mean is called and how it is scaled."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from studies.analysis.contrasts import Judged
from studies.core import svg
from studies.core.formatting import percent, signed, span

from ..results import Outcome, Pair, judged_json


@dataclass(frozen=True)
class Line:
    """One arm. More points are better, whatever the type calls them."""

    name: str
    points: Judged
    first: Judged  # the share of answers in which it stands first; those who tie share it
    last: Judged  # likewise last
    worth: float | None = None  # its strength by the type's model; all arms' sum to 1
    worth_interval: Pair | None = None


@dataclass(frozen=True, kw_only=True)
class PointsOutcome(Outcome):
    """Arms with their mean points."""

    lines: tuple[Line, ...] = ()  # in the order of the arms; empty without answers
    lead: Judged | None = None  # of the highest mean over the next
    too_small: float | None = (
        None  # the smallest difference that matters, where the lead is found to be smaller
    )
    least: float = -1.0
    most: float = 1.0

    figure: ClassVar[str]
    """What an arm's figure is called, in tables and charts."""

    @cached_property
    def ranked(self) -> list[Line]:
        """Arms from the highest mean to the lowest."""
        return sorted(self.lines, key=lambda line: -line.points.estimate)

    def shown(self, points: float) -> float:
        """Mean points as the type's figure; it may turn them round."""
        return points

    def shown_in_words(self, points: float) -> str:
        return signed(self.shown(points))

    def ends(self, interval: Pair | None) -> Pair | None:
        """An interval of mean points as one of the figure."""
        if interval is None:
            return None
        low, high = sorted(map(self.shown, interval))
        return low, high

    def has(self, line: Line) -> str:
        """What an arm got, after “It has”."""
        raise NotImplementedError

    def by(self, difference: float) -> str:
        """A difference of two means, after “by”."""
        raise NotImplementedError

    @property
    def headline(self) -> str:
        first = self.ranked[0]
        tied = [line.name for line in self.ranked if abs(line.points.estimate - first.points.estimate) < 1e-9]
        if len(tied) > 1:
            small = f": {self._small}" if self.too_small is not None and len(tied) == 2 else ""
            return f"{' and '.join(tied)} tie: each has {self.has(first)}{small}."
        lead = self.lead
        if lead is None or lead.interval is None:
            return f"{first.name} came out best with {self.has(first)}; nothing tells how far chance goes."
        second = self.ranked[1].name
        ends = f"95 % interval {signed(lead.interval[0])} to {signed(lead.interval[1])}"
        if lead.found(0.95):
            small = "" if self.too_small is None else f": a difference, but {self._small}"
            return f"{first.name} came out best with {self.has(first)}. It leads {second} by {self.by(lead.estimate)}, {ends}{small}."
        if self.too_small is not None:
            return f"{first.name} and {second} differ by {self.by(lead.estimate)}, {ends}: {self._small}. {first.name} has {self.has(first)}."
        return f"{first.name} leads {second} by {self.by(lead.estimate)}, {ends}: no clear preference yet. It has {self.has(first)}."

    @property
    def _small(self) -> str:
        return f"no difference that matters (smaller than {self.too_small:g})"

    @property
    def by_arm(self) -> dict[str, float]:
        return {line.name: line.points.estimate for line in self.lines}

    def as_json(self) -> dict[str, Any]:
        return {
            "scores": {line.name: self.line_json(line) for line in self.lines},
            "lead": self._lead_json(),
        }

    def line_json(self, line: Line) -> dict[str, Any]:
        """One arm as plain data, with what all types of this kind have."""
        return {
            "first": line.first.estimate,
            "first_interval": _listed(line.first.interval),
            "last": line.last.estimate,
            "last_interval": _listed(line.last.interval),
            "strength": line.worth,
            "strength_interval": _listed(line.worth_interval),
        }

    def _lead_json(self) -> dict[str, Any] | None:
        if self.lead is None:
            return None
        first, second = (line.name for line in self.ranked[:2])
        return {"first": first, "second": second, **judged_json(self.lead)}

    def in_text(self) -> list[str]:
        width = max(len(line.name) for line in self.lines) + 2
        head = f"{'arm':<{width}}{self.figure:>18}{'95 % interval':>20}{'first':>10}{'last':>10}"
        rows = [
            f"{line.name:<{width}}{self.shown_in_words(line.points.estimate):>18}"
            f"{span(self.ends(line.points.interval), self.in_cell):>20}"
            f"{percent(line.first.estimate):>10}{percent(line.last.estimate):>10}"
            for line in self.ranked
        ]
        return [head, "─" * len(head), *rows, "─" * len(head)]

    def in_cell(self, figure: float) -> str:
        """One end of the figure's interval in a table."""
        return signed(figure)

    def chart(self, headline: str) -> str:
        """A dot with its interval for each arm, the best first and to the right."""
        height = len(self.ranked) * svg.ROW
        rows = [
            svg.dot(
                place,
                line.name,
                self.shown_in_words(line.points.estimate),
                at=self._at(line.points.estimate),
                interval=line.points.interval
                and (self._at(line.points.interval[0]), self._at(line.points.interval[1])),
            )
            for place, line in enumerate(self.ranked)
        ]
        ticks = [(self._at(points), text) for points, text in self.ticks()]
        mark = svg.mark(0.5, height)
        said = f"{headline} The dashed line is where every arm would stand if nobody told them apart. Thin lines are 95 % intervals."
        return svg.chart(
            self.figure.capitalize(),
            said,
            height + svg.AXIS,
            [svg.axis(ticks, height, full=False), *rows, mark],
            data=lambda: [
                {
                    "arm": line.name,
                    "figure": self.shown(line.points.estimate),
                    **svg.ends(self.ends(line.points.interval)),
                }
                for line in self.ranked
            ],
        )

    def _at(self, points: float) -> float:
        reach = (self.most - self.least) / 2
        return svg.on_scale(points - self.least - reach, reach)

    def ticks(self) -> list[tuple[float, str]]:
        """(points, what stands there on the axis)."""
        raise NotImplementedError


def _listed(interval: Pair | None) -> list[float] | None:
    return list(interval) if interval else None
