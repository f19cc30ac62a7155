"""How many people are enough, and what more people or a larger effect would change."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from ..answers import AnswersError
from .simulation import Assumptions, Design, power

AIM = 0.8
EXACT_TO = 0.05  # of the number of people: simulation tells no more
MOST_TIMES = 16  # of the fewest people, or as many as there are answers


@dataclass(frozen=True)
class Needed:
    """The fewest people with whom a study's power is at least `aim`, to a twentieth of their number.

    people  None where no number up to `most` is enough: then answers to a photo, or photos, are what lacks
    power   with so many people, or the largest that was found
    most    so many people were tried at most
    """

    aim: float
    people: int | None
    power: float
    most: int


def most_steps() -> int:
    """How many numbers of people `people_needed` simulates at most."""
    return 2 + math.ceil(math.log2(MOST_TIMES)) + math.ceil(math.log2(1 / EXACT_TO))


def people_needed(
    design: Design,
    assumptions: Assumptions,
    *,
    fewest: int,
    aim: float = AIM,
    studies: int = 200,
    seed: int = 0,
    after_each: Callable[[], object] = lambda: None,
) -> Needed:
    """Double the number of people from `fewest` until the power is at least `aim`, then halve the gap.

    The number of answers stays as the design has it, so each of more people gives fewer, and the power has a ceiling.
    """
    most = max(fewest, min(design.items * design.answers_per_item, MOST_TIMES * fewest))
    found: dict[int, float] = {}

    def enough(people: int) -> bool:
        at = replace(design, participants=people)
        found[people] = power(at, assumptions, studies=studies, seed=seed, after_each=after_each).power
        return found[people] >= aim

    low, high = fewest - 1, fewest
    while not enough(high):
        if high == most:
            return Needed(aim, None, max(found.values()), most)
        low, high = high, min(2 * high, most)
    while high - low > max(1, EXACT_TO * high):
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return Needed(aim, high, found[high], most)


def power_over(
    design: Design,
    assumptions: Assumptions,
    *,
    people: Sequence[int],
    effects: Sequence[float],
    studies: int = 100,
    seed: int = 0,
    after_each: Callable[[], object] = lambda: None,
) -> list[list[float | None]]:
    """[effect][people]: the power at each; None for an effect that no answers can have."""
    rows: list[list[float | None]] = []
    for effect in effects:
        row: list[float | None] = []
        for number in people:
            at = replace(design, participants=number)
            try:
                with_effect = replace(assumptions, effect=effect)
                row.append(power(at, with_effect, studies=studies, seed=seed, after_each=after_each).power)
            except AnswersError:
                row.append(None)
        rows.append(row)
    return rows
