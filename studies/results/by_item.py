"""What was said about each item, and how much those who said it differ."""

import math
from dataclasses import dataclass

import numpy as np

from studies.analysis.agreement import disagreement_by_item
from studies.trial_types import trial_type_of

from .answers import Reading

Said = tuple[int, tuple[float, ...], tuple[str, ...], float | None]
NOTHING_SAID: Said = (0, (), (), None)


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
    disagreement: (
        float | None
    )  # 0: all answers alike; 1: as any two of the study; None: no two can be compared


def item_rows(reading: Reading) -> list[ItemRow]:
    """The items of a part in their order, those without answers too."""
    figures = _figures(reading)
    items = reading.study.items.order_by("index")
    if reading.part.class_name:
        items = items.filter(image__class_name=reading.part.class_name)
    photos = items.values_list("index", "image__original_name", "image__class_name", "image__content_sha256")
    return [ItemRow(*photo, *figures.get(photo[0], NOTHING_SAID)) for photo in photos]


@dataclass(frozen=True)
class Extremes:
    """The items about which people differ least and most, the strongest first; the same item is never in both."""

    agreed: tuple[ItemRow, ...] = ()
    disagreed: tuple[ItemRow, ...] = ()


def extremes_of(rows: list[ItemRow], most: int) -> Extremes:
    """Up to `most` items at either end: below and above the middle of the least and the most that people differ.

    Of equal ones those with more answers come first, then those with lower numbers. Where they differ alike about all items
    there are no extremes.
    """
    known = [(row.disagreement, row) for row in rows if row.disagreement is not None]
    ends = [far for far, _ in known]
    if not ends or min(ends) == max(ends):
        return Extremes()
    middle = (min(ends) + max(ends)) / 2
    agree = sorted((far, -row.answers, row.index) for far, row in known if far <= middle)
    differ = sorted((-far, -row.answers, row.index) for far, row in known if far > middle)
    by_index = {row.index: row for row in rows}

    def first(found: list[tuple[float, int, int]]) -> tuple[ItemRow, ...]:
        return tuple(by_index[index] for *_, index in found[:most])

    return Extremes(first(agree), first(differ))


def _figures(reading: Reading) -> dict[int, Said]:
    """For each item with answers: how many, their figures, these in words, and how much they differ."""
    answers, kind = reading.answers, trial_type_of(reading.study).results
    if not len(answers):
        return {}
    names, counts = answers.units.item_names.tolist(), np.bincount(answers.units.item).tolist()
    differ = disagreement_by_item(answers, kind.judged(answers), kind.scale).tolist()
    rows = zip(names, counts, kind.item_figures(answers), differ, strict=True)
    return {
        name: (count, row, tuple(map(kind.item_figure_in_words, row)), None if math.isnan(far) else far)
        for name, count, row, far in rows
    }
