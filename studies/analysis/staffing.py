"""How many new people a study needs until every trial has its answer."""

import math
from collections.abc import Mapping, Sequence, Set


def new_people_needed(
    need: Mapping[int, int], present: Sequence[tuple[Set[int], int]], each: int
) -> tuple[int, int]:
    """Answers that nobody who is present can give, and the fewest new people who can give them.

    Nobody answers about an item twice. New people suffice exactly when there are as many as the neediest item wants,
    and when all of them together may give that many answers: deal the answers out item by item, round and round.

    Args:
        need: how many answers each item still wants.
        present: of each person who is at it, the items they have met and how many more answers they may give. They
            take the neediest items that they have not met; another division among them may leave a little less.
        each: how many answers a new person may give, 1 or more.

    >>> new_people_needed({1: 2, 2: 1}, [({1}, 5)], each=10)
    (2, 2)
    """
    left = {item: count for item, count in need.items() if count > 0}
    for met, may in sorted(present, key=lambda person: len(left.keys() - person[0])):
        open_to_them = sorted(left.keys() - met, key=lambda item: (-left[item], item))
        for item in open_to_them[:may]:
            left[item] -= 1
        left = {item: count for item, count in left.items() if count}
    answers = sum(left.values())
    return answers, max([math.ceil(answers / each), *left.values()]) if answers else 0
