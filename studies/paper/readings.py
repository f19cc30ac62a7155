"""What each reading of equation 5 does to the order of the methods and to the distance from the printed figures.

A reading whose maps are a baseline's can say nothing about either, so it is left out of the verdict: that is found by
measurement, network by network, and said.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from explain.evaluation import Pair

from . import printed
from .inputs import READINGS
from .photo_bootstrap import Figures, drawn_figures, interval_of
from .printed import METRICS, Metric
from .tables import Beside, ours

BASELINES = (printed.ABLATION, printed.GRAD)
ALIKE, NEAR, MOST = 0.9995, 0.001, 0.95
Interval = tuple[float, float] | None


@dataclass(frozen=True)
class Identity:
    """A reading whose maps are those of another method on a network, as measured.

    correlation  median over photos of Pearson's r of the two maps
    same         photos on which the two maps leave the same confidence, of `photos`
    """

    reading: str
    other: str
    network: str
    correlation: float
    same: int
    photos: int

    @property
    def in_words(self) -> str:
        return (
            f"on {self.network} (median correlation {self.correlation:.3f}, the same confidence left on {self.same} of "
            f"{self.photos} photos)"
        )


def identities(
    pairs: Mapping[str, Sequence[Pair]], tables: Sequence[Beside], others: Sequence[str] = BASELINES
) -> list[Identity]:
    """Readings that are one of the `others` on a network: alike, never visibly different, and of the same confidence.

    `pairs`: network -> its methods compared; `tables`: its tables under a protocol that masks the photo.
    """
    columns = {one.table.network: one.columns for one in tables}
    found = []
    for network, compared in pairs.items():
        for pair in compared:
            reading, other = sorted((pair.first, pair.second), key=lambda name: name in others)
            if reading not in READINGS or other not in others or reading == other or network not in columns:
                continue
            if pair.correlation is None or pair.correlation < ALIKE or pair.visible > 0:
                continue
            left = [columns[network][method]["confidence_left"] for method in (reading, other)]
            same = int((np.abs(left[0] - left[1]) <= NEAR).sum())
            if same and same >= MOST * len(left[0]):
                found.append(Identity(reading, other, network, pair.correlation, same, len(left[0])))
    return found


@dataclass(frozen=True)
class Nearness:
    """How far a reading of equation 5, under one protocol, shows what the paper prints.

    orders        of the printed orders (better than Ablation-CAM, better than Grad-CAM; four figures, two networks), how many hold
    asked         how many there are
    gap           mean distance, in points, of our difference from Grad-CAM to the printed one
    sure          orders that hold with an interval over photos that leaves zero out
    against       comparisons that go the other way with such an interval
    away          mean distance, in points, of our figures to the printed row of Pixel Ablation-CAM
    without       networks that are left out because the reading is a baseline there
    gap_interval, away_interval   95 %, photos drawn with replacement
    """

    reading: str
    protocol: str
    orders: int
    asked: int
    gap: float
    gap_interval: Interval = None
    sure: int | None = None
    against: int | None = None
    away: float | None = None
    away_interval: Interval = None
    without: tuple[str, ...] = ()


def nearness(found: Mapping[str, Sequence[Beside]], same: Sequence[Identity] = ()) -> list[Nearness]:
    """Each reading under each protocol, the nearest to the printed trends first. `found`: protocol -> its tables.

    A network on which a reading is a baseline (`same`) is left out for that reading; where it is one on every network, all
    are counted, and the verdict leaves the reading out.
    """
    rows = []
    for protocol, tables in found.items():
        drawn = drawn_figures([one.columns for one in tables])
        for reading in READINGS:
            alike = {identity.network for identity in same if identity.reading == reading}
            counted = [place for place, one in enumerate(tables) if one.table.network not in alike]
            counted = counted or list(range(len(tables)))
            without = [one.table.network for place, one in enumerate(tables) if place not in counted]
            near = _nearness(
                reading, protocol, [tables[place] for place in counted], [drawn[place] for place in counted]
            )
            near = near and replace(near, without=tuple(without))
            if near is not None:
                rows.append(near)
    return sorted(rows, key=lambda row: (-row.orders / row.asked, row.gap))


def _nearness(
    reading: str, protocol: str, tables: Sequence[Beside], drawn: Sequence[Figures]
) -> Nearness | None:
    held = asked = sure = against = 0
    gaps: list[float] = []
    aways: list[float] = []
    drawn_gaps: list[np.ndarray] = []
    drawn_aways: list[np.ndarray] = []
    for one, figures in zip(tables, drawn, strict=True):
        for metric in METRICS:
            mine = ours(one.table, metric, reading)
            theirs = {method: ours(one.table, metric, method) for method in BASELINES}
            if mine is None or None in theirs.values():
                continue
            sign = -1 if metric.lower_is_better else 1
            for method, other in theirs.items():
                held += sign * (mine - (other or 0.0)) > 0
                low, high = _difference(figures, metric, reading, method, sign)
                sure, against, asked = sure + (low > 0), against + (high < 0), asked + 1
            row, distance = _printed(one.stands_for, metric)
            if row is not None and distance is not None:
                gaps.append(abs(mine - (theirs[printed.GRAD] or 0.0) - distance))
                aways.append(abs(mine - row))
                if (reading, metric) in figures:
                    values = figures[reading, metric]
                    drawn_gaps.append(np.abs(values - figures[printed.GRAD, metric] - distance))
                    drawn_aways.append(np.abs(values - row))
    if not asked:
        return None
    return Nearness(
        reading,
        protocol,
        held,
        asked,
        float(np.mean(gaps)) if gaps else float("inf"),
        _interval_of_mean(drawn_gaps),
        sure,
        against,
        float(np.mean(aways)) if aways else None,
        _interval_of_mean(drawn_aways),
    )


def _difference(
    figures: Figures, metric: Metric, reading: str, method: str, sign: int
) -> tuple[float, float]:
    """95 % of how much better the reading is; an interval that holds everything where there are no draws."""
    if (reading, metric) not in figures:
        return -np.inf, np.inf
    apart = interval_of(sign * (figures[reading, metric] - figures[method, metric]))
    return apart or (-np.inf, np.inf)


def _printed(table: str, metric: Metric) -> tuple[float | None, float | None]:
    """The printed figure of Pixel Ablation-CAM, and its distance to Grad-CAM's."""
    row, grad = (printed.printed(table, metric, method) for method in (printed.PIXEL, printed.GRAD))
    return row, None if row is None or grad is None else row - grad


def _interval_of_mean(drawn: Sequence[np.ndarray]) -> Interval:
    return interval_of(np.mean(drawn, axis=0)) if drawn else None


def printed_distance() -> float:
    """Mean distance, in points, between the printed rows of Pixel Ablation-CAM and Grad-CAM, over both tables."""
    distances = [_printed(table, metric)[1] for table in printed.TABLES for metric in METRICS]
    return float(np.mean([abs(distance) for distance in distances if distance is not None]))


def verdict(rows: Sequence[Nearness], same: Sequence[Identity] = ()) -> str:
    """What the readings say of the printed order, plainly, without those that are a baseline under another name.

    `rows`: nearness with the same `same`, so that a reading has no say on a network where it is a baseline.
    """
    left_out = baselines_only(rows, same)
    counted = [row for row in rows if row.reading not in left_out]
    parts = [_finding(counted)] if counted or not rows else []
    named = sorted({identity.reading for identity in same})
    return " ".join([*parts, *(_why_left_out(reading, same, reading in left_out) for reading in named)])


def baselines_only(rows: Sequence[Nearness], same: Sequence[Identity]) -> set[str]:
    """The readings that are a baseline on every network that they could have been judged on."""
    partly = {row.reading for row in rows if row.without}
    return {identity.reading for identity in same} - partly


def _why_left_out(reading: str, same: Sequence[Identity], everywhere: bool) -> str:
    """Its maps are another's, where, and what follows: in one sentence."""
    of_it = [identity for identity in same if identity.reading == reading]
    others = " and ".join(dict.fromkeys(identity.other for identity in of_it))
    where = " and ".join(identity.in_words for identity in of_it)
    of_what = "" if everywhere else f" on {' and '.join(dict.fromkeys(one.network for one in of_it))}"
    follows = "which cannot be better than itself"
    if others == printed.GRAD:
        follows = (
            f"so it is as far from the printed distance to Grad-CAM ({printed_distance():.1f} points) as the printed rows are "
            "from each other, whatever the photos"
        )
    return (
        f"{reading} is left out of this verdict{of_what}: its maps are those of {others} {where}, {follows}."
    )


def _finding(rows: Sequence[Nearness]) -> str:
    if not rows:
        return "No protocol gave figures to hold against the printed ones."
    best = rows[0]
    if best.orders == best.asked:
        return (
            f"The printed order comes out: {best.reading} under the protocol “{best.protocol}” is better than both others in "
            f"all {best.asked} comparisons{_certain(best)}."
        )
    of_each = [
        next(row for row in rows if row.reading == name)
        for name in dict.fromkeys(row.reading for row in rows)
    ]
    each = "; ".join(
        f"{row.reading} has {row.orders} of {row.asked}{_certain(row)} under “{row.protocol}”, where its distances to Grad-CAM "
        f"are {row.gap:.1f} points{_between(row.gap_interval)} away from the printed ones on average"
        for row in of_each
    )
    return (
        "The printed order comes out under no reading and no protocol. Of the comparisons with Ablation-CAM and Grad-CAM, so "
        f"many go the printed way at best: {each}."
    )  # fmt: skip


def _certain(row: Nearness) -> str:
    if row.sure is None:
        return ""
    return (
        f" ({row.sure} beyond the chance of which photos these are; {row.against} go the other way beyond it)"
    )


def _between(interval: Interval) -> str:
    return f" (95 % interval {interval[0]:.1f} to {interval[1]:.1f})" if interval else ""
