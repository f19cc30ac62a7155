"""The figures of `--share` as one SVG file that needs nothing else: shares across, a line for each method, 95 % whiskers.

Methods are told apart by colour (Okabe and Ito's, for every kind of colour vision) and by the shape of their points.
Points of a share stand a little apart, so that whiskers do not hide each other.
"""

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from explain.core.errors import BadInputError

from .intervals import TABLE_FIGURES
from .protocols import EvaluationProtocol
from .shares import ShareTable

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
WIDTH, HEIGHT = 440, 270  # of a panel with its words
LEFT, RIGHT, TOP, BOTTOM = 44, 14, 34, 44  # what the words take of it
HEAD, LEGEND = 46, 22
APART = 4.0  # most pixels between neighbouring points of a share
OWN_SHARE = 0.2


def check_plot_path(path: Path) -> None:
    """Refuse, before anything is computed, a file that `write_plot` could not write. Raises BadInputError."""
    if path.suffix.lower() != ".svg":
        raise BadInputError(f"--plot {path}: the plot is an SVG file; give it a name that ends in .svg")
    if path.is_dir() or not path.parent.is_dir():
        raise BadInputError(
            f"--plot {path}: there is no folder for that file; choose a file that you may write to"
        )


def write_plot(*, path: Path, tables: Sequence[ShareTable], protocol: EvaluationProtocol, what: str) -> None:
    """Draw the tables, one network below the other, into an SVG file. Raises BadInputError where it cannot be written."""
    try:
        path.write_text(as_svg(tables, protocol, what), encoding="utf-8")
    except OSError as error:
        raise BadInputError(
            f"--plot {path}: {error.strerror}; choose a file that you may write to"
        ) from error


def as_svg(tables: Sequence[ShareTable], protocol: EvaluationProtocol, what: str) -> str:
    """The plot. `protocol` names mask and fill; `what`: the photos, in words."""
    part = HEAD + LEGEND + 2 * HEIGHT
    pieces: list[str] = []
    for place, evaluated in enumerate(tables):
        pieces.append(format_html('<g transform="translate(0 {})">', place * part))
        pieces += _network(evaluated, protocol, what)
        pieces.append("</g>")
    size = (2 * WIDTH, len(tables) * part)
    head = format_html(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {w} {h}" width="{w}" height="{h}" role="img" '
        'font-family="sans-serif" font-size="11"><title>{title}</title><desc>{desc}</desc>'
        '<rect width="100%" height="100%" fill="#fff"/>',
        w=size[0],
        h=size[1],
        title=f"Figures by share of the photo kept: {', '.join(evaluated.network for evaluated in tables)}",
        desc="Four figures against the share of the photo that the mask keeps. Whiskers are 95 % intervals over photos. "
        "Points of one share stand a little apart so that all can be seen.",
    )
    return "".join([head, *pieces, "</svg>\n"])


def _network(evaluated: ShareTable, protocol: EvaluationProtocol, what: str) -> Iterator[SafeString]:
    yield format_html(
        '<text x="8" y="20" font-size="14" font-weight="bold">{} (layer {}) on {}, N = {}</text>'
        '<text x="8" y="38">Protocol {} at {} shares; fill: {}. Whiskers: 95 % over photos.</text>',
        evaluated.network,
        evaluated.layer,
        what,
        evaluated.photos,
        protocol.name.partition("/")[0],
        len(evaluated.shares),
        protocol.fill_in_words,
    )
    at = 8
    for place, method in enumerate(evaluated.methods):
        yield _mark(at + 5, HEAD + 10, place)
        yield format_html('<text x="{}" y="{}">{}</text>', at + 15, HEAD + 14, method)
        at += 34 + 7 * len(method)
    for place, (score, figure, words) in enumerate(TABLE_FIGURES):
        x, y = place % 2 * WIDTH, HEAD + LEGEND + place // 2 * HEIGHT
        parts = _panel(evaluated, score, figure, words)
        yield format_html(
            '<g transform="translate({} {})">{}</g>', x, y, format_html_join("", "{}", ((p,) for p in parts))
        )


def _panel(evaluated: ShareTable, score: str, figure: str, words: str) -> Iterator[SafeString]:
    points = [p for p in evaluated.points if (p.score, p.figure) == (score, figure)]
    yield format_html('<text x="{}" y="18" font-weight="bold">{}</text>', LEFT, words)
    if not points:
        yield format_html('<text x="{}" y="60">No photo has a score above 0.</text>', LEFT)
        return
    values = [v for p in points for v in (p.estimate.value, *(p.estimate.interval or ()))]
    ticks = _ticks(min(0.0, *values), max(1.0, *values))
    yield from _axes(evaluated, ticks)
    apart = _apart(evaluated)
    for place, method in enumerate(evaluated.methods):
        aside = apart * (place - (len(evaluated.methods) - 1) / 2)
        own = sorted((p for p in points if p.method == method), key=lambda p: p.share)
        places = [(_across(p.share) + aside, _down(p.estimate.value, ticks)) for p in own]
        yield format_html(
            '<polyline fill="none" stroke="{}" stroke-opacity="0.6" points="{}"/>',
            COLOURS[place % len(COLOURS)],
            " ".join(f"{x:.1f},{y:.1f}" for x, y in places),
        )
        for point, (x, y) in zip(own, places, strict=True):
            if point.estimate.interval is not None:
                low, high = (_down(bound, ticks) for bound in point.estimate.interval)
                yield format_html(
                    '<path stroke="{}" stroke-width="1.3" d="M{x} {a}V{b}"/>',
                    COLOURS[place % len(COLOURS)],
                    x=f"{x:.1f}",
                    a=f"{low:.1f}",
                    b=f"{high:.1f}",
                )
            yield _mark(x, y, place)


def _axes(evaluated: ShareTable, ticks: Sequence[float]) -> Iterator[SafeString]:
    for tick in ticks:
        yield format_html(
            '<path stroke="#ddd" d="M{left} {y}H{right}"/><text x="{x}" y="{t}" text-anchor="end">{tick}</text>',
            left=LEFT,
            right=WIDTH - RIGHT,
            x=LEFT - 5,
            y=f"{_down(tick, ticks):.1f}",
            t=f"{_down(tick, ticks) + 4:.1f}",
            tick=f"{tick:g}",
        )
    yield format_html(
        '<path stroke="#888" stroke-dasharray="3 3" d="M{x} {top}V{low}"/><path stroke="#888" d="M{left} {low}H{right}"/>',
        x=f"{_across(OWN_SHARE):.1f}",
        top=TOP,
        low=HEIGHT - BOTTOM,
        left=LEFT,
        right=WIDTH - RIGHT,
    )
    for share in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0):
        yield format_html(
            '<text x="{}" y="{}" text-anchor="middle">{}</text>',
            f"{_across(share):.1f}",
            HEIGHT - BOTTOM + 15,
            f"{100 * share:g} %",
        )
    yield format_html(
        '<text x="{}" y="{}" text-anchor="middle">of the photo kept (dashed: the paper’s 20 %)</text>',
        (LEFT + WIDTH - RIGHT) / 2,
        HEIGHT - BOTTOM + 31,
    )


def _apart(evaluated: ShareTable) -> float:
    """Pixels between the points of a share, so few that they stay nearer to it than to the next share."""
    places = sorted(map(_across, evaluated.shares))
    nearest = min((after - before for before, after in pairwise(places)), default=math.inf)
    return min(APART, 0.6 * nearest / len(evaluated.methods))


def _across(share: float) -> float:
    return LEFT + 8 + share * (WIDTH - RIGHT - LEFT - 16)


def _down(value: float, ticks: Sequence[float]) -> float:
    """Per cent to pixels: the first and the last tick are the ends of the axis."""
    part = (value - ticks[0]) / (ticks[-1] - ticks[0])
    return HEIGHT - BOTTOM - part * (HEIGHT - BOTTOM - TOP)


def _ticks(low: float, high: float) -> list[float]:
    """About five round numbers from at most `low` to at least `high`."""
    raw = (high - low) / 5
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= raw - 1e-9 * power)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [step * number for number in range(first, last + 1)]


def _mark(x: float, y: float, place: int) -> SafeString:
    """A point in the colour and shape of the method at this place."""
    shapes = (
        "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0",
        "M-3.5-3.5h7v7h-7z",
        "M0-4.5L4.2 3.5H-4.2z",
        "M0-5L5 0L0 5L-5 0z",
    )
    return format_html(
        '<path transform="translate({} {})" fill="{}" d="{}"/>',
        f"{x:.1f}",
        f"{y:.1f}",
        COLOURS[place % len(COLOURS)],
        shapes[place % len(shapes)],
    )
