"""People who come one after another to a study of pairs whose truth is known: what bench/arena.py and bench/adaptive.py simulate.

A round asks about every photo once. Whoever comes is asked about a block of the photos of one round, so nobody meets a photo twice.
Tastes and truth are those of bench/pairs.py.
"""

from collections.abc import Iterator

import numpy as np

from bench.pairs import World
from studies.analysis.orders import Order
from studies.analysis.paired import layout
from studies.analysis.paired.answers import Pairs, stored
from studies.analysis.paired.informative import next_orders, so_far_of


class Sittings:
    """One study of a world, round by round."""

    def __init__(self, world: World, seed: int, block: int = 25) -> None:
        case = self.case = world.case
        self.world, self.seed, self.block = world, seed, block
        self.rng = np.random.default_rng([11, seed])
        self.of_photos = case.of_photos * self.rng.standard_normal((case.photos, case.arms + 1))
        self.people = self.turn = 0
        self.rows: list[np.ndarray] = []
        self._balanced: dict[int, Iterator[tuple[int, Order]]] = {}

    def balanced(self, compete: int) -> None:
        """A round of the balanced design of the first `compete` arms."""
        if compete not in self._balanced:
            self._balanced[compete] = layout.rows(compete, self.case.photos, 10_000, self.seed)
        orders: list[Order] = [(0, 1)] * self.case.photos
        for _ in range(self.case.photos):
            item, orders[item] = next(self._balanced[compete])
        self._ask(orders)

    def informative(self, compete: int, *, evenly: bool = False) -> None:
        """A round whose pairs are expected to tell most of the first `compete` arms."""
        k, laid = (
            self.case.arms,
            np.concatenate(self.rows)[:, [0, 2, 3]] if self.rows else np.zeros((0, 3), int),
        )
        table = self.answers(k) if self.rows else None
        so_far = so_far_of(table, laid[:, 0], laid[:, 1:], k, self.case.photos)
        self._ask(
            next_orders(range(self.case.photos), so_far, range(compete), self.seed, self.turn, evenly=evenly)
        )

    def _ask(self, orders: list[Order]) -> None:
        n, k = self.case.photos, self.case.arms
        photo = self.rng.permutation(n)
        left, right = np.array(orders)[photo].T
        person = self.people + np.arange(n) // self.block
        count = n // self.block + (n % self.block > 0)
        of_people = self.case.of_people * self.rng.standard_normal((count, k + 1))
        taste = np.column_stack(
            [
                self.of_photos[photo, arm] + of_people[person - self.people, arm]
                for arm in (left, right, np.full(n, k))
            ]
        )
        picked = np.argmax(self.world._utilities(left, right, taste) + self.rng.gumbel(size=(n, 3)), axis=1)
        self.rows.append(np.column_stack([photo, person, left, right, picked]))
        self.people += count
        self.turn += 1

    def answers(self, compete: int) -> Pairs:
        """What was answered so far, about the first `compete` arms: as many as have come."""
        photo, person, left, right, picked = np.concatenate(self.rows).T
        orders = np.full((len(left), compete), -1)
        orders[:, 0], orders[:, 1] = left, right
        values = stored(left, right, np.array([0, 1, -1])[picked])
        return Pairs.of(photo, person, values, arms=compete, orders=orders)


def truth_of(world: World, compete: int) -> np.ndarray:
    """(compete,) the strengths that the model fits to the first arms, mean 0."""
    true = world.truth.strengths[:compete]
    return true - true.mean()
