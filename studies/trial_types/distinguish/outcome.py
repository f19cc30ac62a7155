"""What picking one of several maps comes to: accuracy of each arm, over chance and beside the others."""

from dataclasses import dataclass
from typing import Any, ClassVar

from studies.analysis.picking import ArmPicks, Kind, PickFigure, judged_beside_chance
from studies.analysis.questionnaires import Difference
from studies.core import svg
from studies.core.formatting import signed, span

from ..results import Outcome, Pair, judged_json


@dataclass(frozen=True, kw_only=True)
class DistinguishOutcome(Outcome):
    """The study is judged by accuracy."""

    classes: int
    figures: tuple[PickFigure, ...] = ()  # empty without answers; accuracy is the first
    baseline: int | None = None  # the arm without an explanation
    planned: tuple[tuple[int, int], ...] = ()

    template: ClassVar[str] = "trial_types/distinguish/report/outcome.html"

    @property
    def chance(self) -> float:
        return 1 / self.classes

    @property
    def accuracy(self) -> PickFigure | None:
        return next((figure for figure in self.figures if figure.kind == Kind.ACCURACY), None)

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
        arms = self.accuracy.arms if self.accuracy else ()
        return {
            name: arm.estimate for name, arm in zip(self.arms, arms, strict=False) if arm.estimate is not None
        }

    @property
    def headline(self) -> str:
        figure = self.accuracy
        assert figure is not None
        by_chance = f" Chance: {_percent(self.chance)}."
        if figure.differences:
            one = figure.differences[0]
            first, second = (_percent(figure.arms[arm].estimate) for arm in (one.a, one.b))
            start = f"People were right in {first} of answers with {self.arms[one.a]} and in {second} with {self.arms[one.b]}"
            return f"{start}: {_said_of(one)}.{by_chance}"
        arm = self.answered[0]
        found = figure.arms[arm]
        ends = f" (95 % interval {span(found.interval, _percent)})" if found.interval else ""
        return f"People were right in {_percent(found.estimate)} of answers with {self.arms[arm]}{ends}.{by_chance}"

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Each arm that somebody answered with, with every measure by its key, for the table of a page."""
        found = []
        for arm in self.answered:
            accuracy = self.figures[0].arms[arm]
            row: dict[str, Any] = {"name": self.arms[arm], "answers": accuracy.answers}
            row |= {figure.kind.value: figure.arms[arm] for figure in self.figures}
            row["over"] = judged_beside_chance(accuracy, self.classes)
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
            "chance": self.chance,
            "baseline": None if self.baseline is None else self.arms[self.baseline],
            "by_arm": self.by_arm,
            "measures": {figure.kind.value: self._figure_json(figure) for figure in self.figures},
        }

    def _figure_json(self, figure: PickFigure) -> dict[str, Any]:
        return {
            "text": figure.name,
            "arms": {name: self._arm_json(arm) for name, arm in zip(self.arms, figure.arms, strict=True)},
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

    def _arm_json(self, arm: ArmPicks) -> dict[str, Any]:
        ends, over = list(arm.interval) if arm.interval else None, judged_beside_chance(arm, self.classes)
        return {
            "estimate": arm.estimate,
            "interval": ends,
            "answers": arm.answers,
            "over_chance": None if over is None else judged_json(over),
        }

    def in_text(self) -> list[str]:
        width = max(len(name) for name in self.arms) + 2
        keys = [figure.kind.value for figure in self.figures]
        head = (
            f"{'':<{width}}"
            + "".join(f"{key.replace('_', ' '):>14}" for key in [*keys, "over chance"])
            + f"{'p':>8}"
        )
        lines = [head, "─" * len(head)]
        for row in self.rows:
            over = row["over"]
            cells = [*(row[key].estimate for key in keys), over.estimate]
            shown = "".join(f"{'–' if cell is None else f'{cell:.3f}':>14}" for cell in cells)
            lines.append(
                f"{row['name']:<{width}}{shown}" + f"{'–' if over.p is None else f'{over.p:.3f}':>8}"
            )
        lines.append(f"{'chance':<{width}}{self.chance:>14.3f}")
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
        """Each arm's accuracy and its interval from 0 to 100 %, the most accurate first, with a line at chance."""
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
            f"{headline} Thin lines are 95 % intervals; the dashed line is chance, {_percent(self.chance)}.",
            height + svg.AXIS,
            [svg.axis(ticks, height), *rows, svg.mark(_at(self.chance), height)],
        )


def _said_of(one: Difference) -> str:
    found = one.found
    if found.interval is None:
        return "nothing tells how far chance goes"
    ends = span(found.interval, lambda end: signed(100 * end, 0))
    by = f"{signed(100 * found.estimate, 0)} points, 95 % interval {ends}"
    return f"a difference, {by}" if found.found(0.95) else f"no clear difference ({by})"


def _at(share: float) -> float:
    return 0.04 + 0.92 * share


def _ends(interval: Pair | None) -> Pair | None:
    return (_at(interval[0]), _at(interval[1])) if interval else None


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.0f} %"
