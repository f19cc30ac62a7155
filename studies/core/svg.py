"""Parts of charts as inline SVG: no script, no style attribute, no text that shrinks with the screen.

Across, everything is in per cent of the width; down, in pixels. So a chart fills its place at any width and its text
keeps its size. Colours come from the page's CSS by class. Every chart has a title and a description, and stands
beside a table with the same numbers. A row of a chart is ROW pixels high and begins at its number × ROW.

A chart carries its data only where they are asked for (`with_data`): pages would grow by every point.
"""

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import count
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

Pair = tuple[float, float]
ROW = 54
TEXT_AT = 17
BAR_AT, BAR_HEIGHT = 26, 14
AXIS = 30
EDGE = 6  # pixels kept free above
_numbers: ContextVar[Iterator[int]] = ContextVar("numbers", default=count(1))  # noqa: B039 – one for the process, on purpose
_data_wanted: ContextVar[bool] = ContextVar("data_wanted", default=False)
Data = Sequence[Mapping[str, Any]]


class Part(SafeString):
    """A part of a chart that draws one row of its data."""

    row: Mapping[str, Any]

    @classmethod
    def of(cls, drawn: SafeString, **row: Any) -> "Part":
        part = cls(drawn)
        part.row = row
        return part


@contextmanager
def with_data() -> Iterator[None]:
    """Charts that are drawn within carry their data as JSON in `<metadata>`: a list of rows, each column by its name."""
    token = _data_wanted.set(True)
    try:
        yield
    finally:
        _data_wanted.reset(token)


@contextmanager
def numbered_from_one() -> Iterator[None]:
    """Charts that are drawn within are the only ones of their document: it is the same whatever was drawn before."""
    token = _numbers.set(count(1))
    try:
        yield
    finally:
        _numbers.reset(token)


def chart(
    title: str,
    description: str,
    height: float,
    parts: Iterable[str],
    *,
    data: Callable[[], Data] | None = None,
) -> SafeString:
    """A chart of parts that were made here or by `format_html`.

    `title` names the chart on its page and the files that are made of it. `data` gives the numbers that it draws, unrounded;
    without it they are what its bars, dots and fields are labelled with.
    """
    parts = list(parts)
    number = next(_numbers.get())
    return format_html(
        '<svg class="chart" role="img" aria-labelledby="chart-{n}-t chart-{n}-d" width="100%" height="{h}" '
        'xmlns="http://www.w3.org/2000/svg"><title id="chart-{n}-t">{t}</title><desc id="chart-{n}-d">{d}</desc>{m}{p}</svg>',
        n=number,
        h=f"{height:g}",
        t=title,
        d=description,
        m=_metadata(parts, data) if _data_wanted.get() else "",
        p=mark_safe("".join(parts)),  # noqa: S308 – every part was made by format_html
    )


def ends(interval: Pair | None) -> dict[str, float | None]:
    """Both ends of an interval, as columns of a chart's data."""
    low, high = interval or (None, None)
    return {"low": low, "high": high}


def _metadata(parts: list[str], data: Callable[[], Data] | None) -> SafeString:
    rows = data() if data else [part.row for part in parts if isinstance(part, Part)]
    words = json.dumps([dict(row) for row in rows], ensure_ascii=False, default=float)
    return format_html("<metadata>{}</metadata>", words)


def counts(title: str, values: dict[str, int]) -> SafeString:
    """A chart of upright bars with their counts."""
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
    return chart(
        title,
        words,
        top + height + 26,
        [bars, line],
        data=lambda: [{"answer": label, "count": value} for label, value in values.items()],
    )


def bar(
    place: int, name: str, *, figures: tuple[str, str], colour: str, share: float, interval: Pair | None
) -> SafeString:
    """A row with a bar over `share` (0..1) of the width and a whisker; `figures` stand at its right end."""
    top = place * ROW + EDGE
    drawn = format_html(
        '<text class="strong" x="0" y="{text}">{name}</text>'
        '<text class="end" x="100%" y="{text}"><tspan class="strong">{first}</tspan> <tspan class="soft">{second}</tspan></text>'
        '<rect class="track" x="0" y="{y}" width="100%" height="{h}" rx="2"/>'
        '<rect class="{colour}" x="0" y="{y}" width="{width}%" height="{h}" rx="2"/>{whisker}',
        text=top + TEXT_AT,
        name=name,
        first=figures[0],
        second=figures[1],
        y=top + BAR_AT,
        h=BAR_HEIGHT,
        colour=colour,
        width=f"{share * 100:.3f}",
        whisker=_whisker(interval, top + BAR_AT + BAR_HEIGHT / 2),
    )
    return Part.of(drawn, name=name, figure=figures[0], second=figures[1])


def dot(place: int, name: str, figure: str, *, at: float, interval: Pair | None) -> SafeString:
    """A row with a dot at `at` (0..1) of the width and a whisker; `figure` stands at its right end."""
    top = place * ROW + EDGE
    middle = top + BAR_AT + BAR_HEIGHT / 2
    drawn = format_html(
        '<text class="strong" x="0" y="{text}">{name}</text><text class="strong end" x="100%" y="{text}">{figure}</text>'
        '<rect class="track" x="0" y="{y}" width="100%" height="{h}" rx="2"/>{whisker}<circle class="bar-1" cx="{x}%" cy="{middle}" r="7"/>',
        text=top + TEXT_AT,
        name=name,
        figure=figure,
        whisker=_whisker(interval, middle),
        x=f"{at * 100:.3f}",
        y=top + BAR_AT,
        h=BAR_HEIGHT,
        middle=middle,
    )
    return Part.of(drawn, name=name, figure=figure)


def on_scale(value: float, limit: float) -> float:
    """−limit … +limit as a share of the width, with a little air on both sides."""
    return 0.04 + 0.92 * (value + limit) / (2 * limit)


def ends_on_scale(interval: Pair | None, limit: float) -> Pair | None:
    """Both ends of an interval on the same scale."""
    return (on_scale(interval[0], limit), on_scale(interval[1], limit)) if interval else None


def mark(share: float, height: float) -> SafeString:
    """A dashed line through all rows."""
    return format_html(
        '<line class="even" x1="{x}%" x2="{x}%" y1="{a}" y2="{b}"/>',
        x=f"{share * 100:.3f}",
        a=EDGE + 20,
        b=height,
    )


def axis(ticks: list[tuple[float, str]], height: float, *, full: bool = True) -> SafeString:
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


def round_steps(limit: float) -> list[float]:
    """0 and at most five more round numbers up to the limit."""
    step = _round_step(limit / 5)
    return [step * number for number in range(int(limit / step + 1e-9) + 1)]


def round_steps_between(low: float, high: float) -> list[float]:
    """At most six round numbers from `low` to `high`; `low` alone where both are the same."""
    if high <= low:
        return [low]
    step = _round_step((high - low) / 5)
    return [step * n for n in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]


def _round_step(raw: float) -> float:
    """The next of 1, 2, 5 times a power of ten that is not smaller."""
    power = 10.0 ** math.floor(math.log10(raw))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= raw - 1e-9 * power)


def _whisker(interval: Pair | None, middle: float) -> SafeString | str:
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


FIELD, LABELS = 40, 14.0  # height of a field in pixels; width of the rows' labels in per cent


def fields(
    title: str,
    description: str,
    *,
    columns: list[str],
    rows: list[tuple[str, list[float | None]]],
    line: float,
) -> SafeString:
    """A table of shares as fields, darker with more, and a line between those below `line` and the others."""
    width, top = (100 - LABELS) / max(len(columns), 1), 26
    parts: list[str] = [
        format_html(
            '<text class="middle soft" x="{}%" y="16">{}</text>', f"{LABELS + (at + 0.5) * width:.3f}", label
        )
        for at, label in enumerate(columns)
    ]
    for number, (label, shares) in enumerate(rows):
        y = top + number * FIELD
        parts.append(format_html('<text class="soft" x="0" y="{}">{}</text>', y + 25, label))
        for at, share in enumerate(shares):
            parts.append(_field(LABELS + at * width, y, width, share))
    enough = [[share is not None and share >= line for share in shares] for _, shares in rows]
    parts += _border(enough, width, top)
    return chart(
        title,
        description,
        top + len(rows) * FIELD + 8,
        parts,
        data=lambda: [
            {"row": label, "column": column, "share": share}
            for label, shares in rows
            for column, share in zip(columns, shares, strict=True)
        ],
    )


def _field(x: float, y: float, width: float, share: float | None) -> SafeString:
    words = "–" if share is None else f"{100 * share:.0f} %"
    return format_html(
        '<rect class="field" x="{x}%" y="{y}" width="{w}%" height="{h}" fill-opacity="{o}"/>'
        '<text class="middle" x="{m}%" y="{t}">{words}</text>',
        x=f"{x:.3f}",
        y=y,
        w=f"{width:.3f}",
        h=FIELD,
        o=f"{0.6 * (share or 0):.2f}",
        m=f"{x + width / 2:.3f}",
        t=y + 25,
        words=words,
    )


def _border(enough: list[list[bool]], width: float, top: float) -> Iterable[SafeString]:
    """The lines between fields that are enough and neighbours that are not."""
    for row, line in enumerate(enough):
        for at, one in enumerate(line):
            x, y = LABELS + at * width, top + row * FIELD
            if at and one != line[at - 1]:
                yield _edge(x, x, y, y + FIELD)
            if row and one != enough[row - 1][at]:
                yield _edge(x, x + width, y, y)


def _edge(x1: float, x2: float, y1: float, y2: float) -> SafeString:
    line = '<line class="level" x1="{}%" x2="{}%" y1="{}" y2="{}"/>'
    return format_html(line, f"{x1:.3f}", f"{x2:.3f}", y1, y2)
