"""Tables from Evaluation rows: how much of the score a method leaves, and how well it points. No torch."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, TypeVar

import numpy as np

from explain.cam.metrics.faithfulness import Faithfulness, faithfulness
from explain.models import Image, ImageSet

from .evaluate import EvaluationProgress, RowKey
from .protocols import IOU_AT
from .wins import wins_by_score

FIGURES = (
    "confidence", "activation", "confidence_left", "activation_left", "insertion", "deletion",
    *IOU_AT, "pointing", "energy",
)  # fmt: skip


@dataclass(frozen=True)
class Localisation:
    """Means over the photos with a box that the network sees.

    iou_10 …  best overlap of a box with that of the map at 10 % of its maximum, 0..1
    pointing  % of photos where the map's maximum lies in a box
    energy    % of the map that lies in the boxes
    """

    iou_10: float
    iou_30: float
    iou_50: float
    pointing: float
    energy: float
    photos: int


@dataclass(frozen=True)
class Curves:
    """Mean areas under the insertion curve (higher is better) and the deletion curve (lower is better), 0..1."""

    insertion: float
    deletion: float
    photos: int


@dataclass(frozen=True)
class EvaluationTable:
    """One network's table; each part is by method, and empty where the protocol or the photos give none.

    `photos` have a row for every method; `missing` do not, and are left out for all methods alike.
    `wins_of_the_three`: by score, % wins among the paper's methods (see wins.py); a figure's own `win` is among all methods.
    """

    network: str
    layer: str
    methods: tuple[str, ...]
    photos: int
    missing: int
    confidence: dict[str, Faithfulness]
    activation: dict[str, Faithfulness]
    localisation: dict[str, Localisation]
    curves: dict[str, Curves]
    notes: tuple[str, ...] = ()
    wins_of_the_three: dict[str, dict[str, float]] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def table_of(*, image_set: ImageSet, asked: EvaluationProgress) -> EvaluationTable:
    """The table of one network, from the rows that are there. Nothing in it is ever NaN."""
    images = list(image_set.images.order_by("pk"))
    columns = columns_of(image_set, images, asked)
    photos = len(next(iter(columns.values()))["confidence"])
    parts, notes = _faithful(columns, asked)
    return EvaluationTable(
        network=asked.network.name,
        layer=asked.network.layer,
        methods=asked.methods,
        photos=photos,
        missing=len(images) - photos,
        **parts,
        localisation=_means(columns, "energy", _localisation),
        curves=_means(columns, "insertion", _curves),
        notes=tuple(notes),
        wins_of_the_three=wins_by_score(columns) if any(parts.values()) else {},
    )


T = TypeVar("T")
Row = dict[str, tuple]  # method -> the FIGURES of one photo
Columns = dict[str, dict[str, np.ndarray]]  # method -> figure -> (n,) float64, NaN where a photo has none


def columns_of(image_set: ImageSet, images: Sequence[Image], asked: EvaluationProgress) -> Columns:
    """The figures by method, over the photos that have a row for every method."""
    return columns(list(rows_by_photo(image_set, images, asked).values()), asked.methods)


def rows_by_photo(image_set: ImageSet, images: Sequence[Image], asked: EvaluationProgress) -> dict[int, Row]:
    """Of each photo that has a row for every method: by method its FIGURES. In the order of the photos."""
    rows = asked.rows(image__image_set=image_set)
    stored: dict[RowKey, tuple] = {
        row[:4]: row[4:]
        for row in rows.values_list("image_id", "method", "target", "parameters_hash", *FIGURES)
    }
    by_photo: dict[int, Row] = {}
    for wanted in asked.wanted(images):
        if wanted.row_key in stored:
            by_photo.setdefault(wanted.image.pk, {})[wanted.method] = stored[wanted.row_key]
    return {pk: by_method for pk, by_method in by_photo.items() if len(by_method) == len(asked.methods)}


def columns(rows: Sequence[Row], methods: Sequence[str]) -> Columns:
    """The figures of some photos by method."""
    by_method = {}
    for method in methods:
        table = np.array([row[method] for row in rows], dtype=float).reshape(-1, len(FIGURES))
        by_method[method] = dict(zip(FIGURES, table.T, strict=True))
    return by_method


def _faithful(
    columns: Columns, asked: EvaluationProgress
) -> tuple[dict[str, dict[str, Faithfulness]], list[str]]:
    by_score: dict[str, dict[str, Faithfulness]] = {"confidence": {}, "activation": {}}
    notes = []
    for score in by_score:
        whole = next(iter(columns.values()))[score]
        if asked.protocol.curves or not len(whole):
            continue
        if not (whole > 0).any():
            notes.append(f"No photo has an {score} above 0, so there is no drop in it to speak of.")
            continue
        left = {method: figures[f"{score}_left"] for method, figures in columns.items()}
        by_score[score] = faithfulness(whole, left, confidence=score == "confidence")
    return by_score, notes


def _means(columns: Columns, where: str, make: Callable[[dict[str, np.ndarray]], T]) -> dict[str, T]:
    """`make` of each method's figures, over the photos that have the figure `where`; empty if there are none."""
    means = {}
    for method, figures in columns.items():
        defined = np.isfinite(figures[where])
        if defined.any():
            means[method] = make({name: values[defined] for name, values in figures.items()})
    return means


def _localisation(figures: dict[str, np.ndarray]) -> Localisation:
    return Localisation(
        **{name: float(figures[name].mean()) for name in IOU_AT},
        pointing=float(100 * figures["pointing"].mean()),
        energy=float(100 * figures["energy"].mean()),
        photos=len(figures["energy"]),
    )


def _curves(figures: dict[str, np.ndarray]) -> Curves:
    return Curves(
        insertion=float(figures["insertion"].mean()),
        deletion=float(figures["deletion"].mean()),
        photos=len(figures["insertion"]),
    )
