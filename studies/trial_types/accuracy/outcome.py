"""What answers about arms come to where each is correct or not: accuracy of each arm, and how arms differ in it."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from studies.analysis.questionnaires import Difference
from studies.core import svg
from studies.core.formatting import signed, span

from ..results import Outcome, Pair, judged_json


class AccuracyFigure(Protocol):
    """One measure of every arm, and the differences of arms in it."""

    @property
    def kind(self) -> Any: ...
    @property
    def name(self) -> str: ...
    @property
    def arms(self) -> Sequence[Any]: ...  # with answers, estimate and interval, each type's own
    @property
    def differences(self) -> Sequence[Difference]: ...


@dataclass(frozen=True, kw_only=True)
class AccuracyOutcome(Outcome):
    """The study is judged by accuracy, the first of the figures. A type says what stands beside it."""

    figures: Sequence[AccuracyFigure] = ()  # empty without answers; accuracy is the first
    baseline: int | None = None  # the arm without an explanation
    planned: tuple[tuple[int, int], ...] = ()

    digits: ClassVar[int] = 2
    """Of differences in the headline, in points."""

    @property
    @abstractmethod
    def beside(self) -> str:
        """A sentence after the headline, with a space before it; "" for none."""

    @property
    def mark(self) -> float | None:
        """The accuracy at which the chart has a line; None for none."""
        return None

    @property
    def about_mark(self) -> str:
        """What that line is, after a semicolon."""
        return ""

    @property
    def accuracy(self) -> AccuracyFigure | None:
        return self.figures[0] if self.figures else None

    @property
    def answered(self) -> list[int]:
        """The arms that somebody answered with, the most accurate first."""
        figure = self.accuracy
        if figure is None:
            return []
        known = [arm for arm, found in enumerate(figure.arms) if found.answers]
        return sorted(known, key=lambda arm: -(figure.arms[arm].estimate or 0))

    @property
    def by_arm(self) -> dict[str, float]:
        figure = self.accuracy
        if figure is None:
            return {}
        return {
            name: arm.estimate
            for name, arm in zip(self.arms, figure.arms, strict=True)
            if arm.estimate is not None
        }

    @property
    def headline(self) -> str:
        figure = self.accuracy
        assert figure is not None
        if figure.differences:
            one = figure.differences[0]
            first, second = (percent(figure.arms[arm].estimate) for arm in (one.a, one.b))
            start = f"People were right in {first} of answers with {self.arms[one.a]} and in {second} with {self.arms[one.b]}"
            return f"{start}: {self._said_of(one)}.{self.beside}"
        arm = self.answered[0]
        found = figure.arms[arm]
        ends = f" (95 % interval {span(found.interval, percent)})" if found.interval else ""
        start = f"People were right in {percent(found.estimate)} of answers with {self.arms[arm]}{ends}"
        return f"{start}.{self.beside}"

    def _said_of(self, one: Difference) -> str:
        found = one.found
        if found.interval is None:
            return "nothing tells how far chance goes"
        ends = span(found.interval, lambda end: signed(100 * end, self.digits))
        by = f"{signed(100 * found.estimate, self.digits)} points, 95 % interval {ends}"
        return f"a difference, {by}" if found.found(0.95) else f"no clear difference ({by})"

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Each arm that somebody answered with, with every measure by its key, for the table of a page."""
        found = []
        for arm in self.answered:
            row: dict[str, Any] = {"name": self.arms[arm], "answers": self.figures[0].arms[arm].answers}
            row |= {figure.kind.value: figure.arms[arm] for figure in self.figures}
            found.append(row | self.row_besides(row))
        return found

    @abstractmethod
    def row_besides(self, row: dict[str, Any]) -> dict[str, Any]:
        """What a row has besides its measures."""

    @property
    def compared(self) -> list[dict[str, Any]]:
        """Each measure with its differences, for the tables of a page."""
        return [
            {
                "name": figure.name,
                "lines": [
                    (f"{self.arms[one.a]} − {self.arms[one.b]}", one, (one.a, one.b) in self.planned)
                    for one in figure.differences
                ],
            }
            for figure in self.figures
            if figure.differences
        ]

    def as_json(self) -> dict[str, Any]:
        return {
            "baseline": None if self.baseline is None else self.arms[self.baseline],
            "by_arm": self.by_arm,
            "measures": {figure.kind.value: self._figure_json(figure) for figure in self.figures},
        }

    def _figure_json(self, figure: AccuracyFigure) -> dict[str, Any]:
        return {
            "text": figure.name,
            "arms": {name: self.arm_json(arm) for name, arm in zip(self.arms, figure.arms, strict=True)},
            "contrasts": [
                {
                    "first": self.arms[one.a],
                    "second": self.arms[one.b],
                    **judged_json(one.found),
                    "p_holm": one.p_holm,
                    "exploratory": (one.a, one.b) not in self.planned,
                }
                for one in figure.differences
            ],
        }

    def arm_json(self, arm: Any) -> dict[str, Any]:
        ends = list(arm.interval) if arm.interval else None
        return {"estimate": arm.estimate, "interval": ends, "answers": arm.answers}

    def differences_in_text(self) -> list[str]:
        """The differences of every measure on a command line."""
        lines = []
        for table in self.compared:
            lines += ["", f"{table['name']}, differences"]
            lines += [
                f"  {name}: {signed(one.found.estimate, 3)}, {span(one.found.interval, signed)}"
                + ("" if one.found.p is None else f", p {one.found.p:.3f}")
                + ("" if one.p_holm is None else f", Holm {one.p_holm:.3f}")
                for name, one, _ in table["lines"]
            ]
        return lines

    def chart(self, headline: str) -> str:
        """Each arm's accuracy and its interval from 0 to 100 %, the most accurate first, with a line at `mark`."""
        figure = self.accuracy
        assert figure is not None
        rows = [
            svg.dot(
                place,
                self.arms[arm],
                percent(figure.arms[arm].estimate),
                at=_at(figure.arms[arm].estimate or 0),
                interval=_ends(figure.arms[arm].interval),
            )
            for place, arm in enumerate(self.answered)
        ]
        height = len(rows) * svg.ROW
        ticks = [(_at(tick / 4), f"{25 * tick} %") for tick in range(5)]
        marks = [] if self.mark is None else [svg.mark(_at(self.mark), height)]
        about = f"Thin lines are 95 % intervals{self.about_mark}."
        return svg.chart(
            "Accuracy with each arm",
            f"{headline} {about}",
            height + svg.AXIS,
            [svg.axis(ticks, height), *rows, *marks],
        )


def _at(share: float) -> float:
    return 0.04 + 0.92 * share


def _ends(interval: Pair | None) -> Pair | None:
    return (_at(interval[0]), _at(interval[1])) if interval else None


def percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.0f} %"
