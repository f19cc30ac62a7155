"""Which random draw uses which stream of a study's seed: the one list, so that no two kinds of draws use the same numbers.

The seed of a draw is the study's seed, the number of its stream, and what it is drawn for: a person, a class, a place.

    random = np.random.default_rng(Stream.PRACTICE.of(study.seed, participant.number, example))

What a number gives may never change: whoever recomputes a study must get its draws. A new kind takes a new number.
The seed alone, without a stream, is that of `orders.balanced_orders` and of every statistic, whose generator is named
in its output. numpy takes a seed that ends in zeros as the one without them (up to four words).

A protocol is published, and its seed with it. What a volunteer must not be able to work out, which map stands where and
when a check comes, is drawn by the order seed instead: the seed mixed with a nonce that stays secret while people answer.

Nothing is imported here but the standard library: both pure cores may use it.
"""

import hashlib
import hmac
from enum import Enum


def order_seed(seed: int, nonce: str) -> int:
    """The seed of all draws that must stay secret while people answer: HMAC-SHA256 of the seed's digits under the nonce.

    Args:
        seed: the study's.
        nonce: 64 hexadecimal digits; empty for studies that were opened before there were nonces: the seed itself.

    >>> order_seed(7, "")
    7
    >>> hex(order_seed(7, "00" * 32))[:18]
    '0x306e9426d794f2f6'
    """
    if not nonce:
        return seed
    return int.from_bytes(hmac.digest(bytes.fromhex(nonce), str(seed).encode(), hashlib.sha256))


class Stream(Enum):
    """(number, what follows it in the seed). Two may share a number only if what follows cannot be the same."""

    HANDS = (1, "")  # which item gets which hand of orders
    ROUNDS = (2, "")  # the order in which a study's items are given out
    PHOTOS = (3, "")  # which photos, of all that might be used
    PRACTICE = (4, "person, example")  # where the map stands that is on the object
    # These two are told apart by what follows: studies were drawn by both before anybody noticed, and a new number
    # would change them. A class is the first 64 bits of a hash, so two words of 32, both as good as never small; a
    # person's number is one word, and 0 or 1 is the next.
    PHOTOS_OF_CLASS = (5, "class")  # which photos of one class
    CHECK_PLACES = (5, "person, …")  # when a person's attention checks come, and what stands where in them
    CHECK_PHOTO = (6, "person, check")  # which photo an attention check shows
    CHECK_MAPS = (7, "…")  # which photos have maps for attention checks, and what these look like
    CLASS_TIES = (9, "class")  # which of the classes of equal F1 comes first
    QUESTION_ORDER = (15, "person, position")  # in which order a trial asks its questions; of the order seed
    CELLS = (
        16,
        "block",
    )  # which arm of a study each photo shows in a block of rounds, where trials show one; of the order seed
    RIGHT_AND_WRONG = (20, "0 or 1")  # which photos of those that a network gets right, or wrong
    GROWN = (10, "stage")  # which item gets which orders when a study grew; the first time is stage 1
    PAIRS = (11, "two tournaments")  # which arm is which where two are compared at a time
    PAIR_ROUNDS = (12, "round")  # which item gets which pair of arms, and in which order items come
    INFORMATIVE = (
        24,
        "round",
    )  # of the pairs that tell as much which comes first, who stands left, and which item gets it
    CONDITION = (23, "person")  # which of the conditions that are equally wanted a person gets
    PREVIEW = (8, "trial")  # the order of the maps in a trial of the preview

    @property
    def number(self) -> int:
        return self.value[0]

    def of(self, seed: int, *drawn_for: int) -> list[int]:
        """The seed of a generator: `np.random.default_rng` takes it as it is."""
        return [seed, self.number, *drawn_for]
