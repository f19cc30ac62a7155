"""Which pairs of arms to ask about next: those that are expected to tell most, by what has been answered so far.

As in ASAP (Mikhailiuk, Wilmot, Perez-Ortiz, Yue & Mantiuk 2021, “Active sampling for pairwise comparisons via approximate message passing and
information gain maximization”, ICPR): what is known of the strengths is a normal distribution, and an answer about a pair tells the
mutual information of the answer and the difference of the two strengths. A batch is a tree that spans all arms and is worth most, so
every arm comes in every k − 1 pairs. Here the distribution is Laplace's, of Bradley & Terry's model with a wide normal prior and “same” as
half an answer for either; ASAP's comes by message passing. After each tree the distribution is made narrower by what its answers are
expected to tell, and the next tree is sought, until a round is full. Such a distribution takes every answer to be of another person
about another photo; how much less answers tell of an arm is known from its standard error (strengths.py), so its variance is made as
large: whoever was met by few people is asked about more.

Within these limits: no arm is in more than half of the pairs of a tree (nor below two of them), so that nobody is asked about one arm
alone while a newcomer catches up; sides are balanced pair by pair; a photo is given a pair that it has had least.
Nothing here judges arms: it only says what is asked next. Whether what is decided afterwards holds is told by bench/arena.py and
bench/adaptive.py.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from explain.core.streams import Stream

from ..orders import Order
from .answers import Pairs, pair_number
from .layout import deal
from .strengths import arms_of

PRIOR = 1.5  # spread of the strengths before anything is answered, in log odds
STEPS, CLOSE = 50, 1e-9
EVENLY = 3  # see next_orders
WILD = 2.0  # an arm's standard error is taken to be at most so many times what is usual, and at least its inverse
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(15)
WEIGHTS = WEIGHTS / WEIGHTS.sum()


@dataclass(frozen=True, eq=False)
class SoFar:
    """What has been asked and answered before a round is chosen.

    wins (k, k): how often the arm of the row was preferred to that of the column; same (k, k), symmetric: how often two were the same.
    asked (k, k): trials with the arm of the row on the left and that of the column on the right, whether they are answered yet or not.
    had (items, k·(k − 1)/2): the same for each item by the pair's number, on either side.
    errors (k,): standard errors of the arms' strengths, people and items both drawn; NaN where there is none yet.
    """

    wins: np.ndarray
    same: np.ndarray
    asked: np.ndarray
    had: np.ndarray
    errors: np.ndarray


def next_orders(
    items: Sequence[int],
    so_far: SoFar,
    compete: Sequence[int],
    seed: int,
    turn: int,
    *,
    evenly: bool = False,
) -> list[Order]:
    """(left arm, right arm) for each of some items, of which a round asks once.

    Args:
        items: (n,) the index of each, none twice.
        compete: the arms that are asked about, two or more; those that have left are not among them.
        evenly: intervals of all arms are to become as wide as each other, as an arena promises a newcomer; else it is information alone
            that counts, and the strongest and the weakest, about which answers tell least, stay somewhat wider.
        seed, turn: of the study's orders, and the number of the round: the same ones give the same orders.
    """
    random = np.random.default_rng(Stream.INFORMATIVE.of(seed, turn))
    cards = _sided(_pairs(len(items), so_far, list(compete), EVENLY * evenly, random), so_far.asked, random)
    places = np.asarray(items)
    had_arm = _by_arm(so_far.had[places], len(so_far.wins))
    dealt = deal(cards, so_far.had[places], had_arm, random)
    orders = dict(zip(dealt, cards, strict=True))
    return [orders[place] for place in range(len(items))]


def so_far_of(answers: Pairs | None, items: np.ndarray, orders: np.ndarray, arms: int, count: int) -> SoFar:
    """What is known before a round.

    Args:
        answers: those that count, of `arms` arms; None: none yet.
        items: (n,) the index of each trial's item, whether it is answered or not, of `count`.
        orders: (n, 2) its left and right arm.
    """
    asked = np.zeros((arms, arms))
    had = np.zeros((count, arms * (arms - 1) // 2), np.int16)
    left, right = orders.T
    np.add.at(asked, (left, right), 1)
    np.add.at(had, (items, pair_number(np.minimum(left, right), np.maximum(left, right))), 1)
    if answers is None or not len(answers):
        none = np.zeros((arms, arms))
        return SoFar(none, none, asked, had, np.full(arms, np.nan))
    errors = [math.nan if arm.variance is None else math.sqrt(arm.variance) for arm in arms_of(answers)]
    return SoFar(answers.wins, answers.same, asked, had, np.array(errors))


def strengths(wins: np.ndarray, same: np.ndarray) -> np.ndarray:
    """(k,) the most likely strengths under the prior, “same” as half an answer for either; finite whatever was answered."""
    won, k = wins + same / 2, len(wins)
    at = np.zeros(k)
    for _ in range(STEPS):
        p = _logistic(at[:, None] - at[None])
        slope = (won - (won + won.T) * p).sum(axis=1) - at / PRIOR**2
        step = np.linalg.solve(_information(won + won.T, at), slope)
        at += step / max(1.0, float(np.abs(step).max()))
        if np.abs(step).max() < CLOSE:
            break
    return at


def _information(asked: np.ndarray, at: np.ndarray) -> np.ndarray:
    """(k, k) of the strengths: the prior's, and that of so many answers about each pair (symmetric)."""
    p = _logistic(at[:, None] - at[None])
    told = asked * p * (1 - p)
    return np.diag(told.sum(axis=1) + 1 / PRIOR**2) - told


def _logistic(log_odds: np.ndarray) -> np.ndarray:
    return (1 + np.tanh(log_odds / 2)) / 2


def worth(gap: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """What an answer about a pair is expected to tell, in nats: of differences of strengths that are normal with these means and variances.

    >>> bool(worth(np.array(0.0), np.array(1.0)) > worth(np.array(3.0), np.array(1.0)))
    True
    """
    p = _logistic(gap[..., None] + np.sqrt(variance)[..., None] * NODES)
    return _entropy(p @ WEIGHTS) - _entropy(p) @ WEIGHTS


def _entropy(p: np.ndarray) -> np.ndarray:
    q = np.clip(p, 1e-12, 1 - 1e-12)
    return -(q * np.log(q) + (1 - q) * np.log(1 - q))


def _pairs(
    count: int, so_far: SoFar, compete: list[int], evenly: int, random: np.random.Generator
) -> list[Order]:
    """`count` pairs of arms, tree by tree. `evenly`: the power of the arms' standard errors by which a pair is worth more."""
    at = strengths(so_far.wins, so_far.same)
    asked = so_far.asked + so_far.asked.T
    wider = _wider(np.linalg.inv(_information(asked, at)), so_far.errors)
    pairs = list(combinations(compete, 2))
    a, b = np.array(pairs).T
    chosen: list[Order] = []
    while len(chosen) < count:
        spread = _apart(np.linalg.inv(_information(asked, at))) * np.outer(wider, wider)
        told = worth(at[a] - at[b], spread[a, a] + spread[b, b] - 2 * spread[a, b])
        error = np.sqrt(np.diag(spread) / np.diag(spread)[compete].mean())
        told = told * (error[a] * error[b]) ** evenly
        by_worth = np.lexsort((random.random(len(pairs)), -told.round(12)))
        tree = [pairs[place] for place in _tree(by_worth, pairs, compete)][: count - len(chosen)]
        for first, second in tree:
            asked[first, second] += 1
            asked[second, first] += 1
        chosen += tree
    return chosen


def _apart(spread: np.ndarray) -> np.ndarray:
    """(k, k) of the strengths less their mean."""
    centred = spread - spread.mean(axis=0)
    return centred - centred.mean(axis=1, keepdims=True)


def _wider(spread: np.ndarray, errors: np.ndarray) -> np.ndarray:
    """(k,) how many times as large each arm's standard error is as it is here; where few answers leave it wild, within bounds."""
    ratio = errors / np.sqrt(np.diag(_apart(spread)))
    usual = np.median(ratio[np.isfinite(ratio)]) if np.isfinite(ratio).any() else 1.0
    return np.clip(np.where(np.isfinite(ratio), ratio, usual), usual / WILD, usual * WILD)


def _tree(by_worth: np.ndarray, pairs: Sequence[tuple[int, int]], compete: list[int]) -> list[int]:
    """The pairs of a spanning tree by Kruskal's way, worth most first, in which no arm has more than its share.

    As no share is below two, every part of a tree has an arm with room for one more pair, so all parts come together.
    """
    most = max(2, (len(compete) - 1) // 2)
    part, room = {arm: arm for arm in compete}, dict.fromkeys(compete, most)
    chosen: list[int] = []
    for place in by_worth.tolist():
        first, second = pairs[place]
        if part[first] == part[second] or not (room[first] and room[second]):
            continue
        chosen.append(place)
        room[first] -= 1
        room[second] -= 1
        joined, into = part[first], part[second]
        part = {arm: into if of == joined else of for arm, of in part.items()}
        if len(chosen) == len(compete) - 1:
            break
    return chosen


def _sided(pairs: list[Order], asked: np.ndarray, random: np.random.Generator) -> list[Order]:
    """Each pair with its left arm first: the one that has stood there less in this pair, else the one with less on the left over all."""
    asked = asked.copy()
    sided: list[Order] = []
    for a, b in pairs:
        more = (
            asked[a, b] - asked[b, a]
            or asked[a].sum() - asked[:, a].sum() - asked[b].sum() + asked[:, b].sum()
        )
        left, right = (b, a) if more > 0 or (more == 0 and random.random() < 0.5) else (a, b)
        asked[left, right] += 1
        sided.append((left, right))
    return sided


def _by_arm(had: np.ndarray, arms: int) -> np.ndarray:
    """(n, k): how often items have had each arm, by how often they have had each pair."""
    by_arm = np.zeros((len(had), arms), had.dtype)
    for a, b in combinations(range(arms), 2):
        of_pair = had[:, pair_number(a, b)]
        by_arm[:, a] += of_pair
        by_arm[:, b] += of_pair
    return by_arm
