"""The columns of a rating: for the first arm, as it was on screen, and on which side the first arm stood."""

from collections.abc import Sequence

import numpy as np

from studies.analysis.answers import RATING_LIMIT
from studies.analysis.table import UNKNOWN

from ..in_files import Cells, FileColumn, Files, Rows

RATINGS = range(-RATING_LIMIT, RATING_LIMIT + 1)
SIDES = {"0,1": "left", "1,0": "right"}


def _rating(rows: Rows) -> Cells:
    return Cells(RATINGS, rows.value + RATING_LIMIT)


def _rating_shown(rows: Rows) -> Cells:
    places = np.where(rows.shown == UNKNOWN, len(RATINGS), rows.shown + RATING_LIMIT)
    return Cells([*RATINGS, None], places)


def _side(rows: Rows) -> Cells:
    return Cells([SIDES.get(order) for order in rows.orders], rows.order)


class RatingFiles(Files):
    """Numbers from −2 to 2."""

    column = "rating"
    shown_column = "rating_shown"
    in_wide = "the rating, positive for the first arm"
    columns = (
        FileColumn(
            "rating",
            "integer",
            "−2 … 2. Positive: the first arm was judged more reliable; in an attention check, the map on the object.",
            _rating,
        ),
        FileColumn(
            "rating_shown",
            "integer",
            "−2 … 2 as on screen. Positive: the map on the right. Empty: not known.",
            _rating_shown,
        ),
        FileColumn(
            "first_arm_side",
            "category",
            "Side on which the first arm stood, or in an attention check the map on the object: left or right. Empty: not "
            "known.",
            _side,
            lambda arms, check_maps: list(SIDES.values()),
        ),
    )

    def wide_cell(self, value: int, arms: Sequence[str]) -> int:
        return value

    def readings(self, arms: Sequence[str]) -> dict[str, int]:
        """As programs and as people write them, with a plus or a minus sign of either kind."""
        plain = {str(value): value for value in RATINGS}
        return plain | {f"{value:+d}".replace("-", "−"): value for value in RATINGS if value}

    def shown_value(self, cell: str) -> int:
        return int(cell)

    def allowed(self, arms: Sequence[str]) -> str:
        return f"−{RATING_LIMIT} to {RATING_LIMIT}"
