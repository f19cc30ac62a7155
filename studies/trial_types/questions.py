"""Questions that a protocol asks of each map: `[[trial_questions]]`. How each is answered, and what its answers are as numbers.

Plain data: read and checked by `protocol/trial_questions.py`, kept in the study's wording under `ASKS`, asked by the trial types
that take them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

import numpy as np

HAS_LEFT, EMBARGO = "has_left", "embargo"  # keys of the options of a study without an end: names of arms
OPTIONS = "options"  # the key of a study's wording that has what its protocol's table of the type's name says
ASKS = "asks"  # the key of a study's wording that has them, each as a dict
SHUFFLED = "asks_shuffled"  # the key that says that each trial has an order of its own
MOST_QUESTIONS = 8


class AnswerKind(StrEnum):
    """How a question of a trial is answered, as `kind` in [[trial_questions]] has it."""

    POINTS = "points"
    YES_NO = "yes-no"
    SLIDER = "slider"


POINTS = (5, 7)


@dataclass(frozen=True)
class TrialQuestion:
    """One question. Its answers are whole numbers from `least` to `most`."""

    key: str  # names it in files
    text: str
    kind: str = AnswerKind.POINTS.value
    points: int = 7  # of `points`
    low: str = ""  # what the lowest answer means, and the highest
    high: str = ""
    scale: str = ""  # questions of one scale have a mean together; empty: it stands alone
    reversed: bool = False  # more of it is less of the scale

    @property
    def least(self) -> int:
        return 1 if self.kind == AnswerKind.POINTS else 0

    @property
    def most(self) -> int:
        return {AnswerKind.POINTS.value: self.points, AnswerKind.YES_NO.value: 1}.get(self.kind, 100)

    @property
    def levels(self) -> int:
        """How many answers there are."""
        return self.most - self.least + 1

    @property
    def column(self) -> str:
        """What its column in files is called: statistics programs read a hyphen as a minus."""
        return f"answer_{self.key.replace('-', '_')}"

    @property
    def range(self) -> str:
        return f"{self.least} to {self.most}"

    def turned(self, answers: np.ndarray) -> np.ndarray:
        """Answers as their scale counts them: turned round, where more of the question is less of the scale."""
        return self.least + self.most - answers if self.reversed else answers

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class QuestionPreset:
    """Questions from the literature in their own words, marked for translation."""

    name: str
    in_words: str
    questions: tuple[TrialQuestion, ...]


@dataclass(frozen=True)
class TrialQuestions:
    """What a trial type takes: the presets that a protocol may name, and what is asked where it asks nothing."""

    usual: tuple[TrialQuestion, ...]
    presets: Mapping[str, QuestionPreset]


def questions_of(asks: Sequence[Mapping[str, Any]]) -> tuple[TrialQuestion, ...]:
    """The questions as a study's wording has them."""
    return tuple(TrialQuestion(**question) for question in asks)
