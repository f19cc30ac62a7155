"""Which arm each trial shows: in every round of as many answers as there are arms, each photo shows each of them once."""

from collections.abc import Iterator, Sequence

import numpy as np

from explain.core.streams import Stream
from studies.analysis.orders import Order, rounds

from ..base import Layout


class SingleLayout(Layout):
    """One of the arms in each trial.

    A block is as many rounds as there are arms. Within one, every photo shows every arm once, and in each of its rounds every arm
    is shown as often as every other, or once more. So each cell of photo and arm has equally many answers where the answers for a
    photo are a multiple of the arms, and else differs by one; and whoever goes through a round meets every arm equally often.
    """

    def shown(self, arms: int) -> int:
        return 1

    def rows(self, *, arms: int, items: int, stages: Sequence[int], seed: int) -> Iterator[tuple[int, Order]]:
        for turn, order in enumerate(rounds(items, stages[-1], seed)):
            begins, names = _block(arms, items, turn // arms, seed)
            for index in order:
                yield index, (int(names[(begins[index] + turn) % arms]),)


def _block(arms: int, items: int, block: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """(items,) where in the cycle of arms each photo begins, and (arms,) the cycle."""
    random = np.random.default_rng(Stream.CELLS.of(seed, block))
    return random.permutation(items) % arms, random.permutation(arms)
