"""What a study of one type fixes before there is data, in the words of a preregistration. Plain data in, sentences out."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

Declared = Sequence[tuple[str, str]]  # contrasts of two arms by name, in the protocol's order


class PlanInWords(ABC):
    """Hypotheses, measure and primary analysis. Called by `preregistration` alone.

    What these sentences promise is what `results` does; docs/statistics.md says it with the formulas.
    """

    measured: str
    """What an answer says, as “the dependent variable” of a form: whole sentences."""

    index: ClassVar[str]
    """How the answers of a study become the figures that are judged: whole sentences."""

    @abstractmethod
    def hypotheses(self, arms: Sequence[str], declared: Declared) -> list[str]:
        """What is looked for, one sentence each; none where the protocol declares nothing to look for."""

    @abstractmethod
    def primary(self, arms: Sequence[str], declared: Declared, analysis: Mapping[str, Any]) -> list[str]:
        """The analysis that decides. `analysis`: the protocol's table of that name, with its defaults."""

    @abstractmethod
    def exploratory(self) -> list[str]:
        """What is reported beside it and decides nothing."""


class ContrastPlan(PlanInWords):
    """The plan of a type whose studies declare contrasts of two arms, and whose decision is about each of these."""

    hypothesis: ClassVar[str]
    """What is looked for of `{first}` and `{second}`: a whole sentence."""

    decision: ClassVar[str]
    """What of the arms is judged `{which}`, and how: whole sentences."""

    beside: ClassVar[str]
    """What is exploratory: a whole sentence."""

    def hypotheses(self, arms: Sequence[str], declared: Declared) -> list[str]:
        return [self.hypothesis.format(first=first, second=second) for first, second in declared]

    def primary(self, arms: Sequence[str], declared: Declared, analysis: Mapping[str, Any]) -> list[str]:
        if not declared:
            return ["No contrast is declared, so nothing is confirmatory: every comparison is exploratory."]
        which = "in each declared contrast" if len(declared) > 1 else "in the declared contrast"
        return [self.decision.format(which=which)]

    def exploratory(self) -> list[str]:
        return [self.beside]
