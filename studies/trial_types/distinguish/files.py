"""The columns of distinguish: the arm and the letter, which letter is right, and whether the network is right about the photo."""

from collections.abc import Mapping, Sequence

import numpy as np

from studies.analysis.table import UNKNOWN

from ..in_files import Cells, FileColumn, Files, Rows
from .answers import DistinguishAnswers

NO_YES = (0, 1, None)


class DistinguishFiles(Files):
    """Arms by their names, maps by the letters that stood on them."""

    column = "distinguished"
    shown_column = "letter_shown"
    in_wide = "the arm that was shown, and the letter that was picked"

    def __init__(self, answers: DistinguishAnswers) -> None:
        self.answers = answers
        letters, wanted = (
            ", ".join(answers.letters),
            "network chooses" if answers.asks == "network" else "photo belongs to",
        )
        self.columns = (  # type: ignore[misc]
            FileColumn(
                "distinguished",
                "text",
                f"The arm that was shown, by name (in an attention check object), a colon, and the letter that was picked: {letters}.",
                self._said,
            ),
            FileColumn(
                "maps_by",
                "category",
                "The arm whose maps were shown, by name; in an attention check object.",
                lambda rows: Cells(*self._names(rows)),
                lambda arms, check_maps: list(dict.fromkeys([*arms, *check_maps])),
            ),
            FileColumn(
                "letter",
                "category",
                f"The letter that was picked: {letters}.",
                lambda rows: Cells([*answers.letters], answers.arms_and_said(rows.value)[1]),
                lambda arms, check_maps: [*answers.letters],
            ),
            FileColumn(
                "letter_shown",
                "integer",
                f"The button that was pressed, from 1 for A to {answers.classes}. Empty: not known.",
                self._shown,
            ),
            FileColumn(
                "right_letter",
                "category",
                f"The truth: the letter of the class that the {wanted}. Empty in an attention check.",
                lambda rows: Cells([*answers.letters, None], self._truth(rows)[0]),
                lambda arms, check_maps: [*answers.letters],
            ),
            FileColumn(
                "network_was_right",
                "integer",
                "1 where the network’s top class is the photo’s label, 0 where it is not. Empty in an attention check.",
                lambda rows: Cells(NO_YES, self._truth(rows)[1]),
            ),
            FileColumn(
                "picked_right",
                "integer",
                "1 where letter is right_letter, else 0. Empty in an attention check.",
                self._correct,
            ),
        )

    def _names(self, rows: Rows) -> tuple[list[str], np.ndarray]:
        arms, _ = self.answers.arms_and_said(rows.value)
        return [*rows.arms, *rows.check_maps], np.where(rows.check, arms + len(rows.arms), arms)

    def _said(self, rows: Rows) -> Cells:
        names, arm = self._names(rows)
        _, place = self.answers.arms_and_said(rows.value)
        letters = self.answers.letters
        return Cells(
            [f"{name}: {letter}" for name in names for letter in letters], arm * len(letters) + place
        )

    def _shown(self, rows: Rows) -> Cells:
        classes = self.answers.classes
        return Cells([*range(1, classes + 1), None], np.where(rows.shown == UNKNOWN, classes, rows.shown))

    def _truth(self, rows: Rows) -> tuple[np.ndarray, np.ndarray]:
        """(n,) the place that is right, `classes` where none is; (n,) 0 or 1, 2 where nothing is true."""
        truth = rows.truth if len(rows.truth) else np.full(len(rows.value), UNKNOWN)
        known = truth != UNKNOWN
        return np.where(known, truth // 2, self.answers.classes), np.where(known, truth % 2, 2)

    def _correct(self, rows: Rows) -> Cells:
        _, place = self.answers.arms_and_said(rows.value)
        right, _ = self._truth(rows)
        return Cells(NO_YES, np.where(right == self.answers.classes, 2, place == right))

    def wide_cell(self, value: int, arms: Sequence[str]) -> str:
        return self.answers.in_words(value, arms)

    def readings(self, arms: Sequence[str]) -> Mapping[str, int]:
        """Where arms of a check have one name, the first."""
        return {
            self.answers.in_words(value, arms): value
            for value in reversed(range(len(arms) * self.answers.classes))
        }

    def allowed(self, arms: Sequence[str]) -> str:
        return f"“ARM: LETTER”, ARM one of {', '.join(dict.fromkeys(arms))}, LETTER one of {', '.join(self.answers.letters)}"

    def shown_value(self, cell: str) -> int:
        return int(cell) - 1
