"""What a rating comes to: one mean, seen from both arms' sides."""

from dataclasses import dataclass
from typing import Any, ClassVar

from django.utils.html import format_html

from studies.analysis.answers import RATING_LIMIT
from studies.core import svg
from studies.core.formatting import signed, span

from ..results import Outcome, Pair


@dataclass(frozen=True)
class Rating:
    """Means of the answers. Positive: the first arm is better."""

    mean: float
    interval: Pair | None  # 95 %, of the mean
    mean_of_items: float
    mean_of_items_interval: Pair | None
    counts: dict[int, int]  # how often each of -2 … 2 was given


@dataclass(frozen=True, kw_only=True)
class RatingOutcome(Outcome):
    """Two arms, and which of them is better by how much."""

    rating: Rating | None = None  # without answers

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
            return "Neither network was judged more reliable: the mean rating is 0.00."
        better = self.arms[0] if rating.mean > 0 else self.arms[1]
        interval = ""
        if rating.interval:
            side = 1 if rating.mean > 0 else -1
            low, high = sorted(side * bound for bound in rating.interval)
            interval = f" (95 % interval {signed(low)} to {signed(high)})"
        return f"{better} was judged more reliable by {signed(abs(rating.mean))} on a scale from −2 to +2{interval}."

    def as_json(self) -> dict[str, Any]:
        rating = self.rating
        return {
            "mean": rating.mean if rating else None,
            "interval": _listed(rating.interval) if rating else None,
            "mean_of_items": rating.mean_of_items if rating else None,
            "mean_of_items_interval": _listed(rating.mean_of_items_interval) if rating else None,
            "by_arm": self.by_arm,
            "direction": self.direction,
            "counts": {str(value): count for value, count in rating.counts.items()} if rating else {},
        }

    def in_text(self) -> list[str]:
        rating = self.rating
        assert rating is not None
        width = max(map(len, (*self.arms, "mean of items' means"))) + 2
        head = f"{'':<{width}}{'mean rating':>12}{'95 % interval':>20}"
        rows = [
            f"{arm:<{width}}{signed(mean):>12}{span(self.intervals[arm], signed):>20}"
            for arm, mean in self.by_arm.items()
        ]
        items = f"{signed(rating.mean_of_items):>12}{span(rating.mean_of_items_interval, signed):>20}"
        counts = ", ".join(
            f"{value:+d}: {count}".replace("+0", "0") for value, count in rating.counts.items()
        )
        return [
            head,
            "─" * len(head),
            *rows,
            "─" * len(head),
            f"{'mean of items’ means':<{width}}{items}",
            f"Answers: {counts}".replace("-", "−"),
            f"Direction: {self.direction}",
        ]

    def chart(self, headline: str) -> str:
        """The mean rating and its interval on the scale from −2 to +2, the first arm to the right."""
        rating, limit = self.rating, RATING_LIMIT
        assert rating is not None
        lines = (
            ("Mean of all answers", rating.mean, rating.interval),
            ("Mean of the items’ means", rating.mean_of_items, rating.mean_of_items_interval),
        )
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
        return svg.chart("Mean rating", headline, height + svg.AXIS + 26, parts)


def _listed(interval: Pair | None) -> list[float] | None:
    return list(interval) if interval else None
