"""Which arm stands where. Plain data in, plain data out; chance comes only from the seed."""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise, permutations

import numpy as np

from explain.core.streams import Stream

Order = tuple[int, ...]


def balanced_orders(arms: int, count: int, seed: int) -> list[Order]:
    """Orders of `arms` arms in which every arm stands in every position equally often.

    Up to four arms all arms! orders are used; above that the rows of a Williams design, in which every arm also
    follows every other equally often (E. J. Williams, Australian Journal of Scientific Research A 2, 1949). They
    are laid out as Latin squares, one after the other, and the whole is repeated as a cycle. The seed says which
    square, row and start come first.

    Args:
        arms: how many arms compete, 1 or more. One has one order.
        count: how many orders are wanted, 0 or more.
        seed: the same seed gives the same orders.

    Returns:
        `count` orders; an order lists arm indices from the first position to the last. Over a whole cycle
        (arms! orders, or arms or 2·arms for five and more) every arm stands in every position equally often.

    Example:
        >>> sorted(balanced_orders(arms=2, count=4, seed=7))
        [(0, 1), (0, 1), (1, 0), (1, 0)]
    """
    if arms < 1:
        raise ValueError(f"{arms} arms: a trial shows at least one.")
    random = np.random.default_rng(seed)
    squares = _all_squares(arms) if arms <= 4 else _williams_squares(arms)
    names = random.permutation(arms)
    cycle = [
        tuple(int(names[place]) for place in squares[square][row])
        for square in random.permutation(len(squares))
        for row in random.permutation(arms)
    ]
    return [cycle[index % len(cycle)] for index in range(count)]


def study_orders(arms: int, items: int, stages: Sequence[int], seed: int) -> list[list[Order]]:
    """The orders of every item of a study: one balanced cycle, dealt out to the items in a seeded order.

    Over the study the number of times that an arm stands in a position differs by at most one between any two
    (arm, position), and no item has the same order twice before it has had them all. An item's own list is
    shuffled, so that trials that are handed out one after the other differ in order.

    Args:
        arms, seed: as in `balanced_orders`.
        items: how many items the study has.
        stages: how many answers each item needs, and if the study grew, before that how many it needed at first and
            each time since: (4,), or (4, 6). What an earlier stage dealt stays as it was: later ones only add.

    Returns:
        For each item a list of `stages[-1]` orders.
    """
    deck, per_item = balanced_orders(arms, items * stages[-1], seed), stages[0]
    random = np.random.default_rng(Stream.HANDS.of(seed))
    dealt: list[list[Order]] = [[] for _ in range(items)]
    for turn, item in enumerate(random.permutation(items)):
        hand = random.permutation(per_item) + turn * per_item
        dealt[item] = [deck[card] for card in hand]
    for stage, (before, now) in enumerate(pairwise(stages), start=1):
        _deal_more(dealt, deck[items * before : items * now], now - before, Stream.GROWN.of(seed, stage))
    return dealt


def _deal_more(dealt: list[list[Order]], cards: list[Order], each: int, seed: list[int]) -> None:
    """Deal the next cards of the deck, so many to each item: of the orders that are left one that it has had least.

    What is taken first is what most are left of. An item that is left with an order that it has had too often changes it with
    another item, where both are better off. Where none can help (once in hundreds of items) it has that order once more.
    """
    random = np.random.default_rng(seed)
    orders, left, had = list(dict.fromkeys(cards)), Counter(cards), [Counter(orders) for orders in dealt]
    hands: list[list[Order]] = [[] for _ in dealt]
    for item in random.permutation(len(dealt)):
        for _ in range(each):
            card = min(
                (order for order in orders if left[order]), key=lambda order: (had[item][order], -left[order])
            )
            left[card] -= 1
            had[item][card] += 1
            hands[item].append(card)
    for item in range(len(hands)):
        for place in range(each):
            _change(item, place, hands, had, orders)
    for orders_of_item, hand in zip(dealt, hands, strict=True):
        orders_of_item += [hand[place] for place in random.permutation(each)]


def _change(
    item: int, place: int, hands: list[list[Order]], had: list[Counter[Order]], orders: list[Order]
) -> None:
    """Change a card that an item has too often for one of another item, where both have them no oftener than others then."""
    card = hands[item][place]
    for wanted in orders:
        if had[item][wanted] >= had[item][card] - 1:
            continue
        for other, hand in enumerate(hands):
            if wanted in hand and had[other][card] < had[other][wanted]:
                hand[hand.index(wanted)], hands[item][place] = card, wanted
                had[other].update({wanted: -1, card: 1})
                had[item].update({wanted: 1, card: -1})
                return


def rounds(items: int, count: int, seed: int) -> list[list[int]]:
    """`count` rounds through all items, each in a seeded order of its own.

    Trials are handed out round by round, so that all items fill up together and the last ones are not left
    for people who have seen them all.
    """
    random = np.random.default_rng(Stream.ROUNDS.of(seed))
    return [[int(item) for item in random.permutation(items)] for _ in range(count)]


def spread(length: int, count: int, seed: list[int]) -> list[int]:
    """`count` places among 1…length, in order: one drawn from each of as many equal stretches, never the very first.

    >>> len(spread(14, 2, [1])), all(1 < place <= 14 for place in spread(14, 2, [1]))
    (2, True)
    """
    random = np.random.default_rng(seed)
    ends = np.linspace(1, length, count + 1).astype(int)
    return [int(random.integers(low + 1, max(high, low + 1) + 1)) for low, high in pairwise(ends)]


def _all_squares(arms: int) -> list[list[Order]]:
    """All arms! orders as (arms-1)! Latin squares: the rotations of each order that begins with arm 0."""
    return [
        [(*row[turn:], *row[:turn]) for turn in range(arms)]
        for row in ((0, *rest) for rest in permutations(range(1, arms)))
    ]


def williams_rows(arms: int) -> list[Order]:
    """The rows of a Williams design: every arm comes at every place equally often, and next after every other equally often.

    >>> williams_rows(2)
    [(0, 1), (1, 0)]
    """
    return [row for square in _williams_squares(arms) for row in square]


def _williams_squares(arms: int) -> list[list[Order]]:
    """One square for an even number of arms; for an odd number also its mirror image."""
    first = [0]
    for step in range(1, arms):
        first.append((step + 1) // 2 if step % 2 else arms - step // 2)
    square = [tuple((place + shift) % arms for place in first) for shift in range(arms)]
    return [square] if arms % 2 == 0 else [square, [row[::-1] for row in square]]
