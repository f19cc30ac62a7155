"""The order of classes by F1, and of those of equal F1 by the seed. Plain data, no rows."""

import hashlib
from collections.abc import Sequence

import numpy as np

from explain.core.streams import Stream

from .asked import ClassChoice


def ranks(standings: Sequence[ClassChoice], place: int, seed: int) -> dict[str, int]:
    """The classes that the network at a place knows, best first by its F1: class -> 1, 2, …"""
    known = [
        (-value, drawn_order(choice.name, seed), choice.name)
        for choice in standings
        if (value := choice.f1[place]) is not None
    ]
    return {name: number for number, (_, _, name) in enumerate(sorted(known), start=1)}


def best_of(share: float, classes: int) -> int:
    """How many classes a share of them is: at least one."""
    return max(1, round(share * classes))


def drawn_order(class_name: str, seed: int) -> float:
    """Where a class stands among those of equal F1: its own draw, so that it does not depend on which others there are."""
    stream = Stream.CLASS_TIES.of(seed, class_number(class_name))
    return float(np.random.default_rng(stream).random())


def class_number(class_name: str) -> int:
    """A class as a number that a stream of a seed can take."""
    return int.from_bytes(hashlib.sha256(class_name.encode()).digest()[:8])
