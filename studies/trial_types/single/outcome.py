"""What answers about single maps come to: each arm's mean of every question and of every scale, and how arms differ."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from studies.analysis.questionnaires import ArmMean, Difference, Measure, Reliability
from studies.core import svg
from studies.core.formatting import signed, span

from ..results import Outcome, Pair, judged_json


@dataclass(frozen=True)
class Figure:
    """One question, or one scale, with what was found of it."""

    measure: Measure
    arms: tuple[str, ...]
    means: tuple[ArmMean, ...]  # in the order of the arms
    differences: tuple[Difference, ...]
    reliability: Reliability | None = None  # of a scale
    questions: tuple[str, ...] = ()  # of a scale: its questions’ keys
    scale: str = ""  # of a question: the scale that it is part of, and whether that counts it turned round
    reversed: bool = False

    @property
    def lines(self) -> list[tuple[str, ArmMean]]:
        """Each arm by name that somebody answered about."""
        named = zip(self.arms, self.means, strict=True)
        return [(name, mean) for name, mean in named if mean.estimate is not None]

    @property
    def ranked(self) -> list[tuple[str, ArmMean]]:
        """The same, the highest mean first."""
        return sorted(self.lines, key=lambda line: -(line[1].estimate or 0))

    @property
    def compared(self) -> list[tuple[str, Difference]]:
        return [(self.named(one), one) for one in self.differences]

    def named(self, one: Difference) -> str:
        return f"{self.arms[one.a]} − {self.arms[one.b]}"

    @property
    def of_whole(self) -> str:
        return f"{self.measure.least:g} to {self.measure.most:g}"

    def as_json(self) -> dict[str, Any]:
        return {
            "text": self.measure.name,
            "from": self.measure.least,
            "to": self.measure.most,
            "arms": {name: _mean_json(mean) for name, mean in zip(self.arms, self.means, strict=True)},
            "contrasts": [
                {
                    "first": self.arms[one.a],
                    "second": self.arms[one.b],
                    **judged_json(one.found),
                    "p_holm": one.p_holm,
                    "exploratory": not one.planned,
                }
                for one in self.differences
            ],
        } | self._own_json()

    def _own_json(self) -> dict[str, Any]:
        if self.reliability is None:
            return {"scale": self.scale, "reversed": self.reversed}
        return {"questions": list(self.questions), **_reliability_json(self.reliability)}


def _mean_json(mean: ArmMean) -> dict[str, Any]:
    ends = list(mean.interval) if mean.interval else None
    return {"mean": mean.estimate, "interval": ends, "answers": mean.answers}


def _reliability_json(found: Reliability) -> dict[str, Any]:
    return {"alpha": found.alpha, "omega": found.omega}


@dataclass(frozen=True, kw_only=True)
class SingleOutcome(Outcome):
    """The first scale, or else the first question, is what the study is judged by."""

    questions: tuple[Figure, ...] = ()  # empty without answers
    scales: tuple[Figure, ...] = ()
    lead: Difference | None = None  # of the highest mean over the next, in the main figure
    too_small: float | None = (
        None  # the smallest difference that matters, where the lead is found to be smaller
    )

    template: ClassVar[str] = "trial_types/single/report/outcome.html"

    @property
    def main(self) -> Figure | None:
        return next(iter((*self.scales, *self.questions)), None)

    @property
    def figures(self) -> Sequence[Figure]:
        """The main one first."""
        return (*self.scales, *self.questions)

    @property
    def by_arm(self) -> dict[str, float]:
        return {name: mean.estimate or 0.0 for name, mean in self.main.lines} if self.main else {}

    @property
    def headline(self) -> str:
        main = self.main
        assert main is not None
        (name, first), *others = main.ranked
        assert first.estimate is not None
        got = f"{first.estimate:.2f} on a scale from {main.of_whole}"
        if not others:
            ends = f" (95 % interval {span(first.interval, _plain)})" if first.interval else ""
            return f"{name} got a mean of {got}{ends}."
        lead, second = self.lead, others[0][0]
        if lead is None or lead.found.interval is None:
            return f"{name} got the highest mean, {got}; nothing tells how far chance goes."
        estimate, (low, high) = lead.found.estimate, lead.found.interval
        if abs(estimate) < 1e-9:
            return f"{name} and {second} tie at {got}{self._small(': ')}."
        by = f"by {estimate:.2f}, 95 % interval {signed(low)} to {signed(high)}"
        if lead.found.found(0.95):
            return (
                f"{name} was judged best: {got}. It leads {second} {by}{self._small(': a difference, but ')}."
            )
        if self.too_small is not None:
            return f"{name} and {second} differ {by}{self._small(': ')}. {name} got {got}."
        return f"{name} leads {second} {by}: no clear difference yet. It got {got}."

    def _small(self, before: str) -> str:
        if self.too_small is None:
            return ""
        return f"{before}no difference that matters (smaller than {self.too_small:g} points)"

    def as_json(self) -> dict[str, Any]:
        main = self.main
        return {
            "main": main.measure.key if main else None,
            "by_arm": self.by_arm,
            "questions": {figure.measure.key: figure.as_json() for figure in self.questions},
            "scales": {figure.measure.key: figure.as_json() for figure in self.scales},
        }

    def in_text(self) -> list[str]:
        lines: list[str] = []
        for figure in self.figures:
            lines += [*_text_of(figure), ""]
        return lines[:-1]

    def chart(self, headline: str) -> str:
        """Each arm's mean of the main figure and its interval, on the whole scale, the highest first."""
        main = self.main
        assert main is not None

        def at(value: float) -> float:
            return 0.04 + 0.92 * (value - main.measure.least) / main.measure.range

        rows = [
            svg.dot(
                place,
                name,
                _plain(mean.estimate or 0),
                at=at(mean.estimate or 0),
                interval=_ends(mean.interval, at),
            )
            for place, (name, mean) in enumerate(main.ranked)
        ]
        height = len(rows) * svg.ROW
        ticks = [(at(tick), f"{tick:g}") for tick in _steps(main.measure)]
        return svg.chart(
            "Mean of each arm",
            f"{headline} Thin lines are 95 % intervals.",
            height + svg.AXIS,
            [svg.axis(ticks, height), *rows],
            data=lambda: [
                {"arm": name, "mean": mean.estimate, **svg.ends(mean.interval)} for name, mean in main.ranked
            ],
        )


def _ends(interval: Pair | None, at: Any) -> Pair | None:
    return (at(interval[0]), at(interval[1])) if interval else None


def _steps(measure: Measure) -> list[float]:
    if measure.range <= 7:
        return [measure.least + step for step in range(int(measure.range) + 1)]
    return svg.round_steps_between(measure.least, measure.most)


def _plain(value: float) -> str:
    return f"{value:.2f}"


def _text_of(figure: Figure) -> list[str]:
    names = [name for name, _ in figure.lines] + [name for name, _ in figure.compared]
    width = max(map(len, names)) + 2
    head = f"{'':<{width}}{'mean':>10}{'95 % interval':>20}{'p':>10}{'p (Holm)':>12}"
    title = f"{figure.measure.key}: {figure.measure.name} ({figure.of_whole})"
    rows = [
        f"{name:<{width}}{_plain(mean.estimate or 0):>10}{span(mean.interval, _plain):>20}"
        for name, mean in figure.ranked
    ]
    compared = [
        f"{name:<{width}}{signed(one.found.estimate):>10}{span(one.found.interval, signed):>20}"
        f"{_p(one.found.p):>10}{_p(one.p_holm):>12}"
        for name, one in figure.compared
    ]
    found = figure.reliability
    scale = [f"alpha {_or_dash(found.alpha)}, omega total {_or_dash(found.omega)}"] if found else []
    return [title, head, "─" * len(head), *rows, *compared, *scale]


def _p(p: float | None) -> str:
    return "" if p is None else f"{p:.3f}"


def _or_dash(value: float | None) -> str:
    return "–" if value is None else _plain(value)
