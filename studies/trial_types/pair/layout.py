"""Two of the arms in each trial: balanced and connected (analysis/paired/layout.py), or those that tell most (informative.py)."""

from collections.abc import Iterable, Iterator, Sequence

from studies.analysis.orders import Order
from studies.analysis.paired import layout
from studies.analysis.paired.answers import Pairs
from studies.analysis.paired.informative import next_orders, so_far_of

from ..handed import Before
from ..layout import Layout


class PairLayout(Layout):
    """Two maps, whatever the number of arms."""

    def shown(self, arms: int) -> int:
        return 2

    def rows(self, *, arms: int, items: int, stages: Sequence[int], seed: int) -> Iterator[tuple[int, Order]]:
        return layout.rows(arms, items, stages[-1], seed)


class RoundsLayout(PairLayout):
    """The first round is balanced; each of the others asks what is expected to tell most."""

    in_rounds = True
    evenly = False

    def chosen(self, before: Before, items: Sequence[int], *, seed: int, turn: int) -> list[Order]:
        answers = Pairs.of(**before.columns, arms=before.arms) if len(before.columns["items"]) else None
        so_far = so_far_of(answers, before.asked_items, before.asked_orders, before.arms, before.items)
        return next_orders(items, so_far, before.compete, seed, turn, evenly=self.evenly)


class ArenaLayout(RoundsLayout):
    """Rounds without an end, in which all arms' intervals become as wide as each other."""

    endless = evenly = True

    def __init__(self, has_left: Iterable[str] = ()) -> None:
        self.has_left = frozenset(has_left)
