"""The columns of single maps: the arm, the answers together, and each question's answer by itself."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

import numpy as np

from studies.analysis.table import UNKNOWN

from ..in_files import Cells, FileColumn, Files, Rows
from ..questions import TrialQuestion
from .answers import SingleAnswers


class Readings(Mapping[str, int]):
    """What a cell may say: an arm's name, a colon, and the answers. They are too many to be listed, so each is read when it is met."""

    def __init__(self, answers: SingleAnswers, arms: Sequence[str]) -> None:
        self.answers, self.arms = answers, list(arms)

    def __getitem__(self, cell: str) -> int:
        name, colon, listed = cell.rpartition(":")
        if not colon or name.strip() not in self.arms:
            raise KeyError(cell)
        try:
            shown = read_listed(self.answers, listed)
        except ValueError:
            raise KeyError(cell) from None
        return self.answers.stored_value([self.arms.index(name.strip())], shown)

    def __iter__(self) -> Iterator[str]:
        for value in range(len(self)):
            yield self.answers.in_words(value, self.arms)

    def __len__(self) -> int:
        return len(set(self.arms)) * self.answers.combinations


def read_listed(answers: SingleAnswers, text: str) -> int:
    """The shown value that a list of answers means. Raises ValueError where it is none."""
    said = [int(part) for part in text.split(",")]
    if len(said) != len(answers.questions):
        raise ValueError(text)
    if any(not q.least <= each <= q.most for q, each in zip(answers.questions, said, strict=True)):
        raise ValueError(text)
    return answers.number_of(said)


class SingleFiles(Files):
    """Arms by their names, answers as the whole numbers that they are."""

    column = "judged"
    shown_column = "answers_shown"
    in_wide = "the arm that was shown, and the answers in the questions’ order"

    def __init__(self, answers: SingleAnswers) -> None:
        self.answers = answers
        listed = ", ".join(question.column for question in answers.questions)
        self.columns = (  # type: ignore[misc]
            FileColumn(
                "judged",
                "text",
                "The arm that was shown, by name (in an attention check object), a colon, and the answers in the order of "
                f"{listed}, separated by commas.",
                self._judged,
            ),
            FileColumn(
                "arm",
                "category",
                "The arm whose map was judged, by name; in an attention check object.",
                self._arm,
                lambda arms, check_maps: list(dict.fromkeys([*arms, *check_maps])),
            ),
            FileColumn(
                "answers_shown",
                "text",
                f"The answers as on screen, in the order of {listed}. Empty: not known.",
                self._shown,
            ),
            *(
                FileColumn(
                    question.column, "integer", _described(question), partial(self._answer, place=place)
                )
                for place, question in enumerate(answers.questions)
            ),
        )

    def _names(self, rows: Rows) -> tuple[list[str], np.ndarray]:
        arms = self.answers.arms_in(rows.value)
        return [*rows.arms, *rows.check_maps], np.where(rows.check, arms + len(rows.arms), arms)

    def _judged(self, rows: Rows) -> Cells:
        names, arm = self._names(rows)
        keys, places = np.unique(np.stack([arm, rows.value]), axis=1, return_inverse=True)
        texts = [f"{names[which]}: {self.answers.listed(value)}" for which, value in keys.T.tolist()]
        return Cells(texts, places.reshape(-1))

    def _arm(self, rows: Rows) -> Cells:
        return Cells(*self._names(rows))

    def _shown(self, rows: Rows) -> Cells:
        values, places = np.unique(rows.shown, return_inverse=True)
        return Cells([None if v == UNKNOWN else self.answers.listed(v) for v in values.tolist()], places)

    def _answer(self, rows: Rows, place: int) -> Cells:
        question = self.answers.questions[place]
        said = self.answers.said_in(rows.value)[:, place]
        return Cells(range(question.least, question.most + 1), said - question.least)

    def wide_cell(self, value: int, arms: Sequence[str]) -> str:
        return self.answers.in_words(value, arms)

    def readings(self, arms: Sequence[str]) -> Readings:
        return Readings(self.answers, arms)

    def allowed(self, arms: Sequence[str]) -> str:
        ranges = ", ".join(question.range for question in self.answers.questions)
        return f"“ARM: ANSWERS”, ARM one of {', '.join(dict.fromkeys(arms))}, ANSWERS separated by commas ({ranges})"

    def shown_value(self, cell: str) -> int:
        return read_listed(self.answers, cell)


def _described(question: TrialQuestion) -> str:
    ends = f"{question.least}: {question.low or 'no'}; {question.most}: {question.high or 'yes'}."
    scale = f" Of the scale {question.scale}" if question.scale else ""
    turned = (
        f"{scale}, where it counts turned round."
        if scale and question.reversed
        else f"{scale}."
        if scale
        else ""
    )
    return f"Answer to “{question.text}” {ends}{turned}"
