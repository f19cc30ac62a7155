"""Two of k arms in each trial: incomplete blocks of two that are balanced, connected, and filled round by round.

`pairs` is a sequence of pairs, of which any beginning is as balanced as its length allows: arms differ by one at most in how often they
come, pairs too, each arm stands on the left and on the right equally often but for one, and k − 1 pairs already connect all arms. It goes
through a tournament: with an even number of arms in rounds in which everybody plays (the circle method; two rounds that follow each other
make one ring through all arms), with an odd number in rings through all arms (Walecki's; Lucas 1892, Récréations
mathématiques 2). Arms of a ring are turned one way around it, so each stands once on either side. The next tournament is the same
turned: after two every pair has been asked in both orders. Which arm is which is drawn anew for every two tournaments.

`rows` deals the pairs to photos, a round through all photos at a time: of those that are left in the round, a photo that has had
the pair least, and of these one that has had its two arms least.
"""

from collections.abc import Iterator
from itertools import islice

import numpy as np

from explain.core.streams import Stream

from ..orders import Order
from .answers import pair_number

LOOKED_AT = 128  # photos among which a pair is dealt out


def rows(arms: int, items: int, count: int, seed: int) -> Iterator[tuple[int, Order]]:
    """(item's index, (left arm, right arm)) of `count` rounds through all items; more rounds only add.

    The same seed gives the same rows. Each round draws by a generator of its own, so what was laid out stays when a study grows.
    """
    deck = pairs(arms, seed)
    had_pair = np.zeros((items, arms * (arms - 1) // 2), np.int16)
    had_arm = np.zeros((items, arms), np.int16)
    for turn in range(count):
        random = np.random.default_rng(Stream.PAIR_ROUNDS.of(seed, turn))
        cards = list(islice(deck, items))
        for item, order in zip(deal(cards, had_pair, had_arm, random), cards, strict=True):
            had_pair[item, pair_number(min(order), max(order))] += 1
            had_arm[item, list(order)] += 1
            yield item, order


def deal(
    cards: list[Order], had_pair: np.ndarray, had_arm: np.ndarray, random: np.random.Generator
) -> list[int]:
    """Which of n items gets each of a round's n pairs, every item one of them; what they have had stands in rows of theirs."""
    left = random.permutation(len(cards))
    end, dealt = len(left), []
    for order in cards:
        here = left[: min(end, LOOKED_AT)]
        number = pair_number(min(order), max(order))
        cost = had_pair[here, number] * 64 + had_arm[here, order[0]] + had_arm[here, order[1]]
        place = int(np.argmin(cost))
        dealt.append(int(left[place]))
        end -= 1
        left[place] = left[end]
    _exchange(cards, dealt, had_pair)
    return dealt


def _exchange(cards: list[Order], dealt: list[int], had_pair: np.ndarray) -> None:
    """Where an item got a pair that it has had, and another item of the round would rather have it, they change cards."""
    numbers = np.array([pair_number(min(order), max(order)) for order in cards])
    items = np.array(dealt)
    for place in range(len(cards)):
        mine = int(had_pair[items[place], numbers[place]])
        if mine <= int(had_pair[items[place]].min()):
            continue
        now = mine + had_pair[items, numbers]
        then = had_pair[items, numbers[place]] + had_pair[items[place], numbers]
        other = int(np.argmin(then - now))
        if then[other] < now[other]:
            items[place], items[other] = items[other], items[place]
    dealt[:] = items.tolist()


def pairs(arms: int, seed: int) -> Iterator[Order]:
    """(left, right), without end.

    >>> [sorted(pair) for _, pair in zip(range(3), pairs(3, 7))] == sorted([sorted(p) for _, p in zip(range(3), pairs(3, 7))])
    False
    """
    if arms < 2:
        raise ValueError(f"{arms} arms: two are compared in each trial.")
    first = _rings_of_even(arms) if arms % 2 == 0 else _rings_of_odd(arms)
    second = [(right, left) for left, right in _backward(first, arms)]
    twice = 0
    while True:
        random = np.random.default_rng(Stream.PAIRS.of(seed, twice))
        names = random.permutation(arms).tolist()
        for left, right in [*first, *second]:
            yield names[left], names[right]
        twice += 1


def _backward(first: list[Order], arms: int) -> list[Order]:
    """The tournament again, where its last round comes first: with an even number of arms that round left every arm on one side."""
    each = arms // 2
    return first if arms % 2 else first[-each:] + first[:-each]


def _rings_of_even(arms: int) -> list[Order]:
    """k − 1 rounds of k/2 pairs; rounds 2j and 2j + 1 are turned one way around the ring that they make."""
    last = arms - 1
    played: list[list[Order]] = [
        [(last, turn), *(((turn + step) % last, (turn - step) % last) for step in range(1, arms // 2))]
        for turn in range(last)
    ]
    ordered: list[Order] = []
    for turn in range(0, last - 1, 2):
        forward = _around(played[turn], played[turn + 1], arms)
        ordered += [(arm, forward[arm]) for arm in _lefts(played[turn], forward)]
        ordered += [(arm, forward[arm]) for arm in _lefts(played[turn + 1], forward)]
    return [*ordered, *((min(pair), max(pair)) for pair in played[-1])]


def _around(one: list[Order], two: list[Order], arms: int) -> dict[int, int]:
    """The arm that follows each arm on the ring of two rounds in which all play."""
    partner = [{a: b for pair in played for a, b in (pair, pair[::-1])} for played in (one, two)]
    at, forward = 0, {}
    for step in range(arms):
        forward[at] = partner[step % 2][at]
        at = forward[at]
    return forward


def _lefts(played: list[Order], forward: dict[int, int]) -> list[int]:
    """The left arm of each pair of a round, by the way around the ring."""
    return [a if forward[a] == b else b for a, b in played]


def _rings_of_odd(arms: int) -> list[Order]:
    """(k − 1)/2 rings; of each every other pair first, so that nobody comes twice before all but one have come once."""
    half, middle = (arms - 1) // 2, arms - 1
    ordered: list[Order] = []
    for turn in range(half):
        zigzag = [(turn + (step + 1) // 2 * (1 if step % 2 else -1)) % (arms - 1) for step in range(arms - 1)]
        ring = [middle, *zigzag]
        around = [(ring[at], ring[(at + 1) % arms]) for at in range(arms)]
        ordered += [*around[0:-1:2], around[-1], *around[1::2]]
    return ordered
