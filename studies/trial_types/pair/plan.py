"""A pair in the words of a preregistration."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..plan import ContrastPlan, Declared
from .kinds import Kind

TWO_AT_A_TIME = (
    "Each trial shows two of the arms side by side. A person picks the map that answers the question better, or, where the protocol "
    "offers it, says that they see no difference (“same”). "
)
ROUNDS = {
    Kind.ADAPTIVE: "Trials come in rounds, in each of which every photo is asked about once. In the first, pairs come equally often. In each of "
    "the others the pairs are those that are expected to tell most about the strengths, by the answers so far; every arm comes in every "
    "k − 1 pairs of k arms, none in more than half of them, and each on either side. How many answers there are is fixed beforehand.",
    Kind.ARENA: "There is no end: trials come in rounds, in each of which every photo is asked about once, as long as people come. "
    "Pairs are those that are expected to tell most about the strengths, and arms with wider intervals are asked about more; every arm comes in "
    "every k − 1 pairs of k arms, none in more than half of them, and each on either side. Arms may join, and arms may leave; answers stay.",
}
AT_ANY_TIME = (
    "There is no moment at which this study is decided. That an arm is better than another is said where the difference of their strengths is "
    "so many standard errors from zero that it would come so far, ever, with a probability of 5 % at most over all pairs of 40 arms "
    "(Robbins’ bound for a normal mixture). This holds whenever somebody looks, and however pairs were chosen by earlier answers. "
    "Intervals of strengths are of one look: 95 % each, at a moment that does not depend on the answers."
)


class PairPlan(ContrastPlan):
    """Bradley–Terry–Davidson strengths, and differences of preferences."""

    def __init__(self, kind: Kind = Kind.BALANCED) -> None:
        if kind != Kind.BALANCED:
            self.measured = TWO_AT_A_TIME + ROUNDS[kind]
        self._endless = kind == Kind.ARENA

    def primary(self, arms: Sequence[str], declared: Declared, analysis: Mapping[str, Any]) -> list[str]:
        return [AT_ANY_TIME] if self._endless else super().primary(arms, declared, analysis)

    measured = (
        TWO_AT_A_TIME
        + "Pairs are laid out so that arms come equally often, pairs too, and each arm on either side."
    )
    index = (
        "Each arm has a strength: the Bradley–Terry–Davidson model with a term for the side gives the log odds with which one arm is "
        "preferred to another. What two arms differ by is the share that prefers the first less the share that prefers the second, of "
        "those who prefer one. Every answer counts once."
    )

    hypothesis = (
        "{first} and {second} are not equally strong: the difference of preferences is not zero (two-sided)."
    )
    decision = (
        "The difference of preferences {which}: estimate, interval and p from one two-way variance of the strengths, over people and "
        "photos, with Student’s t on the log odds."
    )
    beside = (
        "All other pairs of arms; all arms at once; ranks with intervals that hold together; the side term and “same”; every photo or "
        "every person counted once; agreement between people; response times; results by class, group and answer to the questions."
    )
