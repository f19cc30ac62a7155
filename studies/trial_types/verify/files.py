"""The columns of verify: the arm and the answer, what is true, and whether the answer is correct."""

from collections.abc import Mapping, Sequence

import numpy as np

from studies.analysis.table import UNKNOWN

from ..in_files import Cells, FileColumn, Files, Rows
from .answers import VerifyAnswers

NO_YES = (0, 1, None)


class VerifyFiles(Files):
    """Arms by their names, answers by the words of `WORDS`, whatever the study calls them on screen."""

    column = "verified"
    shown_column = "verdict_shown"
    in_wide = "the arm that was shown, and the answer"

    def __init__(self, answers: VerifyAnswers) -> None:
        self.answers = answers
        words = ", ".join(answers.words)
        self.columns = (  # type: ignore[misc]
            FileColumn(
                "verified",
                "text",
                f"The arm that was shown, by name (in an attention check object), a colon, and the answer: {words}.",
                self._verified,
            ),
            FileColumn(
                "explained_by",
                "category",
                "The arm whose map was shown, by name; in an attention check object.",
                lambda rows: Cells(*self._names(rows)),
                lambda arms, check_maps: list(dict.fromkeys([*arms, *check_maps])),
            ),
            FileColumn(
                "verdict",
                "category",
                f"The answer to “is the network right?”: {words}.",
                lambda rows: Cells(answers.words, answers.arms_and_said(rows.value)[1]),
                lambda arms, check_maps: answers.words,
            ),
            FileColumn(
                "verdict_shown",
                "integer",
                f"The button that was pressed, from 1 on the left (wrong) to {answers.steps} (right). Empty: not known.",
                self._shown,
            ),
            FileColumn(
                "network_right",
                "integer",
                "The truth: 1 where what the network says is the photo’s label, 0 where it is not. Empty in an attention check, "
                "which shows what is right.",
                lambda rows: Cells(NO_YES, self._truth(rows)),
            ),
            FileColumn(
                "correct",
                "integer",
                "1 where the answer agrees with network_right: right about a right answer, wrong about a wrong one; else 0.",
                self._correct,
            ),
        )

    def _names(self, rows: Rows) -> tuple[list[str], np.ndarray]:
        arms, _ = self.answers.arms_and_said(rows.value)
        return [*rows.arms, *rows.check_maps], np.where(rows.check, arms + len(rows.arms), arms)

    def _verified(self, rows: Rows) -> Cells:
        names, arm = self._names(rows)
        _, said = self.answers.arms_and_said(rows.value)
        words = self.answers.words
        return Cells([f"{name}: {word}" for name in names for word in words], arm * len(words) + said)

    def _shown(self, rows: Rows) -> Cells:
        steps = self.answers.steps
        return Cells([*range(1, steps + 1), None], np.where(rows.shown == UNKNOWN, steps, rows.shown))

    def _truth(self, rows: Rows) -> np.ndarray:
        """(n,) 0, 1, or 2 where nothing is true."""
        if not len(rows.truth):
            return np.full(len(rows.value), 2)
        return np.where(rows.truth == UNKNOWN, 2, rows.truth)

    def _correct(self, rows: Rows) -> Cells:
        _, said = self.answers.arms_and_said(rows.value)
        truth = self._truth(rows)
        return Cells(NO_YES, np.where(truth == 2, 2, self.answers.says_right(said) == (truth == 1)))

    def wide_cell(self, value: int, arms: Sequence[str]) -> str:
        return self.answers.in_words(value, arms)

    def readings(self, arms: Sequence[str]) -> Mapping[str, int]:
        """Where arms of a check have one name, the first."""
        return {
            self.answers.in_words(value, arms): value
            for value in reversed(range(len(arms) * self.answers.steps))
        }

    def allowed(self, arms: Sequence[str]) -> str:
        return f"“ARM: ANSWER”, ARM one of {', '.join(dict.fromkeys(arms))}, ANSWER one of {', '.join(self.answers.words)}"

    def shown_value(self, cell: str) -> int:
        return int(cell) - 1
