"""The columns of a pair: which two arms were compared with what was said, the better one alone, and where it stood."""

from collections.abc import Callable, Sequence

import numpy as np

from studies.analysis.answers import SAME_NAME
from studies.analysis.paired.answers import FIRST, SAME, SECOND, said, values_of
from studies.analysis.table import UNKNOWN

from ..in_files import Cells, FileColumn, Files, Rows

BETTER, ALIKE = " > ", " = "


def written(value: int, arms: Sequence[str]) -> str:
    """“A > B” where A was better than B, “A = B” where they were the same."""
    a, b, outcome = (int(part) for part in said(value))
    if outcome == SAME:
        return f"{arms[a]}{ALIKE}{arms[b]}"
    better, other = (a, b) if outcome == FIRST else (b, a)
    return f"{arms[better]}{BETTER}{arms[other]}"


def _comparison(rows: Rows) -> Cells:
    return _by_value(rows, written)


def _better(rows: Rows) -> Cells:
    def better(value: int, arms: Sequence[str]) -> str:
        a, b, outcome = (int(part) for part in said(value))
        return {FIRST: arms[a], SECOND: arms[b], SAME: SAME_NAME}[outcome]

    return _by_value(rows, better)


def _by_value(rows: Rows, words: Callable[[int, Sequence[str]], str]) -> Cells:
    """A cell for each stored value that occurs, in trials and in attention checks."""
    code, places = np.unique(2 * np.asarray(rows.value, np.int64) + rows.check, return_inverse=True)
    names = (rows.arms, rows.check_maps)
    return Cells([words(one // 2, names[one % 2]) for one in code.tolist()], places)


def _side(rows: Rows) -> Cells:
    return Cells([0, 1, 2, None], np.where(rows.shown == UNKNOWN, 3, rows.shown + 1))


class PairFiles(Files):
    """Two arms by their names, and what was said."""

    column = "comparison"
    shown_column = "picked_side"
    in_wide = "the two arms and the answer: A > B, or A = B for the same"
    columns = (
        FileColumn(
            "comparison",
            "text",
            "The two arms that were compared: “A > B” where A was better, “A = B” where they were the same; in an attention check "
            "object and elsewhere.",
            _comparison,
        ),
        FileColumn(
            "better",
            "category",
            "The better one alone, by name, or “same”.",
            _better,
            lambda arms, check_maps: list(dict.fromkeys([*arms, SAME_NAME, *check_maps])),
        ),
        FileColumn(
            "picked_side",
            "integer",
            "What was picked on screen: 1 the left map, 2 the right one, 0 “same”. Empty: not known.",
            _side,
        ),
    )

    def wide_cell(self, value: int, arms: Sequence[str]) -> str:
        return written(value, arms)

    def readings(self, arms: Sequence[str]) -> dict[str, int]:
        """Two arms that are the same, in either order."""
        cells = {written(value, arms): value for value in range(values_of(len(arms)))}
        turned = {
            f"{arms[b]}{ALIKE}{arms[a]}": value
            for value in range(SAME, values_of(len(arms)), 3)
            for a, b in [tuple(int(part) for part in said(value)[:2])]
        }
        return turned | cells

    def shown_value(self, cell: str) -> int:
        return int(cell) - 1  # “same”, 0 in the file, is -1 on screen

    def allowed(self, arms: Sequence[str]) -> str:
        first, second = list(arms)[:2]
        return f"“{first}{BETTER}{second}” or “{first}{ALIKE}{second}” for two of {', '.join(arms)}"
