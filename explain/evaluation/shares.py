"""How the paper's tables move with the share of the photo that is kept (its section 4.1.1), from stored rows. No torch.

Each share is a protocol of its own (`paper/0.1`), so its rows are stored once. All shares are over the same photos.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from explain.core.commands import table
from explain.models import ImageSet, Precompute

from .evaluate import EvaluationProgress
from .intervals import TABLE_FIGURES, Estimate, estimate
from .protocols import AUTHORS_CODE, EvaluationProtocol
from .tables import columns, rows_by_photo


@dataclass(frozen=True)
class Point:
    """One figure of one method at one share."""

    share: float
    method: str
    score: str
    figure: str
    estimate: Estimate

    def to_json(self) -> dict[str, Any]:
        plain = asdict(self)
        return plain | plain.pop("estimate")


@dataclass(frozen=True)
class ShareTable:
    """One network's figures at every share. `missing` photos lack a row at some share, and are left out of all."""

    network: str
    layer: str
    methods: tuple[str, ...]
    shares: tuple[float, ...]
    photos: int
    missing: int
    points: tuple[Point, ...]

    def at(self, share: float, method: str, score: str, figure: str) -> Estimate | None:
        wanted = (share, method, score, figure)
        return next(
            (p.estimate for p in self.points if (p.share, p.method, p.score, p.figure) == wanted), None
        )

    def to_json(self) -> dict[str, Any]:
        fields = {name: value for name, value in vars(self).items() if name != "points"}
        return fields | {"points": [point.to_json() for point in self.points]}


def share_table(*, image_set: ImageSet, asked: Sequence[EvaluationProgress]) -> ShareTable:
    """The figures of one network, asked for once at each share."""
    images = list(image_set.images.order_by("pk"))
    rows = [rows_by_photo(image_set, images, at_share) for at_share in asked]
    common = [image.pk for image in images if all(image.pk in by_photo for by_photo in rows)]
    points = [
        point
        for at_share, by_photo in zip(asked, rows, strict=True)
        for point in _points(at_share, [by_photo[pk] for pk in common])
    ]
    return ShareTable(
        asked[0].network.name,
        asked[0].network.layer,
        asked[0].methods,
        tuple(at_share.protocol.share for at_share in asked),
        photos=len(common),
        missing=len(images) - len(common),
        points=tuple(points),
    )


def _points(asked: EvaluationProgress, rows: list[dict[str, tuple]]) -> Iterator[Point]:
    for method, of_method in columns(rows, asked.methods).items():
        for score, figure, _ in TABLE_FIGURES:
            there = estimate(score, figure, of_method[score], of_method[f"{score}_left"])
            if there is not None:
                yield Point(asked.protocol.share, method, score, figure, there)


def shares_as_text(
    evaluated: ShareTable, set_name: str, protocols: Sequence[EvaluationProtocol], target: str
) -> str:
    """The table of one network: a block for each figure, shares as rows, methods as columns."""
    lines = [
        f"{evaluated.network} (layer {evaluated.layer}) on {set_name}, N = {evaluated.photos}; "
        f"explained: {Precompute.Target(target).label}",
        *(
            f"Protocol {protocol.name}. Mask: {protocol.mask_in_words}. Fill: {protocol.fill_in_words}."
            for protocol in protocols
        ),
        "In brackets: 95 % over photos (Student's t for a mean of drops, Wilson's interval for a share of photos).",
    ]
    if any(protocol.mask == AUTHORS_CODE for protocol in protocols):
        lines.append("The share is that of the first threshold; the second, on the photo, is fixed at 80 %.")
    for score, figure, words in TABLE_FIGURES:
        rows = [
            [
                f"{100 * share:g} %",
                *(evaluated.at(share, method, score, figure) or "–" for method in evaluated.methods),
            ]
            for share in evaluated.shares
        ]
        lines += ["", words, table(("kept", *evaluated.methods), rows)]
    return "\n".join([*lines, *_notes(evaluated)])


def _notes(evaluated: ShareTable) -> Iterator[str]:
    for score in ("confidence", "activation"):
        counted = {point.estimate.photos for point in evaluated.points if point.score == score}
        excluded = evaluated.photos - max(counted, default=0)
        if excluded:
            yield f"{excluded} of {evaluated.photos} photos have no {score} above 0, and are left out of its rows."
    if evaluated.missing:
        yield f"{evaluated.missing} photos lack a row at some share, and are left out."
