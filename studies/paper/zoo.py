"""Reliability against accuracy: each network's mean rating over its pairs, and the share of photos that it gets right."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from explain.models import ImageSet, Network
from explain.selection import f1_by_class
from studies.models import Study
from studies.results import summary_of

HEIGHT, TOP = 260, 10
NAME, LINES = 25.0, 30.0  # how much of the width a name may take, and how many pixels it and its point do
_numbers = count(1)


@dataclass(frozen=True)
class Point:
    """accuracy 0..1; reliability −2..2, the mean over the network's pairs; None where nobody has rated it."""

    network: str
    accuracy: float | None
    macro_f1: float | None
    reliability: float | None
    pairs: int


def points(*, image_set: ImageSet, networks: Sequence[Network], slugs: Sequence[str]) -> list[Point]:
    """One point for each network. `slugs`: the paper's studies; those of pairs of networks have a mean for each arm."""
    ratings: dict[str, list[float]] = {network.name: [] for network in networks}
    for study in Study.objects.filter(slug__in=slugs):
        if by_arm := summary_of(study).outcome.by_arm:
            names = study.arms.order_by("index").values_list("network__name", flat=True)
            for name, mean in zip(names, by_arm.values(), strict=True):
                ratings[name].append(mean)
    made = []
    for network in networks:
        table, given = f1_by_class(image_set=image_set, network=network), ratings[network.name]
        made.append(
            Point(
                network.name,
                table.accuracy,
                table.macro_f1,
                sum(given) / len(given) if given else None,
                len(given),
            )
        )
    return made


def chart(found: Sequence[Point]) -> SafeString | str:
    """The points that have both figures, accuracy to the right, reliability upward; empty without any."""
    shown = [
        (one.network, one.accuracy, one.reliability)
        for one in found
        if one.accuracy is not None and one.reliability is not None
    ]
    if not shown:
        return ""
    low = max(0.0, min(accuracy for _, accuracy, _ in shown) - 0.05)
    high = min(1.0, max(accuracy for _, accuracy, _ in shown) + 0.05)
    number = next(_numbers)
    beneath = _labels_beneath([(_across(accuracy, low, high), _down(mean)) for _, accuracy, mean in shown])
    marks = format_html_join(
        "",
        '<circle class="bar-{0}" cx="{1}%" cy="{2}" r="7"/><text class="{3} strong" x="{1}%" y="{4}">{5}</text>',
        (
            (
                place % 5 + 1,
                f"{(x := _across(accuracy, low, high)):.2f}",
                f"{(y := _down(reliability)):.1f}",
                "start" if x < 25 else "end" if x > 75 else "middle",
                f"{y + 24 if place in beneath else y - 13:.1f}",
                name,
            )
            for place, (name, accuracy, reliability) in enumerate(shown)
        ),
    )
    lines = format_html_join(
        "",
        '<line class="grid" x1="0" x2="100%" y1="{0}" y2="{0}"/><text class="soft" x="0" y="{1}">{2}</text>',
        (
            (f"{_down(value):.1f}", f"{_down(value) - 4:.1f}", f"{value:+d}".replace("-", "−").replace("+0", "0"))
            for value in range(-2, 3)
        ),
    )  # fmt: skip
    ends = format_html(
        '<text class="soft" x="6%" y="{0}">{1}</text><text class="soft end" x="94%" y="{0}">{2}</text>',
        HEIGHT + TOP + 22,
        f"{low:.0%} of photos right",
        f"{high:.0%}",
    )
    words = ", ".join(f"{name}: {accuracy:.0%} right, {mean:+.2f}" for name, accuracy, mean in shown)
    return format_html(
        '<svg class="chart" role="img" aria-labelledby="zoo-{n}-t zoo-{n}-d" width="100%" height="{h}" '
        'xmlns="http://www.w3.org/2000/svg"><title id="zoo-{n}-t">Reliability against accuracy</title>'
        '<desc id="zoo-{n}-d">{words}</desc>{lines}{marks}{ends}</svg>',
        n=number,
        h=HEIGHT + TOP + 30,
        words=words,
        lines=lines,
        marks=marks,
        ends=ends,
    )


def _labels_beneath(places: Sequence[tuple[float, float]]) -> set[int]:
    """The points whose name goes under them, because above them it would lie on that of another or on its point."""
    beneath: set[int] = set()
    for place, (x, y) in enumerate(places):
        near = [
            other
            for other, (x2, y2) in enumerate(places)
            if other != place and other not in beneath and abs(x - x2) < NAME and 0 <= y - y2 < LINES
        ]
        if near and (y > places[near[0]][1] or place > near[0]):
            beneath.add(place)
    return beneath


def _across(accuracy: float, low: float, high: float) -> float:
    """Accuracy as per cent of the width."""
    return 6 + 88 * (accuracy - low) / (high - low)


def _down(reliability: float) -> float:
    """−2 … +2 as pixels from the top."""
    return TOP + HEIGHT * (2 - reliability) / 4
