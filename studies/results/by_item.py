"""What was said about each item."""

from dataclasses import dataclass

import numpy as np

from studies.trial_types import trial_type_of

from .answers import Reading


@dataclass(frozen=True)
class ItemRow:
    """One item, how many answered, and the figures of their answers."""

    index: int
    photo: str
    class_name: str
    photo_sha256: str  # of the re-encoded photo
    answers: int
    shares: tuple[float, ...]  # the figures of the trial type (its `item_columns`); empty without answers
    in_words: tuple[str, ...]  # the same as people read them


def item_rows(reading: Reading) -> list[ItemRow]:
    """All items of a study in their order, those without answers too."""
    figures = _figures(reading)
    photos = reading.study.items.order_by("index").values_list(
        "index", "image__original_name", "image__class_name", "image__content_sha256"
    )
    return [ItemRow(*photo, *figures.get(photo[0], (0, (), ()))) for photo in photos]


def _figures(reading: Reading) -> dict[int, tuple[int, tuple[float, ...], tuple[str, ...]]]:
    """For each item with answers: how many, their figures, and these in words."""
    answers, kind = reading.answers, trial_type_of(reading.study).results
    if not len(answers):
        return {}
    names, counts = answers.units.item_names.tolist(), np.bincount(answers.units.item).tolist()
    rows = kind.item_figures(answers)
    return {
        name: (count, row, tuple(map(kind.item_figure_in_words, row)))
        for name, count, row in zip(names, counts, rows, strict=True)
    }
