"""Charts as inline SVG: no script, no style attribute, no text that shrinks with the screen.

Across, everything is in per cent of the width; down, in pixels. So a chart fills its place at any width and its text
keeps its size. Colours come from the page's CSS by class. Every chart has a title and a description, and stands
beside a table with the same numbers.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import count

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from studies.monitoring import StudyProgress

from .formatting import percent, signed
from .metric_agreement import HumansBeside
from .summary import Score, Summary

ROW = 54
TEXT_AT = 17
BAR_AT, BAR_HEIGHT = 26, 14
AXIS = 30
EDGE = 6  # pixels kept free above
PLOT = 210  # of a scatter plot, pixels
POINTS = 200  # of a scatter plot: more are counted in cells
CELLS = 24  # across
_numbers = count(1)


def main_chart(summary: Summary) -> SafeString | str:
    """The one chart of a study's result; empty without answers."""
    if summary.scores:
        return score_bars(summary)
    return rating_scale(summary) if summary.rating else ""


def score_bars(summary: Summary) -> SafeString:
    """A bar for each arm and for “same”, longest first, with its interval and the mark of no preference."""
    assert summary.same is not None
    scores = [*summary.ranked, summary.same]
    limit = _limit(scores, summary.items)
    rows = [
        _bar(place, score, _colour(summary, score), score.score / limit, _scaled(score.interval, limit))
        for place, score in enumerate(scores)
    ]
    even = (summary.items - summary.same.score) / len(summary.scores)
    mark = _mark(even / limit, len(summary.scores) * ROW) if even > 0 else ""
    ticks = [(tick / limit, f"{tick:g}") for tick in _round_steps(limit)]
    return _svg(
        "Score of each arm",
        summary.headline
        + " The dashed line is where every arm would stand if nobody preferred any. Thin lines are 95 % intervals.",
        len(rows) * ROW + AXIS,
        [_axis(ticks, len(rows) * ROW), *rows, mark],
    )


def rating_scale(summary: Summary) -> SafeString:
    """The mean rating and its interval on the scale from −2 to +2, the first arm to the right."""
    rating = summary.rating
    assert rating is not None
    lines = (
        ("Mean of all answers", rating.mean, rating.interval),
        ("Mean of the items’ means", rating.mean_of_items, rating.mean_of_items_interval),
    )
    height = len(lines) * ROW
    rows = [_dot(place, name, mean, interval) for place, (name, mean, interval) in enumerate(lines)]
    ticks = [(_on_scale(value), signed(value, 0) if value else "0") for value in range(-2, 3)]
    ends = format_html(
        '<text class="soft" x="0" y="{y}">{left}</text><text class="soft end" x="100%" y="{y}">{right}</text>',
        y=height + AXIS + 16,
        left=f"← {summary.arms[1]}",
        right=f"{summary.arms[0]} →",
    )
    return _svg(
        "Mean rating",
        summary.headline,
        height + AXIS + 26,
        [_axis(ticks, height, full=False), *rows, _mark(0.5, height), ends],
    )


def correlations(figures: Iterable[HumansBeside]) -> SafeString | str:
    """How far each figure goes with people's choices within items, from −1 to +1; empty where no figure has that."""
    found = [
        (one.title, one.within) for one in figures if one.within is not None and one.within.value is not None
    ]
    if not found:
        return ""
    height = len(found) * ROW
    rows = [
        _dot(place, title, within.value or 0.0, within.interval, limit=1)
        for place, (title, within) in enumerate(found)
    ]
    ticks = [(_on_scale(value, 1), signed(value, 1) if value else "0") for value in (-1, -0.5, 0, 0.5, 1)]
    words = "; ".join(f"{title}: {signed(within.value or 0.0)}" for title, within in found)
    return _svg(
        "Rank correlation with people’s choices",
        f"{words}. To the right: people choose what the figure calls better. Thin lines are 95 % intervals.",
        height + AXIS,
        [_axis(ticks, height, full=False), *rows, _mark(_on_scale(0, 1), height)],
    )


def scatter(one: HumansBeside) -> SafeString:
    """People's share of each (photo, arm) against its figure, with the mean share of each group of figures as a level.

    Points that would hide each other are counted in cells, and a circle's area is their number.
    """
    low, high = min(point.x for point in one.points), max(point.x for point in one.points)

    def across(x: float) -> float:
        return 0.14 + 0.81 * ((x - low) / (high - low) if high > low else 0.5)

    levels = [
        format_html(
            '<line class="level" x1="{a}%" x2="{b}%" y1="{y}" y2="{y}"/>',
            a=f"{across(group.low) * 100 - 2:.2f}",
            b=f"{across(group.high) * 100 + 2:.2f}",
            y=f"{_down(group.mean_share):.1f}",
        )
        for group in one.groups
    ]
    ticks = [(across(tick), f"{tick:g}") for tick in _round_steps_between(low, high)]
    words = "; ".join(
        f"{group.low:.3g} to {group.high:.3g}: {percent(group.mean_share)}" for group in one.groups
    )
    return _svg(
        f"Share of the answers by {one.title}",
        f"{len(one.points)} pairs of photo and arm. Mean share where the figure is {words}.",
        PLOT + AXIS + EDGE,
        [_shares_axis(), _axis(ticks, PLOT, full=False), *_circles(one, across), *levels],
    )


def is_crowded(one: HumansBeside) -> bool:
    """Whether the points of a scatter plot would hide each other: many, or most of them in the same places."""
    places = {(point.x, point.y) for point in one.points}
    return len(one.points) > POINTS or 2 * len(places) < len(one.points)


def _circles(one: HumansBeside, across: Callable[[float], float]) -> Iterator[SafeString]:
    """A circle a point, coloured by arm; or, of a crowd, a circle a cell, with an area by their number."""
    if not is_crowded(one):
        for point in one.points:
            yield _circle(across(point.x), point.y, 5, f"bar-{point.arm % 5 + 1}")
        return
    cells = Counter((round(across(point.x) * CELLS), round(point.y * 10)) for point in one.points)
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


def rating_counts(summary: Summary) -> SafeString:
    """How often each of the five answers was given."""
    rating = summary.rating
    assert rating is not None
    labels = {signed(value, 0) if value else "0": given for value, given in rating.counts.items()}
    return counts("Answers from −2 to +2", labels)


def position_bars(summary: Summary) -> SafeString:
    """How often each place on screen was picked: unequal bars mean that people favour a place."""
    title = "Places picked" if summary.task == "choice" else "Sides favoured"
    return counts(title, summary.positions)


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
    return _svg("Trials", words, 16, parts)


def counts(title: str, values: dict[str, int]) -> SafeString:
    """Upright bars with their counts."""
    height, top = 96, 22
    most = max([*values.values(), 1])
    width = 100 / max(len(values), 1)
    bars = format_html_join(
        "",
        '<rect class="bar-plain" x="{}%" y="{}" width="{}%" height="{}" rx="2"/>'
        '<text class="middle strong" x="{}%" y="{}">{}</text><text class="middle soft" x="{}%" y="{}">{}</text>',
        (
            (
                f"{place * width + width * 0.18:.2f}",
                f"{top + height * (1 - value / most):.1f}",
                f"{width * 0.64:.2f}",
                f"{height * value / most:.1f}",
                f"{place * width + width / 2:.2f}",
                f"{top + height * (1 - value / most) - 6:.1f}",
                value,
                f"{place * width + width / 2:.2f}",
                top + height + 18,
                label,
            )
            for place, (label, value) in enumerate(values.items())
        ),
    )
    line = format_html('<line class="axis" x1="0" x2="100%" y1="{0}" y2="{0}"/>', top + height)
    words = ", ".join(f"{label}: {value}" for label, value in values.items())
    return _svg(title, words, top + height + 26, [bars, line])


def _svg(title: str, description: str, height: float, parts: Iterable[str]) -> SafeString:
    number = next(_numbers)
    return format_html(
        '<svg class="chart" role="img" aria-labelledby="chart-{n}-t chart-{n}-d" width="100%" height="{h}" '
        'xmlns="http://www.w3.org/2000/svg"><title id="chart-{n}-t">{t}</title><desc id="chart-{n}-d">{d}</desc>{p}</svg>',
        n=number,
        h=f"{height:g}",
        t=title,
        d=description,
        p=mark_safe("".join(parts)),  # noqa: S308 – every part was made by format_html
    )


def _limit(scores: list[Score], items: int) -> float:
    """Where the axis ends: the next tenth of the items above everything that is drawn."""
    most = max(max(score.score, score.interval[1] if score.interval else 0) for score in scores)
    return min(1.0, math.ceil(most / items * 10 + 1e-9) / 10 or 0.1) * items


def _round_steps(limit: float) -> list[float]:
    """0 and at most five more round numbers up to the limit."""
    step = _round_step(limit / 5)
    return [step * number for number in range(int(limit / step + 1e-9) + 1)]


def _round_steps_between(low: float, high: float) -> list[float]:
    """At most six round numbers from `low` to `high`; `low` alone where both are the same."""
    if high <= low:
        return [low]
    step = _round_step((high - low) / 5)
    return [step * n for n in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]


def _round_step(raw: float) -> float:
    """The next of 1, 2, 5 times a power of ten that is not smaller."""
    power = 10.0 ** math.floor(math.log10(raw))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= raw - 1e-9 * power)


def _colour(summary: Summary, score: Score) -> str:
    """An arm keeps its colour wherever it is ranked."""
    return "bar-same" if score is summary.same else f"bar-{summary.scores.index(score) % 5 + 1}"


def _scaled(interval: tuple[float, float] | None, limit: float) -> tuple[float, float] | None:
    return (interval[0] / limit, interval[1] / limit) if interval else None


def _bar(
    place: int, score: Score, colour: str, share: float, interval: tuple[float, float] | None
) -> SafeString:
    top = place * ROW + EDGE
    return format_html(
        '<text class="strong" x="0" y="{text}">{name}</text>'
        '<text class="end" x="100%" y="{text}"><tspan class="strong">{score}</tspan> <tspan class="soft">{share}</tspan></text>'
        '<rect class="track" x="0" y="{y}" width="100%" height="{h}" rx="2"/>'
        '<rect class="{colour}" x="0" y="{y}" width="{width}%" height="{h}" rx="2"/>{whisker}',
        text=top + TEXT_AT,
        name=score.name,
        score=f"{score.score:.2f}",
        share=percent(score.share),
        y=top + BAR_AT,
        h=BAR_HEIGHT,
        colour=colour,
        width=f"{share * 100:.3f}",
        whisker=_whisker(interval, top + BAR_AT + BAR_HEIGHT / 2),
    )


def _dot(
    place: int, name: str, mean: float, interval: tuple[float, float] | None, limit: float = 2
) -> SafeString:
    top = place * ROW + EDGE
    middle = top + BAR_AT + BAR_HEIGHT / 2
    spread = (_on_scale(interval[0], limit), _on_scale(interval[1], limit)) if interval else None
    return format_html(
        '<text class="strong" x="0" y="{text}">{name}</text><text class="strong end" x="100%" y="{text}">{mean}</text>'
        '<rect class="track" x="0" y="{y}" width="100%" height="{h}" rx="2"/>{whisker}<circle class="bar-1" cx="{x}%" cy="{middle}" r="7"/>',
        text=top + TEXT_AT,
        name=name,
        mean=signed(mean),
        whisker=_whisker(spread, middle),
        x=f"{_on_scale(mean, limit) * 100:.3f}",
        y=top + BAR_AT,
        h=BAR_HEIGHT,
        middle=middle,
    )


def _on_scale(value: float, limit: float = 2) -> float:
    """−limit … +limit as a share of the width, with a little air on both sides."""
    return 0.04 + 0.92 * (value + limit) / (2 * limit)


def _whisker(interval: tuple[float, float] | None, middle: float) -> SafeString | str:
    if interval is None:
        return ""
    low, high = (f"{min(max(bound, 0), 1) * 100:.3f}" for bound in interval)
    return format_html(
        '<line class="halo" x1="{low}%" x2="{high}%" y1="{y}" y2="{y}"/>'
        '<g class="whisker"><line x1="{low}%" x2="{high}%" y1="{y}" y2="{y}"/>'
        '<line x1="{low}%" x2="{low}%" y1="{a}" y2="{b}"/><line x1="{high}%" x2="{high}%" y1="{a}" y2="{b}"/></g>',
        low=low,
        high=high,
        y=middle,
        a=middle - 5,
        b=middle + 5,
    )


def _mark(share: float, height: float) -> SafeString:
    return format_html(
        '<line class="even" x1="{x}%" x2="{x}%" y1="{a}" y2="{b}"/>',
        x=f"{share * 100:.3f}",
        a=EDGE + 20,
        b=height,
    )


def _axis(ticks: list[tuple[float, str]], height: float, *, full: bool = True) -> SafeString:
    """Numbers below, with lines up through the rows, or short ones if not `full`."""
    return format_html_join(
        "",
        '<line class="grid" x1="{0}%" x2="{0}%" y1="{1}" y2="{2}"/><text class="soft {3}" x="{0}%" y="{4}">{5}</text>',
        (
            (
                f"{share * 100:.3f}",
                EDGE + 20 if full else height,
                height + 8,
                "start" if share < 0.001 else "end" if share > 0.999 else "middle",
                height + 24,
                label,
            )
            for share, label in ticks
        ),
    )
