"""The answers to “is the network right?”: two, or four from surely wrong to surely right.

A `shown value` is the step from the left, 0 at “(surely) wrong”. A `stored value` is the arm · steps + the step.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from studies.analysis.table import UNKNOWN

from ..accuracy.answers import AnswersOfArms

WORDS = {
    2: ("wrong", "right"),
    4: ("surely wrong", "probably wrong", "probably right", "surely right"),
}
SURENESS = ("probably", "surely")


class VerifyAnswers(AnswersOfArms):
    """The answers in so many steps."""

    def __init__(self, steps: int) -> None:
        super().__init__(steps)
        self.steps = steps

    @property
    def words(self) -> tuple[str, ...]:
        """What each step is called in files, the lowest first."""
        return WORDS[self.steps]

    def says_right(self, said: Any) -> Any:
        """Of steps, a number or an array: whether they say that the network is right."""
        return 2 * said >= self.steps

    def in_words(self, value: int, names: Sequence[str]) -> str:
        arm, said = divmod(value, self.steps)
        return f"{names[arm]}: {self.words[said]}"

    def prefers_first(self, value: Any) -> Any:
        """A check shows what is right."""
        return self.says_right(value % self.steps)

    def is_correct(self, values: Any, truths: Any) -> Any:
        return self.says_right(self.arms_and_said(values)[1]) == (truths == 1)

    @property
    def sureness(self) -> Sequence[str]:  # type: ignore[override]
        """Four answers say how sure people are, too: so it is not asked besides."""
        return SURENESS if self.steps == len(WORDS[4]) else ()

    def sureness_of(self, values: Any) -> Any:
        _, said = self.arms_and_said(values)
        return ((said == 0) | (said == self.steps - 1)).astype(int)

    def prefers_place(self, shown_value: int, place: int) -> bool:
        return bool(self.says_right(shown_value)) is (place == 0)

    def truth(self, prediction: Mapping[str, Any] | None) -> int:
        """1 where the network is right, 0 where it is wrong."""
        return UNKNOWN if prediction is None else int(prediction["right"])
