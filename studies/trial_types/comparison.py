"""How people meet the arms of a study: every one of them, one alone, or one after another. `design.comparison` in a protocol.

within    each person meets every arm, on other photos, mixed
blocks    each person meets every arm, one after another in blocks; which comes first is balanced over people
between   each person meets one arm alone

In the last two a person has a *condition*: the arms of their blocks in order. It is given with their first trial and stays.
Only types whose trials show one map can be asked so: where a trial shows several, they are compared within it. Plain data.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from studies.analysis.orders import Order, williams_rows

COMPARISON = "comparison"  # the key of `design`


class Comparison(StrEnum):
    """How people meet arms."""

    WITHIN = "within"
    BLOCKS = "blocks"
    BETWEEN = "between"

    def conditions(self, arms: int) -> list[Order]:
        """The arms that people of each condition meet, block by block; none where everybody meets all of them mixed.

        In blocks these are the rows of a Williams design: every arm comes in every block equally often, and after every other one.

        >>> Comparison.BETWEEN.conditions(3)
        [(0,), (1,), (2,)]
        """
        match self:
            case Comparison.BETWEEN:
                return [(arm,) for arm in range(arms)]
            case Comparison.BLOCKS:
                return williams_rows(arms)
        return []

    def called(self, names: Sequence[str]) -> list[str]:
        """What each condition is called in files and reports: its arm, or the arms of its blocks in order.

        >>> Comparison.BLOCKS.called(["A", "B"])
        ['A > B', 'B > A']
        """
        return [" > ".join(names[arm] for arm in condition) for condition in self.conditions(len(names))]

    @property
    def name_in_words(self) -> str:
        """What a design with it is called."""
        return {
            Comparison.WITHIN: "Within participants",
            Comparison.BLOCKS: "Within participants, in blocks",
            Comparison.BETWEEN: "Between participants",
        }[self]

    @property
    def in_words(self) -> str:
        """Who meets what and how that is dealt out, a whole sentence or two; empty of what is usual."""
        fair = "equally many of each group of participants who finish {}; whoever leaves early is replaced"
        match self:
            case Comparison.BETWEEN:
                return f"Each person meets one arm alone, dealt out so that {fair.format('meet each')}."
            case Comparison.BLOCKS:
                return (
                    "Each person meets every arm, one after another in blocks of photos. The orders are those of a Williams design, "
                    f"dealt out so that {fair.format('have each order')}."
                )
        return ""

    @property
    def analysed(self) -> str:
        """What is special about the analysis, a whole sentence; empty where nothing is."""
        if self != Comparison.BETWEEN:
            return ""
        return (
            "A difference of two arms is one between people: the people of each arm are drawn by themselves, the photos together, and "
            "degrees of freedom are Satterthwaite’s over all of them; nobody is compared with themselves."
        )

    @property
    def noted(self) -> str:
        """What is said beside the finding; empty of what is usual."""
        return (
            "Each person met one arm alone, so that differences of arms are between people."
            if self == Comparison.BETWEEN
            else ""
        )

    def groups(self, arms: int) -> int:
        """How many groups of people there are that share no arm."""
        return arms if self == Comparison.BETWEEN else 1


def comparison_of(study: object) -> Comparison:
    """That of a study, or of the plan of one: of whatever has its `comparison`."""
    return Comparison(getattr(study, COMPARISON))


def comparison_in(source: dict) -> Comparison:
    """What a protocol says, whole or not; what is usual where it says nothing that there is."""
    design = source.get("design")
    said = design.get(COMPARISON) if isinstance(design, dict) else None
    return Comparison(said) if said in list(Comparison) else Comparison.WITHIN


def next_blocks(condition: Order, *, given: int, each: int, count: int) -> list[tuple[int, int]]:
    """The arms of the next `count` trials of somebody who was given so many of `each`: (arm, how many), in order.

    Blocks are as long as each other, or differ by one trial.

    >>> next_blocks((2, 0), given=2, each=6, count=3)
    [(2, 1), (0, 2)]
    """
    found: list[tuple[int, int]] = []
    for place in range(given, given + count):
        arm = condition[min(place * len(condition) // max(each, 1), len(condition) - 1)]
        before = found.pop() if found and found[-1][0] == arm else (arm, 0)
        found.append((arm, before[1] + 1))
    return found


@dataclass(frozen=True)
class Room:
    """What is known of one condition when somebody is to get theirs. People are those who are through, or at it now."""

    free: int  # trials that nobody holds
    promised: int  # how many more those who are at it will be given
    alike: int  # people of the same group
    people: int  # of all groups


def next_condition(rooms: Sequence[Room], seed: list[int]) -> int | None:
    """Which condition the next person gets; None where nothing is free in any.

    Where there is room that those who are at it do not need, the one that the fewest of the same group have, then the one that the
    fewest of all have; chance decides between equals. Whoever left early is in no number, so that they are replaced.

    >>> next_condition([Room(9, 0, 2, 3), Room(9, 0, 1, 3), Room(0, 0, 0, 0)], [1])
    1
    """
    open_ones = [number for number, room in enumerate(rooms) if room.free > 0]
    if not open_ones:
        return None
    spare = [number for number in open_ones if rooms[number].free > rooms[number].promised]
    drawn = np.random.default_rng(seed).permutation(len(rooms))
    return min(
        spare or open_ones, key=lambda number: (rooms[number].alike, rooms[number].people, drawn[number])
    )
