"""What was said about each item."""

from dataclasses import dataclass

import numpy as np

from studies.analysis.scores import item_shares_of, rating_scores_of
from studies.analysis.table import Choices

from .answers import Reading


@dataclass(frozen=True)
class ItemRow:
    """What was said about one item."""

    index: int
    photo: str
    class_name: str
    photo_sha256: str  # of the re-encoded photo
    answers: int
    shares: tuple[float, ...]  # of each arm, and of same; or the mean rating alone; empty without answers


def item_rows(reading: Reading) -> list[ItemRow]:
    """All items of a study in their order, those without answers too."""
    said = _said(reading)
    photos = reading.study.items.order_by("index").values_list(
        "index", "image__original_name", "image__class_name", "image__content_sha256"
    )
    return [ItemRow(*photo, *said.get(photo[0], (0, ()))) for photo in photos]


def _said(reading: Reading) -> dict[int, tuple[int, tuple[float, ...]]]:
    """For each item with answers: how many, and the shares of the arms and of same, or the mean rating."""
    answers = reading.answers
    if not len(answers):
        return {}
    names, counts = answers.units.item_names.tolist(), np.bincount(answers.units.item).tolist()
    if isinstance(answers, Choices):
        rows = [tuple(row) for row in item_shares_of(answers).shares.tolist()]
    else:
        rows = [(mean,) for mean in rating_scores_of(answers).by_item.values()]
    return {name: (count, row) for name, count, row in zip(names, counts, rows, strict=True)}
