"""The columns of a choice: what was picked, and where it stood."""

from collections.abc import Sequence

import numpy as np

from studies.analysis.answers import SAME, SAME_NAME
from studies.analysis.table import UNKNOWN

from ..in_files import Cells, FileColumn, Files, Rows


def _picked(rows: Rows) -> Cells:
    main, check = [*rows.arms, SAME_NAME], [*rows.check_maps, SAME_NAME]
    places = rows.value % len(main)  # “same” is -1, and so comes last
    return Cells([*main, *check], np.where(rows.check, places + len(main), places))


def _position(rows: Rows) -> Cells:
    unknown = len(rows.arms) + 1
    places = np.where(rows.shown == UNKNOWN, unknown, rows.shown + 1)
    return Cells([*range(unknown), None], places)


class ChoiceFiles(Files):
    """Arms by their names, and “same”."""

    column = "choice"
    shown_column = "position"
    in_wide = "the arm picked, or same"
    columns = (
        FileColumn(
            "choice",
            "category",
            "The arm that was picked, by name, or “same”; in an attention check object or elsewhere.",
            _picked,
            lambda arms, check_maps: list(dict.fromkeys([*arms, SAME_NAME, *check_maps])),
        ),
        FileColumn(
            "position",
            "integer",
            "Position that was picked, from 1 (A); 0 for “same”. Empty: not known.",
            _position,
        ),
    )

    def wide_cell(self, value: int, arms: Sequence[str]) -> str:
        return SAME_NAME if value == SAME else arms[value]

    def readings(self, arms: Sequence[str]) -> dict[str, int]:
        return {name: index for index, name in enumerate(arms)} | {SAME_NAME: SAME}

    def shown_value(self, cell: str) -> int:
        return int(cell) - 1  # “same”, 0 in the file, is -1 on screen

    def allowed(self, arms: Sequence[str]) -> str:
        return ", ".join(self.readings(arms))
