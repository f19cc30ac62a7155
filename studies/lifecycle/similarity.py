"""Whether two arms of a study look the same: a comparison of what cannot be told apart finds nothing.

For each pair of arms, over all items: Pearson's correlation of the two raw maps, and whether the two pictures can be
told apart. They cannot if their mean difference of colour is below what people perceive in pictures: both are averaged
over a grid of 16 × 16 fields, and the mean difference of the fields, ΔE*ab in CIELAB (D65), is at most 2.15 (Stokes,
Fairchild, Berns, Precision requirements for digital color reproduction, ACM Transactions on Graphics 11, 1992).

What is found is kept with the study. Where more than half of a pair's pictures cannot be told apart, opening asks that
somebody has seen it, and that they have is part of the study's hash.

Beside it stands the contrary: how well an arm is guessed from its pictures alone, by their grain, colours and borders
(analysis/blindness.py), without a look at where anything lies.
"""

from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

import numpy as np
from PIL import Image as PillowImage

from explain.cam.rendering import render
from explain.cam.rendering.traits import looks_of
from explain.core.errors import BadInputError
from explain.core.parallel import in_threads
from explain.map_sources import source_of
from explain.models import ExplanationMap
from studies.analysis.blindness import Recognition, recognised
from studies.models import Item, ItemMap, Study

from .study_pictures import prepare_pictures

NOTICEABLE = 2.15  # mean ΔE*ab
FIELDS = 16
MOST_LOOKED_AT = 120
"""Items whose pictures are looked at to guess their arm."""
MOST_ALIKE = 0.5  # of the items: above this, opening asks


@dataclass(frozen=True)
class Pair:
    """Two arms by name. `alike`: share of the items whose pictures cannot be told apart. Items by their number.

    correlation is over the items where both maps vary; None where there is none.
    """

    first: str
    second: str
    items: int
    correlation_median: float | None
    correlation_least: float | None
    alike: float
    closest: int
    farthest: int
    closest_difference: float  # mean ΔE*ab
    farthest_difference: float

    @property
    def too_alike(self) -> bool:
        return self.alike > MOST_ALIKE

    @property
    def in_words(self) -> str:
        alike = round(self.alike * self.items)
        if not alike:
            verdict = f"can be told apart on all {self.items} photos"
        elif alike == self.items:
            verdict = f"look the same on all {self.items} photos"
        else:
            verdict = f"look the same on {alike} of {self.items} photos"
        return f"{self.first} and {self.second} {verdict}"


class ChangedError(BadInputError):
    """The study was set up anew while its arms were being compared."""


def is_measured(study: Study) -> bool:
    return bool(study.likeness)


def pairs_of(study: Study) -> list[Pair]:
    """What was measured and is kept, most alike first; empty if nothing was measured yet."""
    return [Pair(**pair) for pair in study.likeness.get("pairs", [])]


def measure(study: Study, progress: Callable[[int, int], object] = lambda *_: None) -> list[Pair]:
    """Compare every pair of arms on every item, and keep what was found with the study. Reads every picture once.

    Raises ChangedError, and keeps nothing, where the arms are others by then.
    """
    compared = arms_of(study)
    arms = list(study.arms.order_by("index").values_list("index", "name"))
    couples = list(combinations(range(len(arms)), 2))
    correlations: dict[tuple[int, int], list[float]] = {couple: [] for couple in couples}
    differences: dict[tuple[int, int], list[float]] = {couple: [] for couple in couples}
    numbers = []
    total = study.items.count()
    items = study.items.order_by("index").prefetch_related(
        "item_maps__map__network", "item_maps__map__map_set__network", "item_maps__arm"
    )
    prepare_pictures(study)
    looks: list[np.ndarray] = []
    looked_at = numbers_looked_at(total)

    def compare(item: Item) -> tuple[list[tuple[float, float | None]], np.ndarray | None]:
        shown = {item_map.arm.index: item_map for item_map in item.item_maps.all()}
        maps = [_array(shown[index].map) for index, _ in arms]
        fields = [_fields(shown[index].picture) for index, _ in arms]
        pairs = [
            (float(np.linalg.norm(fields[a] - fields[b], axis=-1).mean()), correlate(maps[a], maps[b]))
            for a, b in couples
        ]
        return pairs, _looks(item, [shown[index] for index, _ in arms]) if item.index in looked_at else None

    with closing(in_threads(compare, items.iterator(chunk_size=50))) as compared_items:
        for done, (item, (pairs_of_item, looks_of_item)) in enumerate(compared_items, start=1):
            numbers.append(item.index)
            if looks_of_item is not None:
                looks.append(looks_of_item)
            for couple, (difference, correlation) in zip(couples, pairs_of_item, strict=True):
                differences[couple].append(difference)
                if correlation is not None:
                    correlations[couple].append(correlation)
            progress(done, total)
    pairs = [
        _pair(arms[a][1], arms[b][1], numbers, correlations[a, b], differences[a, b]) for a, b in couples
    ]
    pairs.sort(key=lambda pair: (-pair.alike, -(pair.correlation_median or 0)))
    if arms_of(study) != compared:
        raise ChangedError(f"{study}: its set-up was changed meanwhile; its arms have to be compared again.")
    known = recognised(np.stack(looks), seed=study.seed) if looks and len(arms) > 1 else None
    study.likeness = {
        "noticeable": NOTICEABLE,
        "pairs": [asdict(pair) for pair in pairs],
        "told": rounded(known) if known else None,
    }
    Study.objects.filter(pk=study.pk).update(likeness=study.likeness)
    return pairs


def recognition_of(study: Study) -> Recognition | None:
    """How well an arm is known by its pictures alone, as it was measured; None where it was not, or of too few photos."""
    told = study.likeness.get("told")
    return Recognition(**told) if told else None


def numbers_looked_at(items: int) -> set[int]:
    """The items whose pictures are looked at for it, evenly spread."""
    return set(np.linspace(0, max(items - 1, 0), min(items, MOST_LOOKED_AT)).round().astype(int).tolist())


def rounded(known: Recognition) -> dict[str, Any]:
    return {
        "accuracy": round(known.accuracy, 4),
        "interval": [round(end, 4) for end in known.interval],
        "chance": round(known.chance, 4),
        "by_arm": [round(share, 4) for share in known.by_arm],
        "photos": known.photos,
    }


def _looks(item: Item, shown: list[ItemMap]) -> np.ndarray:
    """(arms, f)"""
    return looks_of([_pixels(item_map.picture) for item_map in shown], _pixels(item.picture))


def _pixels(file: Any) -> np.ndarray:
    with file.open("rb") as opened, PillowImage.open(opened) as picture:
        return np.asarray(picture.convert("RGB"))


def arms_of(study: Study) -> list[int]:
    """Keys of the arms: a study that is set up anew has others."""
    return list(study.arms.order_by("index").values_list("pk", flat=True))


def _pair(
    first: str, second: str, numbers: list[int], correlations: list[float], differences: list[float]
) -> Pair:
    gaps = np.array(differences)
    return Pair(
        first=first,
        second=second,
        items=len(numbers),
        correlation_median=round(float(np.median(correlations)), 4) if correlations else None,
        correlation_least=round(min(correlations), 4) if correlations else None,
        alike=round(float((gaps <= NOTICEABLE).mean()), 4),
        closest=numbers[int(gaps.argmin())],
        farthest=numbers[int(gaps.argmax())],
        closest_difference=round(float(gaps.min()), 2),
        farthest_difference=round(float(gaps.max()), 2),
    )


def _array(row: ExplanationMap) -> np.ndarray | None:
    return row.array() if source_of(row).has_arrays else None


def correlate(first: np.ndarray | None, second: np.ndarray | None) -> float | None:
    """Pearson's correlation of two maps, the coarser one brought to the finer one's size; None if one is constant or has
    no array."""
    if first is None or second is None:
        return None
    first, second = render.at_one_size(first, second)
    if first.std() == 0 or second.std() == 0:
        return None
    return float(np.corrcoef(first.ravel(), second.ravel())[0, 1])


def _fields(file: Any) -> np.ndarray:
    """(FIELDS, FIELDS, 3) CIELAB of a picture averaged over a grid."""
    with file.open("rb") as opened, PillowImage.open(opened) as picture:
        small = picture.convert("RGB").resize((FIELDS, FIELDS), PillowImage.Resampling.BOX)
    return lab(np.asarray(small, dtype=np.float64) / 255)


_TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
_WHITE = np.array([0.95047, 1.0, 1.08883])  # D65


def lab(srgb: np.ndarray) -> np.ndarray:
    """CIELAB (…, 3) of sRGB (…, 3) in 0..1 (IEC 61966-2-1, CIE 15).

    >>> lab(np.array([1.0, 1.0, 1.0])).round(1).tolist()
    [100.0, 0.0, -0.0]
    """
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    ratio = linear @ _TO_XYZ.T / _WHITE
    f = np.where(ratio > (6 / 29) ** 3, np.cbrt(ratio), ratio / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.stack(
        [116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], axis=-1
    )
