"""How simulated people answer: the part `people` of a `TrialType` (base.py, which has the words that are used here)."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from .handed import Stated


class People(ABC):
    """How simulated people answer. Called by `simulation` alone, with a generator of each person's own: how often each method draws
    from it is part of what it promises, as the same generator gives the same answers."""

    first: ClassVar[int]
    """The shown value of the first button: what people press who do not look."""

    def first_of(self, shown: int) -> int:
        """The same in a trial of so many maps, where it depends on that."""
        return self.first

    @abstractmethod
    def rule(self, stated: Stated) -> str:
        """What they prefer, in words, where they do not go by values of the maps."""

    @abstractmethod
    def own(self, stated: Stated, arms: Sequence[str], random: np.random.Generator) -> Any:
        """What one person has of their own for all trials, drawn once: handed to `answer` as `own`."""

    @abstractmethod
    def check(self, places: Sequence[int], right: bool, random: np.random.Generator) -> int:
        """The button for an attention check with these places from left to right, answered right or not."""

    @abstractmethod
    def answer(
        self,
        stated: Stated,
        *,
        own: Any,
        taste: float,
        order: Sequence[int],
        values: np.ndarray | None,
        random: np.random.Generator,
    ) -> int:
        """The button for a trial with this order.

        Args:
            taste: how far the person is from the others: a normal with a deviation of 1/sqrt(concentration).
            values: (arms,) a figure of each of the item's maps that they go by; None: they go by what is stated.
        """

    def answer_to(self, stated: Stated, *, truth: int | None, **trial: Any) -> int:
        """The same where something is right: `truth` is what the type's table has of the item. `trial`: as `answer` takes it."""
        return self.answer(stated, **trial)
