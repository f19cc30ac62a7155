"""Which arms the trials of a study show, in which order, and what is asked first."""

from collections.abc import Iterator, Sequence
from typing import ClassVar

from studies.analysis.orders import Order, rounds, study_orders

from .handed import Before


class Layout:
    """How a study's trials are laid out: which arms each shows, in which order, and what is asked first.

    Called by `trials` alone, when a study opens and when a photo is asked again. What stands here serves every type that
    shows all arms in every trial; others override it.
    """

    def shown(self, arms: int) -> int:
        """How many maps each trial shows of a study that compares so many arms; so do its attention checks."""
        return arms

    def rows(self, *, arms: int, items: int, stages: Sequence[int], seed: int) -> Iterator[tuple[int, Order]]:
        """Every trial of a study as (item's index, order), in the sequence in which they are to be claimed.

        Args:
            arms: how many the study compares.
            stages: how many answers an item needs; of a study that grew, before that how many at first and each time since.
            seed: the study's order seed; the same one gives the same rows. No other chance: people must not be able to
                reckon the rows from the protocol.

        Yields:
            `items` × `stages[-1]` rows. Round by round, so that all items fill up together; a type may lay out rounds of its
            own. Every order shows `shown(arms)` of the arms, none twice. Those of an earlier stage come first, and are the
            same whatever follows: they have been answered by then.
        """
        dealt = study_orders(arms, items, stages, seed)
        for turn, order in enumerate(rounds(items, stages[-1], seed)):
            for index in order:
                yield index, dealt[index][turn]

    in_rounds: ClassVar[bool] = False
    """Whether the orders of a round are chosen when it begins, by what was answered until then. What `rows` lays out holds places for them."""

    endless: ClassVar[bool] = False
    """Whether rounds follow as long as people come: `rows` lays out the first. Only where orders are chosen in rounds."""

    has_left: frozenset[str] = frozenset()
    """The names of the arms that are asked about no more."""

    def chosen(self, before: Before, items: Sequence[int], *, seed: int, turn: int) -> list[Order]:
        """The order of each of some items, none twice, in a round. Only where orders are chosen in rounds."""
        raise NotImplementedError

    def turned(self, order: Sequence[int]) -> list[int]:
        """The order in which the same person is asked about the same item again: every map stands elsewhere, if it can."""
        return [*order[1:], order[0]]
