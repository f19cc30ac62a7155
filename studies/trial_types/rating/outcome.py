"""What a rating comes to: one mean, seen from both arms' sides."""

from dataclasses import dataclass
from typing import Any, ClassVar

from django.utils.html import format_html

from studies.analysis.answers import RATING_LIMIT
from studies.analysis.contrasts import Judged
from studies.analysis.intervals import Per
from studies.core import svg
from studies.core.formatting import signed, span

from ..results import Outcome, Pair, judged_json


@dataclass(frozen=True)
class Rating:
    """Means of the answers. Positive: the first arm is better."""

    means: dict[Per, Judged]  # where every item, person or answer counts once
    primary: Per  # which of them the study is judged by
    counts: dict[int, int]  # how often each of -2 … 2 was given

    @property
    def main(self) -> Judged:
        """What the study is judged by."""
        return self.means[self.primary]

    @property
    def others(self) -> dict[str, Judged]:
        """The other means, by what they are means of."""
        return {MEAN_OF[per]: found for per, found in self.means.items() if per != self.primary}

    @property
    def mean(self) -> float:
        return self.main.estimate

    @property
    def interval(self) -> Pair | None:
        return self.main.interval


MEAN_OF: dict[Per, str] = {
    "items": "mean of the photos’ means",
    "people": "mean of participants’ means",
    "answers": "mean of all answers",
}


@dataclass(frozen=True, kw_only=True)
class RatingOutcome(Outcome):
    """Two arms, and which of them is better by how much."""

    rating: Rating | None = None  # without answers
    too_small: float | None = None  # the smallest mean that matters, where this one is found to be smaller

    template: ClassVar[str] = "trial_types/rating/report/outcome.html"
    spread_heading: ClassVar[str] = "Spread of the ratings"
    spread_title: ClassVar[str] = "Answers from −2 to +2"

    @property
    def by_arm(self) -> dict[str, float]:
        """The mean rating from each arm's side."""
        if self.rating is None:
            return {}
        return dict(zip(self.arms, (self.rating.mean, -self.rating.mean), strict=True))

    @property
    def mean_of(self) -> str:
        """What the mean rating is a mean of, in words."""
        return MEAN_OF[self.rating.primary] if self.rating else ""

    @property
    def intervals(self) -> dict[str, Pair | None]:
        """The interval of the mean from each arm's side."""
        seen = self.rating.interval if self.rating else None
        return dict(zip(self.arms, (seen, (-seen[1], -seen[0]) if seen else None), strict=True))

    @property
    def direction(self) -> str:
        """Which way a rating points, in words."""
        return f"positive: {self.arms[0]} judged more reliable; negative: {self.arms[1]}"

    @property
    def spread(self) -> dict[str, int]:
        counts = self.rating.counts if self.rating else {}
        return {signed(value, 0) if value else "0": given for value, given in counts.items()}

    @property
    def headline(self) -> str:
        rating = self.rating
        assert rating is not None
        if abs(rating.mean) < 1e-9:
            return f"Neither network was judged more reliable: the mean rating is 0.00{self._small(': ')}."
        better, other = self.arms if rating.mean > 0 else self.arms[::-1]
        by = f"by {signed(abs(rating.mean))} on a scale from −2 to +2"
        if rating.interval is None:
            return f"{better} was rated higher than {other} {by}; nothing tells how far chance goes."
        low, high = self.intervals[better] or rating.interval
        ends = f"95 % interval {signed(low)} to {signed(high)}"
        if rating.main.found(0.95):
            return f"{better} was judged more reliable {by} ({ends}){self._small(': a difference, but ')}."
        if self.too_small is not None:
            return f"{better} and {other} differ {by}, {ends}{self._small(': ')}."
        return f"{better} leads {other} {by}, {ends}: no clear preference yet."

    def _small(self, before: str) -> str:
        if self.too_small is None:
            return ""
        return f"{before}no difference that matters (smaller than {self.too_small:g} points)"

    def as_json(self) -> dict[str, Any]:
        rating = self.rating
        means: dict[Per, Judged] = rating.means if rating else {}
        estimates = {per: found.estimate for per, found in means.items()}
        intervals = {per: _listed(found.interval) for per, found in means.items()}
        return {
            "mean": estimates.get("answers"),
            "interval": intervals.get("answers"),
            "mean_of_items": estimates.get("items"),
            "mean_of_items_interval": intervals.get("items"),
            "mean_of_people": estimates.get("people"),
            "mean_of_people_interval": intervals.get("people"),
            "primary": {"of": rating.primary, **judged_json(rating.main)} if rating else None,
            "by_arm": self.by_arm,
            "direction": self.direction,
            "counts": {str(value): count for value, count in rating.counts.items()} if rating else {},
        }

    def in_text(self) -> list[str]:
        rating = self.rating
        assert rating is not None
        width = max(map(len, (*self.arms, *MEAN_OF.values()))) + 2
        head = f"{'':<{width}}{'mean rating':>12}{'95 % interval':>20}"
        rows = [
            f"{arm:<{width}}{signed(mean):>12}{span(self.intervals[arm], signed):>20}"
            for arm, mean in self.by_arm.items()
        ]
        others = [
            f"{name:<{width}}{signed(found.estimate):>12}{span(found.interval, signed):>20}"
            for name, found in rating.others.items()
        ]
        counts = ", ".join(
            f"{value:+d}: {count}".replace("+0", "0") for value, count in rating.counts.items()
        )
        return [
            head,
            "─" * len(head),
            *rows,
            "─" * len(head),
            *others,
            f"Judged by the {self.mean_of}.",
            f"Answers: {counts}".replace("-", "−"),
            f"Direction: {self.direction}",
        ]

    def chart(self, headline: str) -> str:
        """The mean rating and its interval on the scale from −2 to +2, the first arm to the right."""
        rating, limit = self.rating, RATING_LIMIT
        assert rating is not None
        every = {self.mean_of: rating.main, **rating.others}
        lines = [
            (name[0].upper() + name[1:], found.estimate, found.interval) for name, found in every.items()
        ]
        height = len(lines) * svg.ROW
        rows = [
            svg.dot(
                place,
                name,
                signed(mean),
                at=svg.on_scale(mean, limit),
                interval=svg.ends_on_scale(interval, limit),
            )
            for place, (name, mean, interval) in enumerate(lines)
        ]
        values = range(-limit, limit + 1)
        ticks = [(svg.on_scale(value, limit), signed(value, 0) if value else "0") for value in values]
        ends = format_html(
            '<text class="soft" x="0" y="{y}">{left}</text><text class="soft end" x="100%" y="{y}">{right}</text>',
            y=height + svg.AXIS + 16,
            left=f"← {self.arms[1]}",
            right=f"{self.arms[0]} →",
        )
        parts = [svg.axis(ticks, height, full=False), *rows, svg.mark(0.5, height), ends]
        return svg.chart(
            "Mean rating",
            headline,
            height + svg.AXIS + 26,
            parts,
            data=lambda: [
                {"figure": name, "mean": mean, **svg.ends(interval)} for name, mean, interval in lines
            ],
        )


def _listed(interval: Pair | None) -> list[float] | None:
    return list(interval) if interval else None
