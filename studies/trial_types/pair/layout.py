"""Two of the arms in each trial, balanced and connected: analysis/paired/layout.py."""

from collections.abc import Iterator, Sequence

from studies.analysis.orders import Order
from studies.analysis.paired import layout

from ..base import Layout


class PairLayout(Layout):
    """Two maps, whatever the number of arms."""

    def shown(self, arms: int) -> int:
        return 2

    def rows(self, *, arms: int, items: int, stages: Sequence[int], seed: int) -> Iterator[tuple[int, Order]]:
        return layout.rows(arms, items, stages[-1], seed)
