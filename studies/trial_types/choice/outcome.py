"""What a choice comes to: each arm's score, and that of “same”."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from studies.analysis.contrasts import Judged
from studies.core import svg
from studies.core.formatting import percent, signed, span

from ..results import Outcome, Pair, judged_json


@dataclass(frozen=True)
class Score:
    """What one arm, or `same`, got."""

    name: str
    score: float  # a total over items, each item worth 1
    share: float  # of all items' worth
    share_of_preferences: float | None  # of what did not go to `same`
    interval: Pair | None  # 95 %, of the score
    share_of_preferences_interval: Pair | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "score": self.score,
            "share": self.share,
            "share_of_preferences": self.share_of_preferences,
            "share_of_preferences_interval": listed(self.share_of_preferences_interval),
            "interval": listed(self.interval),
        }


def listed(interval: Pair | None) -> list[float] | None:
    return list(interval) if interval else None


@dataclass(frozen=True, kw_only=True)
class ChoiceOutcome(Outcome):
    """Scores sum to the number of items with answers."""

    scores: tuple[Score, ...] = ()  # in the order of the arms; empty without answers
    same: Score | None = None
    lead: Judged | None = None  # of the highest score over the next, in items
    too_small: float | None = (
        None  # the smallest difference of shares that matters, where the lead is found to be smaller
    )

    template: ClassVar[str] = "trial_types/choice/report/outcome.html"

    @cached_property
    def ranked(self) -> list[Score]:
        """Arms from the highest score to the lowest."""
        return sorted(self.scores, key=lambda score: -score.score)

    @property
    def lines(self) -> list[Score]:
        """The ranked arms and, last, “same”."""
        return [*self.ranked, self.same] if self.same else self.ranked

    @property
    def total(self) -> float:
        """Of all arms and “same”: the number of items."""
        return sum(score.score for score in self.scores) + (self.same.score if self.same else 0)

    @property
    def headline(self) -> str:
        first = self.ranked[0]
        tied = [score.name for score in self.ranked if abs(score.score - first.score) < 1e-9]
        if len(tied) > 1:
            small = f": {self._small}" if self.too_small is not None and len(tied) == 2 else ""
            return f"{' and '.join(tied)} tie at {first.score:.2f} of {self.items} items each{small}."
        share = percent(first.share)
        lead, has = self.lead, f"{first.score:.2f} of {self.items} items ({share})"
        if lead is None or lead.interval is None:
            return f"{first.name} was picked most: {has}; nothing tells how far chance goes."
        ends = f"95 % interval {signed(lead.interval[0])} to {signed(lead.interval[1])}"
        second = self.ranked[1].name
        if lead.found(0.95):
            small = "" if self.too_small is None else f": a difference, but {self._small}"
            return f"{first.name} was preferred most: {has}. It leads {second} by {lead.estimate:.2f} items, {ends}{small}."
        if self.too_small is not None:
            return f"{first.name} and {second} differ by {lead.estimate:.2f} items, {ends}: {self._small}. {first.name} has {has}."
        return f"{first.name} leads {second} by {lead.estimate:.2f} items, {ends}: no clear preference yet. It has {has}."

    @property
    def _small(self) -> str:
        assert self.too_small is not None
        least = f"{self.too_small:.1%}".replace("%", " %")
        return f"no difference that matters (smaller than {least} of the items)"

    def as_json(self) -> dict[str, Any]:
        same = self.same.as_json() if self.same else None
        if same:
            del same["share_of_preferences"], same["share_of_preferences_interval"]
        return {
            "scores": {score.name: score.as_json() for score in self.scores},
            "same": same,
            "lead": self._lead_json(),
        }

    def _lead_json(self) -> dict[str, Any] | None:
        if self.lead is None:
            return None
        first, second = (score.name for score in self.ranked[:2])
        return {"first": first, "second": second, **judged_json(self.lead)}

    def in_text(self) -> list[str]:
        width = max(len(score.name) for score in self.lines) + 2
        head = f"{'arm':<{width}}{f'score of {self.items}':>14}{'share':>10}{'of preferences':>17}{'95 % interval':>20}"
        rows = [
            f"{score.name:<{width}}{score.score:>14.2f}{percent(score.share):>10}"
            f"{percent(score.share_of_preferences) if score is not self.same else '':>17}{span(score.interval):>20}"
            for score in self.lines
        ]
        total = f"{'total':<{width}}{self.total:>14.2f}{percent(1):>10}"
        return [head, "─" * len(head), *rows, "─" * len(head), total]

    def chart(self, headline: str) -> str:
        """A bar for each arm and for “same”, longest first, with its interval and the mark of no preference."""
        limit = self.limit()
        height = len(self.lines) * svg.ROW
        rows = [self._bar(place, score, limit) for place, score in enumerate(self.lines)]
        even = (self.items - (self.same.score if self.same else 0)) / len(self.scores)
        mark = svg.mark(even / limit, len(self.scores) * svg.ROW) if even > 0 else ""
        ticks = [(tick / limit, f"{tick:g}") for tick in svg.round_steps(limit)]
        return svg.chart(
            "Score of each arm",
            headline
            + " The dashed line is where every arm would stand if nobody preferred any. Thin lines are 95 % intervals.",
            height + svg.AXIS,
            [svg.axis(ticks, height), *rows, mark],
            data=lambda: [
                {"arm": score.name, "score": score.score, **svg.ends(score.interval), "share": score.share}
                for score in self.lines
            ],
        )

    def limit(self) -> float:
        """Where the chart's axis ends: the next tenth of the items above everything that is drawn."""
        most = max(max(score.score, score.interval[1] if score.interval else 0) for score in self.lines)
        return min(1.0, math.ceil(most / self.items * 10 + 1e-9) / 10 or 0.1) * self.items

    def _bar(self, place: int, score: Score, limit: float) -> str:
        return svg.bar(
            place,
            name=score.name,
            figures=(f"{score.score:.2f}", percent(score.share)),
            colour=self._colour(score),
            share=score.score / limit,
            interval=(score.interval[0] / limit, score.interval[1] / limit) if score.interval else None,
        )

    def _colour(self, score: Score) -> str:
        """An arm keeps its colour wherever it is ranked."""
        return "bar-same" if score is self.same else f"bar-{self.scores.index(score) % 5 + 1}"
