"""The columns of a ranking: the arms in order, and as they stood on screen."""

from collections.abc import Iterator, Sequence
from itertools import permutations, product
from typing import cast

import numpy as np

from studies.analysis.table import UNKNOWN

from ..in_files import Cells, FileColumn, Files, Rows
from .codes import Groups, code, codes, decoded

BEFORE, ALIKE = " > ", " = "


def _text(groups: Groups, names: Sequence[str]) -> str:
    return BEFORE.join(ALIKE.join(names[at] for at in group) for group in groups)


def _ranking(rows: Rows) -> Cells:
    """In a check places are named instead of arms."""
    every = codes(len(rows.arms))
    texts = [_text(decoded(value), names) for names in (rows.arms, rows.check_maps) for value in every]
    return Cells(texts, np.searchsorted(every, rows.value) + np.where(rows.check, len(every), 0))


def _positions(rows: Rows) -> Cells:
    every, numbers = codes(len(rows.arms)), [str(at + 1) for at in range(len(rows.arms))]
    texts = [_text(decoded(value), numbers) for value in every]
    places = np.where(rows.shown == UNKNOWN, len(every), np.searchsorted(every, rows.shown))
    return Cells([*texts, None], places)


def _spellings(names: Sequence[str]) -> Iterator[tuple[str, int]]:
    """Every way to write every ranking: those who tie in any order."""
    for order in permutations(range(len(names))):
        for between in product((BEFORE, ALIKE), repeat=len(names) - 1):
            groups = [[order[0]]]
            for at, sign in zip(order[1:], between, strict=True):
                if sign == BEFORE:
                    groups.append([])
                groups[-1].append(at)
            yield _text(groups, names), code(groups)


class RankFiles(Files):
    """“BEST > NEXT = NEXT > WORST”, by the arms’ names."""

    column = "ranking"
    shown_column = "ranking_positions"
    in_wide = "the arms from best to worst as “best > next = next > worst”, where = is a tie"
    columns = (
        FileColumn(
            "ranking",
            "text",
            "The arms from best to worst: “best > next = next > worst”, where = is a tie; in an attention check object and elsewhere.",
            _ranking,
        ),
        FileColumn(
            "ranking_positions",
            "text",
            "The same by the positions on screen, from 1 (A): “2 > 1 = 3”. Empty: not known.",
            _positions,
        ),
    )

    def wide_cell(self, value: int, arms: Sequence[str]) -> str:
        return _text(decoded(value), arms)

    def readings(self, arms: Sequence[str]) -> dict[str, int]:
        return dict(_spellings(arms))

    def shown_value(self, cell: str) -> int:
        groups = [
            [int(number) - 1 for number in group.split(ALIKE.strip())] for group in cell.split(BEFORE.strip())
        ]
        return code(groups) if min(map(min, cast(list[list[int]], groups))) >= 0 else 0

    def allowed(self, arms: Sequence[str]) -> str:
        return f"all of {', '.join(dict.fromkeys(arms))} from best to worst, “{BEFORE}” or, for a tie, “{ALIKE}” between them"
