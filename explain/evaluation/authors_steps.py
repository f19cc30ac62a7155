"""What each step from the masks `paper` and `authors` to `authors-code` changes, on the same photos. Torch when it runs.

The figures come from stored rows (a step is a protocol of its own), the masks from stored maps, at the network's input.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from explain.cam.metrics.faithfulness import drops
from explain.cam.preprocessing import Preprocessing
from explain.core.commands import table
from explain.models import Image, ImageSet, Precompute

from .evaluate import EvaluationProgress, stored_maps
from .intervals import Estimate, mean
from .protocols import AUTHORS_CODE, find_protocol
from .tables import FIGURES, rows_by_photo

STEPS: tuple[tuple[str, str, str], ...] = (
    ("paper", "percentile", "from the percentile up (≥), not exactly the top share"),
    ("authors", "percentile", "binary, not the map over its maximum"),
    ("percentile", "percentile-8-bits", "the map as 8 bits"),
    ("percentile-8-bits", "percentile-lanczos", "Lanczos, not bilinear"),
    ("percentile-lanczos", AUTHORS_CODE, "on the photo: resized, thresholded again, whole levels"),
    ("paper", AUTHORS_CODE, "all of it, from paper"),
    ("authors", AUTHORS_CODE, "all of it, from authors"),
)
"""The protocol before, the one after, and what differs between them."""
STEP_NAMES: tuple[str, ...] = tuple(dict.fromkeys(name for step in STEPS for name in step[:2]))
"""The protocols that must be evaluated first."""
_WHOLE = 0.99


@dataclass(frozen=True)
class Change:
    """One step of one method: average drop in confidence before and after, and their difference over the same photos.

    meet        mean over photos of what both masks keep, as a part of what either keeps, 0..1; at the network's input
    meet_least  the least of them
    kept        mean part of the photo that the later mask keeps
    kept_whole  photos of which it keeps (nearly) all
    """

    network: str
    method: str
    before: str
    after: str
    step: str
    drop_before: float
    drop_after: float
    difference: Estimate
    meet: float
    meet_least: float
    kept: float
    kept_whole: int

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def changes(
    *,
    image_set: ImageSet,
    asked: Sequence[EvaluationProgress],
    report: Callable[[int, int], object] = lambda done, total: None,
) -> list[Change]:
    """Every step of every method of one network, asked for under each of STEP_NAMES, in that order.

    Over the photos that have all rows and confidences above 0; empty where there is none. `report(photos done, photos)`.
    """
    images = list(image_set.images.order_by("pk"))
    rows = {of.protocol.name: rows_by_photo(image_set, images, of) for of in asked}
    y, o = FIGURES.index("confidence"), FIGURES.index("confidence_left")
    common = [
        image
        for image in images
        if all(
            image.pk in by_photo and all(row[y] > 0 for row in by_photo[image.pk].values())
            for by_photo in rows.values()
        )
    ]
    masks = _Masks(asked[0])
    for done, image in enumerate(common):
        masks.add(image)
        report(done + 1, len(common))
    drop: dict[tuple[str, str], np.ndarray] = {}
    for name, by_photo in rows.items():
        for method in asked[0].methods:
            pairs = np.array([by_photo[image.pk][method] for image in common], dtype=float)
            if len(pairs):
                drop[name, method] = drops(pairs[:, y], pairs[:, o], scale=100)
    return [
        Change(
            asked[0].network.name,
            method,
            *step,
            float(drop[step[0], method].mean()),
            float(drop[step[1], method].mean()),
            mean(drop[step[1], method] - drop[step[0], method]),
            **masks.figures(method, step[0], step[1]),
        )
        for method in asked[0].methods
        for step in STEPS
        if common
    ]


class _Masks:
    """How the masks of each step compare, photo by photo; the masks themselves are not kept."""

    def __init__(self, asked: EvaluationProgress) -> None:
        self._asked = asked
        self._size = Preprocessing.from_json(asked.network.preprocessing).size
        self._kept: dict[tuple[str, str], list[float]] = {}
        self._meet: dict[tuple[str, str, str], list[float]] = {}

    def add(self, image: Image) -> None:
        wanted = self._asked.wanted([image])
        maps = stored_maps(self._asked.network, wanted)
        for entry in wanted:
            masks = {name: self._mask(maps[entry.map_key].array(), name) for name in STEP_NAMES}
            for name, mask in masks.items():
                self._kept.setdefault((entry.method, name), []).append(float(mask.mean()))
            for before, after, _ in STEPS:
                both, either = (masks[before] & masks[after]).sum(), (masks[before] | masks[after]).sum()
                part = float(both / either) if either else 1.0
                self._meet.setdefault((entry.method, before, after), []).append(part)

    def _mask(self, cells: np.ndarray, name: str) -> np.ndarray:
        import torch

        from explain.cam.metrics.masking import Masking, masks_of

        # On its way to the photo the mask of authors-code is that of the step before.
        protocol = find_protocol("percentile-lanczos" if name == AUTHORS_CODE else name)
        masking = Masking(str(protocol.mask), share=protocol.share)
        return masks_of(torch.from_numpy(cells.copy())[None], self._size, masking)[0].numpy() > 0

    def figures(self, method: str, before: str, after: str) -> dict[str, Any]:
        meet, kept = np.array(self._meet[method, before, after]), np.array(self._kept[method, after])
        return {
            "meet": float(meet.mean()),
            "meet_least": float(meet.min()),
            "kept": float(kept.mean()),
            "kept_whole": int((kept >= _WHOLE).sum()),
        }


def changes_as_text(rows: Sequence[Change], network: str, image_set: ImageSet, target: str) -> str:
    """The table of one network."""
    photos = rows[0].difference.photos if rows else 0
    total = image_set.images.count()
    lines = [
        f"{network} on {image_set.name}, N = {photos}; explained: {Precompute.Target(target).label}",
        "Average % drop in confidence, from the masks paper and authors to authors-code, step by step on the same photos.",
        "",
    ]
    if not rows:
        return "\n".join([*lines, "No photo has all rows and a confidence above 0."])
    head = (
        "method",
        "from",
        "to",
        "what changes",
        "drop before",
        "after",
        "difference",
        "masks meet",
        "least",
    )
    return "\n".join([*lines, table(head, [_cells(row) for row in rows]), *_notes(rows, total - photos)])


def _cells(row: Change) -> list[str]:
    difference = f"{row.difference.value:+.1f}"
    if row.difference.interval is not None:
        low, high = row.difference.interval
        difference += f" [{low:+.1f}, {high:+.1f}]"
    return [
        row.method,
        row.before,
        row.after,
        row.step,
        f"{row.drop_before:.1f}",
        f"{row.drop_after:.1f}",
        difference,
        f"{row.meet:.0%}",
        f"{row.meet_least:.0%}",
    ]


def _notes(rows: Sequence[Change], missing: int) -> Iterator[str]:
    if missing:
        yield f"{missing} photos lack a row, and are left out."
    yield "Difference: 95 % over photos (Student's t). Masks meet: what both keep, as a part of what either keeps, at the network's"
    yield "input (mean and least over photos); the mask of authors-code there is that before it goes on to the photo."
    for row in rows:
        if row.kept_whole and (row.before, row.after) in {step[:2] for step in STEPS[:5]}:
            yield f"{row.after} keeps the whole photo for {row.kept_whole} maps of {row.method}: most of such a map equals its percentile."
