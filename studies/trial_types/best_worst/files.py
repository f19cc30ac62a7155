"""The columns of best and worst: both arms, and where they stood."""

from collections.abc import Iterable, Sequence
from itertools import permutations

import numpy as np

from studies.analysis.table import UNKNOWN

from ..in_files import Cells, FileColumn, Files, Rows
from .codes import BASE, code, codes, decoded

BETWEEN = " > "


def _both(rows: Rows) -> Cells:
    """In a check places are named instead of arms."""
    texts = [_text(value, names) for names in (rows.arms, rows.check_maps) for value in codes(len(names))]
    every = codes(len(rows.arms))
    return Cells(texts, np.searchsorted(every, rows.value) + np.where(rows.check, len(every), 0))


def _text(value: int, names: Sequence[str]) -> str:
    return BETWEEN.join(names[place] for place in decoded(value))


def _named(rows: Rows, part: int) -> Cells:
    places = np.divmod(rows.value, BASE)[part]
    return Cells([*rows.arms, *rows.check_maps], np.where(rows.check, places + len(rows.arms), places))


def _positions(rows: Rows) -> Cells:
    every = [code(*pair) for pair in permutations(range(BASE), 2)]
    place_of = {value: place for place, value in enumerate(every)} | {UNKNOWN: len(every)}
    places = np.array([place_of[value] for value in rows.shown.tolist()], int)
    return Cells([*map(_as_positions, every), None], places)


def _as_positions(value: int) -> str:
    best, worst = decoded(value)
    return f"{best + 1}{BETWEEN}{worst + 1}"


def _pairs(names: Sequence[str]) -> Iterable[str]:
    return dict.fromkeys(_text(value, names) for value in codes(len(names)))


class BestWorstFiles(Files):
    """“BEST > WORST”, by the arms’ names."""

    column = "best_worst"
    shown_column = "best_worst_positions"
    in_wide = "the best and the worst arm as “best > worst”"
    columns = (
        FileColumn(
            "best_worst",
            "category",
            "The arm named best and the arm named worst: “best > worst”; in an attention check object or elsewhere.",
            _both,
            lambda arms, check_maps: list(dict.fromkeys([*_pairs(arms), *_pairs(check_maps)])),
        ),
        FileColumn(
            "best",
            "category",
            "The arm named best, by name; in an attention check object or elsewhere.",
            lambda rows: _named(rows, 0),
            lambda arms, check_maps: list(dict.fromkeys([*arms, *check_maps])),
        ),
        FileColumn(
            "worst",
            "category",
            "The arm named worst, by name; in an attention check object or elsewhere.",
            lambda rows: _named(rows, 1),
            lambda arms, check_maps: list(dict.fromkeys([*arms, *check_maps])),
        ),
        FileColumn(
            "best_worst_positions",
            "text",
            "The positions of the best and the worst on screen, from 1 (A): “1 > 3”. Empty: not known.",
            _positions,
        ),
    )

    def wide_cell(self, value: int, arms: Sequence[str]) -> str:
        return _text(value, arms)

    def readings(self, arms: Sequence[str]) -> dict[str, int]:
        return {_text(value, arms): value for value in codes(len(arms))}

    def shown_value(self, cell: str) -> int:
        best, worst = (int(part) - 1 for part in cell.split(BETWEEN.strip()))
        return code(best, worst)

    def allowed(self, arms: Sequence[str]) -> str:
        return f"“BEST{BETWEEN}WORST” of two different ones of {', '.join(dict.fromkeys(arms))}"
