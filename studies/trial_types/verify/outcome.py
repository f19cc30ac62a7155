"""What answers about a network come to: accuracy of each arm, and every other measure beside it."""

from dataclasses import dataclass
from typing import Any, ClassVar

from studies.analysis.detection import Arm, Figure, Kind
from studies.analysis.questionnaires import Difference
from studies.core import svg
from studies.core.formatting import signed, span

from ..results import Outcome, Pair, judged_json


@dataclass(frozen=True, kw_only=True)
class VerifyOutcome(Outcome):
    """The study is judged by accuracy."""

    figures: tuple[Figure, ...] = ()  # empty without answers; accuracy is the first
    network_alone: float | None = None  # the share of the photos that it gets right
    baseline: int | None = None  # the arm without an explanation
    planned: tuple[tuple[int, int], ...] = ()

    template: ClassVar[str] = "trial_types/verify/report/outcome.html"

    def of(self, kind: Kind) -> Figure | None:
        return next((figure for figure in self.figures if figure.kind == kind), None)

    @property
    def accuracy(self) -> Figure | None:
        return self.of(Kind.ACCURACY)

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
        alone = "" if self.network_alone is None else f" The network alone: {_percent(self.network_alone)}."
        if figure.differences:
            one = figure.differences[0]
            first, second = (_percent(figure.arms[arm].estimate) for arm in (one.a, one.b))
            start = f"People were right in {first} of answers with {self.arms[one.a]} and in {second} with {self.arms[one.b]}"
            return f"{start}: {_said_of(one)}.{alone}"
        arm = self.answered[0]
        found = figure.arms[arm]
        ends = f" (95 % interval {span(found.interval, _percent)})" if found.interval else ""
        return (
            f"People were right in {_percent(found.estimate)} of answers with {self.arms[arm]}{ends}.{alone}"
        )

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Each arm that somebody answered with, with every measure by its key, for the table of a page."""
        found = []
        for arm in self.answered:
            row: dict[str, Any] = {"name": self.arms[arm], "answers": self.figures[0].arms[arm].answers}
            row |= {figure.kind.value: figure.arms[arm] for figure in self.figures}
            row["over"] = mirrored(row[Kind.SPECIFICITY])
            row["under"] = mirrored(row[Kind.SENSITIVITY])
            found.append(row)
        return found

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
            "network_alone": self.network_alone,
            "baseline": None if self.baseline is None else self.arms[self.baseline],
            "by_arm": self.by_arm,
            "measures": {figure.kind.value: self._figure_json(figure) for figure in self.figures},
            "reliance": {
                row["name"]: {"over": _arm_json(row["over"]), "under": _arm_json(row["under"])}
                for row in sorted(self.rows, key=lambda row: self.arms.index(row["name"]))
            },
        }

    def _figure_json(self, figure: Figure) -> dict[str, Any]:
        return {
            "text": figure.name,
            "arms": {name: _arm_json(arm) for name, arm in zip(self.arms, figure.arms, strict=True)},
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

    def in_text(self) -> list[str]:
        width = max(len(name) for name in self.arms) + 2
        keys = [figure.kind.value for figure in self.figures]
        head = f"{'':<{width}}" + "".join(f"{key.replace('_', ' '):>13}" for key in keys)
        lines = [head, "─" * len(head)]
        for row in self.rows:
            cells = [row[key].estimate for key in keys]
            lines.append(
                f"{row['name']:<{width}}"
                + "".join(f"{'–' if cell is None else f'{cell:.3f}':>13}" for cell in cells)
            )
        if self.network_alone is not None:
            lines.append(f"{'the network alone':<{width}} {self.network_alone:.3f} of these photos right")
        for table in self.compared:
            lines += ["", f"{table['name']}, differences"]
            lines += [
                f"  {name}: {signed(one.found.estimate, 3)}, {span(one.found.interval, _signed)}"
                + ("" if one.found.p is None else f", p {one.found.p:.3f}")
                + ("" if one.p_holm is None else f", Holm {one.p_holm:.3f}")
                for name, one, _ in table["lines"]
            ]
        return lines

    def chart(self, headline: str) -> str:
        """Each arm's accuracy and its interval from 0 to 100 %, the most accurate first."""
        figure = self.accuracy
        assert figure is not None
        rows = [
            svg.dot(
                place,
                self.arms[arm],
                _percent(figure.arms[arm].estimate),
                at=_at(figure.arms[arm].estimate or 0),
                interval=_ends(figure.arms[arm].interval),
            )
            for place, arm in enumerate(self.answered)
        ]
        height = len(rows) * svg.ROW
        ticks = [(_at(tick / 4), f"{25 * tick} %") for tick in range(5)]
        return svg.chart(
            "Accuracy with each arm",
            f"{headline} Thin lines are 95 % intervals.",
            height + svg.AXIS,
            [svg.axis(ticks, height), *rows],
        )


def mirrored(arm: Arm) -> Arm:
    """One minus a share: over-reliance is that of specificity, under-reliance that of sensitivity."""
    if arm.estimate is None:
        return arm
    ends = arm.interval and (1 - arm.interval[1], 1 - arm.interval[0])
    return Arm(arm.answers, 1 - arm.estimate, ends, arm.note)


def _said_of(one: Difference) -> str:
    found = one.found
    if found.interval is None:
        return "nothing tells how far chance goes"
    by = f"{_signed(100 * found.estimate)} points, 95 % interval {span(found.interval, lambda end: _signed(100 * end))}"
    return f"a difference, {by}" if found.found(0.95) else f"no clear difference ({by})"


def _arm_json(arm: Arm) -> dict[str, Any]:
    ends = list(arm.interval) if arm.interval else None
    return {"estimate": arm.estimate, "interval": ends, "answers": arm.answers}


def _at(share: float) -> float:
    return 0.04 + 0.92 * share


def _ends(interval: Pair | None) -> Pair | None:
    return (_at(interval[0]), _at(interval[1])) if interval else None


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.0f} %"


def _signed(value: float) -> str:
    return signed(value)
