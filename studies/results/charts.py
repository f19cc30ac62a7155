"""The charts of results, of parts that core/svg.py draws."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from studies.analysis.contrasts import Judged
from studies.core import svg
from studies.core.formatting import percent, signed
from studies.core.svg import AXIS, EDGE, ROW
from studies.monitoring import StudyProgress
from studies.trial_types import trial_type_of

from .breakdown import Breakdown, Split
from .metric_agreement import HumansBeside
from .summary import Summary

PLOT = 210  # of a scatter plot, pixels
POINTS = 200  # of a scatter plot: more are counted in cells
CELLS = 24  # across
PEOPLE_HIGH = 420  # of the chart of people, pixels at most
MOST = 40  # parts in a forest: the others stand in its table


def main_chart(summary: Summary) -> str:
    """The one chart of a study's result; empty without answers."""
    return summary.outcome.chart(summary.headline) if summary.responses else ""


def correlations(figures: Iterable[HumansBeside]) -> SafeString | str:
    """How far each figure goes with people's choices within items, from −1 to +1; empty where no figure has that."""
    correlated = [
        (comparison.title, comparison.within)
        for comparison in figures
        if comparison.within is not None and comparison.within.value is not None
    ]
    if not correlated:
        return ""
    height = len(correlated) * ROW
    rows = [
        svg.dot(
            place,
            title,
            signed(within.value or 0.0),
            at=svg.on_scale(within.value or 0.0, 1),
            interval=svg.ends_on_scale(within.interval, 1),
        )
        for place, (title, within) in enumerate(correlated)
    ]
    ticks = [(svg.on_scale(value, 1), signed(value, 1) if value else "0") for value in (-1, -0.5, 0, 0.5, 1)]
    words = "; ".join(f"{title}: {signed(within.value or 0.0)}" for title, within in correlated)
    return svg.chart(
        "Rank correlation with people’s choices",
        f"{words}. To the right: people choose what the figure calls better. Thin lines are 95 % intervals.",
        height + AXIS,
        [svg.axis(ticks, height, full=False), *rows, svg.mark(svg.on_scale(0, 1), height)],
        data=lambda: [
            {"metric": title, "correlation": within.value, **svg.ends(within.interval)}
            for title, within in correlated
        ],
    )


def scatter(comparison: HumansBeside) -> SafeString:
    """People's share of each (photo, arm) against its figure, with the mean share of each group of figures as a level.

    Points that would hide each other are counted in cells, and a circle's area is their number.
    """
    low, high = min(point.x for point in comparison.points), max(point.x for point in comparison.points)

    def across(x: float) -> float:
        return 0.14 + 0.81 * ((x - low) / (high - low) if high > low else 0.5)

    levels = [
        format_html(
            '<line class="level" x1="{a}%" x2="{b}%" y1="{y}" y2="{y}"/>',
            a=f"{across(group.low) * 100 - 2:.2f}",
            b=f"{across(group.high) * 100 + 2:.2f}",
            y=f"{_down(group.mean_share):.1f}",
        )
        for group in comparison.groups
    ]
    ticks = [(across(tick), f"{tick:g}") for tick in svg.round_steps_between(low, high)]
    words = "; ".join(
        f"{group.low:.3g} to {group.high:.3g}: {percent(group.mean_share)}" for group in comparison.groups
    )
    return svg.chart(
        f"Share of the answers by {comparison.title}",
        f"{len(comparison.points)} pairs of photo and arm. Mean share where the figure is {words}.",
        PLOT + AXIS + EDGE,
        [_shares_axis(), svg.axis(ticks, PLOT, full=False), *_circles(comparison, across), *levels],
        data=lambda: [
            {"item": point.item, "arm": comparison.arms[point.arm], "metric": point.x, "share": point.y}
            for point in comparison.points
        ],
    )


def is_crowded(comparison: HumansBeside) -> bool:
    """Whether the points of a scatter plot would hide each other: many, or most of them in the same places."""
    places = {(point.x, point.y) for point in comparison.points}
    return len(comparison.points) > POINTS or 2 * len(places) < len(comparison.points)


def _circles(comparison: HumansBeside, across: Callable[[float], float]) -> Iterator[SafeString]:
    """A circle a point, coloured by arm; or, of a crowd, a circle a cell, with an area by their number."""
    if not is_crowded(comparison):
        for point in comparison.points:
            yield _circle(across(point.x), point.y, 5, f"bar-{point.arm % 5 + 1}")
        return
    cells = Counter((round(across(point.x) * CELLS), round(point.y * 10)) for point in comparison.points)
    largest = max(cells.values())
    for (x, y), number in sorted(cells.items()):
        yield _circle(x / CELLS, y / 10, max(1.0, 11 * math.sqrt(number / largest)), "bar-plain")


def _circle(x: float, share: float, radius: float, colour: str) -> SafeString:
    return format_html(
        '<circle class="dot {colour}" cx="{x}%" cy="{y}" r="{r}"/>',
        colour=colour,
        x=f"{x * 100:.2f}",
        y=f"{_down(share):.1f}",
        r=f"{radius:.1f}",
    )


def _down(share: float) -> float:
    """A share of the answers as pixels from the top of a scatter plot."""
    return EDGE + 16 + (1 - share) * (PLOT - EDGE - 28)


def _shares_axis() -> SafeString:
    return format_html_join(
        "",
        '<line class="grid" x1="12%" x2="100%" y1="{0}" y2="{0}"/><text class="soft" x="0" y="{1}">{2}</text>',
        ((f"{_down(share):.1f}", f"{_down(share) + 5:.1f}", f"{share * 100:.0f} %") for share in (0, 0.5, 1)),
    )


def spread_chart(summary: Summary) -> SafeString | str:
    """How often each answer was given; empty where the scores say it already."""
    spread = summary.outcome.spread
    return svg.counts(summary.outcome.spread_title, spread) if spread else ""


def position_bars(summary: Summary) -> SafeString | str:
    """How often each place on screen was picked: unequal bars mean that people favour a place. Empty where they mean nothing."""
    kind = trial_type_of(summary).results
    if not summary.responses or not kind.place_help:
        return ""
    return svg.counts(f"{kind.place}s {kind.place_verb}".capitalize(), summary.positions)


def trial_states(progress: StudyProgress) -> SafeString:
    """How many trials are answered, given out and open, as one bar."""
    parts, left = [], 0.0
    for name in ("answered", "claimed", "open"):
        share = getattr(progress, name) / progress.needed * 100
        parts.append(
            format_html(
                '<rect class="trial-{}" x="{}%" y="1" width="{}%" height="14"/>',
                name,
                f"{left:.3f}",
                f"{share:.3f}",
            )
        )
        left += share
    words = f"{progress.answered} answered, {progress.claimed} given out, {progress.open} open"
    return svg.chart("Trials", words, 16, parts)


def breakdown_context(found: Breakdown | None) -> dict[str, Any]:
    """What _people.html shows; nothing where there is no breakdown."""
    if found is None:
        return {"breakdown": None}
    several = len(found.classes) > 1
    return {
        "breakdown": found,
        "people_chart": people_chart(found),
        "class_chart": class_chart(found) if several else "",
        "splits": [(split, split_chart(found, split)) for split in found.splits],
    }


def people_chart(found: Breakdown) -> SafeString:
    """A dot for each person at what their answers alone say, larger with more answers; the line is everybody's together."""
    limit, step = found.effect.limit, min(16.0, PEOPLE_HIGH / len(found.people))
    height, most = EDGE + 20 + step * len(found.people), max(row.answers for row in found.people)
    dots = [
        format_html(
            '<circle class="bar-1 dot" cx="{x}%" cy="{y}" r="{r}"/>',
            x=f"{svg.on_scale(row.estimate, limit) * 100:.2f}",
            y=f"{EDGE + 20 + step * (place + 0.5):.1f}",
            r=f"{2 + 5 * math.sqrt(row.answers / most):.1f}",
        )
        for place, row in enumerate(found.people)
    ]
    words = "; ".join(f"participant {row.number}: {signed(row.estimate)}" for row in found.people[:60])
    whole = svg.mark(svg.on_scale(found.whole.estimate, limit), height)
    return svg.chart(
        f"{found.effect.name}, by participant",
        f"All together {signed(found.whole.estimate)}. {words}",
        height + AXIS,
        [svg.axis(_ticks(limit), height), *dots, whole],
        data=lambda: [
            {
                "participant": row.number,
                "answers": row.answers,
                "alone": row.estimate,
                "all others": row.without,
            }
            for row in found.people
        ],
    )


def class_chart(found: Breakdown) -> SafeString:
    """Of many classes those with the most answers."""
    shown = sorted(found.classes, key=lambda row: -row.answers)[:MOST]
    rows = [(row.class_name, row.found) for row in sorted(shown, key=lambda row: row.class_name)]
    return _forest(found, "class", "class", rows)


def split_chart(found: Breakdown, split: Split) -> SafeString:
    """Of many parts those with the most answers."""
    most = sorted(split.parts, key=lambda row: -row.answers)[:MOST]
    return _forest(found, split.by, "part", [(row.name, row.found) for row in split.parts if row in most])


def _forest(found: Breakdown, by: str, column: str, parts: list[tuple[str, Judged]]) -> SafeString:
    """Each part with its interval, and all together last."""
    limit, rows = found.effect.limit, [*parts, ("all together", found.whole)]
    dots = [
        svg.dot(
            place,
            name,
            signed(judged.estimate),
            at=svg.on_scale(judged.estimate, limit),
            interval=svg.ends_on_scale(judged.interval, limit),
        )
        for place, (name, judged) in enumerate(rows)
    ]
    height = ROW * len(rows)
    words = "; ".join(f"{name}: {signed(judged.estimate)}" for name, judged in rows)
    return svg.chart(
        f"{found.effect.name}, by {by}",
        f"{words}. Thin lines are 95 % intervals.",
        height + AXIS,
        [svg.axis(_ticks(limit), height, full=False), *dots, svg.mark(svg.on_scale(0, limit), height)],
        data=lambda: [
            {column: name, "estimate": judged.estimate, **svg.ends(judged.interval), "p": judged.p}
            for name, judged in rows
        ],
    )


def _ticks(limit: float) -> list[tuple[float, str]]:
    values = (-limit, -limit / 2, 0, limit / 2, limit)
    return [(svg.on_scale(value, limit), signed(value, 1) if value else "0") for value in values]
