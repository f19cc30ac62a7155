"""The figures of the paper's tables with photos drawn again and again: how much of a difference is these photos alone.

Every method of a network is looked at on the same drawn photos, and so is every network that has as many photos: what is
compared is paired. The draws come from a seed of their own, so the same rows give the same intervals.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from explain.cam.metrics.faithfulness import drops

from .printed import METRICS, Metric
from .tables import LEVEL, Columns

DRAWS = 2000
SEED = 0
AT_ONCE = 2_000_000  # numbers drawn at once: 16 MB

Figures = dict[tuple[str, Metric], np.ndarray]  # (method, figure of the tables) -> (DRAWS,) per cent


def drawn_figures(networks: Sequence[Columns]) -> list[Figures]:
    """For each network, every figure of every method in each draw; NaN in a draw without a score above 0."""
    return [_figures(columns) for columns in networks]


def interval_of(values: np.ndarray) -> tuple[float, float] | None:
    """The middle 95 % of the draws; None where there are none."""
    if not len(values) or not np.isfinite(values).any():
        return None
    low, high = np.nanpercentile(values, [100 * (1 - LEVEL) / 2, 100 * (1 + LEVEL) / 2])
    return float(low), float(high)


def _figures(columns: Columns) -> Figures:
    keys = [(method, metric) for method in columns for metric in METRICS if _has(columns, method, metric)]
    if not keys:
        return {}
    values, kept = (
        np.stack(parts, axis=1) for parts in zip(*(_values(columns, *key) for key in keys), strict=True)
    )
    if len(values) < 2:
        return {}
    means = []
    for counts in _draws(len(values)):
        photos = counts @ kept
        means.append(np.divide(counts @ values, photos, out=np.full_like(photos, np.nan), where=photos > 0))
    return dict(zip(keys, np.concatenate(means).T, strict=True))  # fmt: skip


def _has(columns: Columns, method: str, metric: Metric) -> bool:
    return bool(np.isfinite(columns[method][f"{metric.score}_left"]).all())


def _values(columns: Columns, method: str, metric: Metric) -> tuple[np.ndarray, np.ndarray]:
    """What each photo adds to the figure, and whether it counts: both (photos,) float64."""
    whole, left = columns[method][metric.score], columns[method][f"{metric.score}_left"]
    kept = whole > 0
    values = np.zeros(len(whole))
    if metric.figure == "increase":
        values[kept] = 100 * (whole < left)[kept]
    else:
        values[kept] = drops(whole[kept], left[kept], scale=100)
    return values, kept.astype(float)


def _draws(photos: int) -> Iterator[np.ndarray]:
    """(d, photos) float64: how often each photo is in each of d draws."""
    rng = np.random.default_rng(SEED)
    step = max(1, AT_ONCE // photos)
    for start in range(0, DRAWS, step):
        size = min(step, DRAWS - start)
        yield rng.multinomial(photos, np.full(photos, 1 / photos), size=size).astype(float)
