"""Tests to stand beside the inference, each with the null hypothesis that it has. None of them is what a study is judged by.

Choices are tested by exchanging the labels of two arms (Fisher's randomisation test; Pesarin & Salmaso 2010,
"Permutation Tests for Complex Data"). What is exchanged as one says what the null hypothesis is: see NULLS. Each of these knows one of the
two ways in which answers vary, people or items, so none is a test of “equal on average over people and items”: where both
vary alike, the larger of two of them rejects in 12 to 17 of 100 studies in which arms are equal on average.
Ratings are tested on people's means and on items' means, by Wilcoxon's signed ranks and by signs: the first takes the items for
the only ones there are, the second the people.
"""

from dataclasses import dataclass, replace
from itertools import product
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from ..answers import AnswersError, column
from ..distributions import even_chance, normal_cdf, rank_sum_cdf
from ..scores import means_of_items, means_of_people
from ..table import Choices, Ratings, Units, remembered

Swap = Literal["trials", "items", "people"]
PERMUTATIONS = 10_000  # where not all can be tried
ENUMERATE = 14  # up to 2^14 sign patterns are all tried instead of drawn
COUNTED, COUNTED_TIED = 50, 13  # up to so many signed ranks all sign patterns are counted
NOTHING_TO_TEST = "All differences are zero: there is nothing to test."
SHOWN_ALONE = "Each trial showed one arm alone: there are no labels to exchange."


NULLS: dict[str, str] = {
    "trials": "nobody sees any difference on any photo",
    "items": "no difference over photos like these, by these people alone",
    "people": "no difference over people like these, about these photos alone",
    "all": "on no photo does anybody prefer any arm that was shown",
}
NULLS_OF_RATINGS: dict[str, str] = {
    "people": "no lean over people like these, about these photos alone",
    "items": "no lean over photos like these, by these people alone",
}


@dataclass(frozen=True)
class Finding:
    """One two-sided test. `p` is None where there is nothing to test, and `note` says why."""

    test: str
    statistic: float
    p: float | None
    n: int  # units that speak for one side: answers, items or people
    zeros: int  # units that speak for neither
    note: str = ""
    null: str = ""  # the null hypothesis that it has


@dataclass(frozen=True)
class SwapTests:
    """What exchanging the labels of two arms says, whatever is exchanged as one."""

    trials: Finding
    items: Finding
    people: Finding


@remembered
def swap_tests_of(
    answers: Choices, contrast: tuple[int, int], *, draws: int = PERMUTATIONS, seed: int = 0
) -> SwapTests:
    """Arm contrast[0] against contrast[1] by all three tests of `permutation_test`."""
    return swap_tests_of_votes(answers.units, _votes(answers, contrast), draws=draws, seed=seed)


def swap_tests_of_votes(
    units: Units, votes: np.ndarray, *, draws: int = PERMUTATIONS, seed: int = 0
) -> SwapTests:
    """The same of votes (n,): what each answer adds to a difference of two arms. Exchanging the labels turns its sign."""
    return SwapTests(*(_exchanged(units, votes, swap, draws, seed) for swap in get_args(Swap)))


def permutation_test(
    items: ArrayLike,
    participants: ArrayLike,
    choices: ArrayLike,
    contrast: tuple[int, int] = (0, 1),
    arms: int = 3,
    *,
    swap: Swap = "trials",
    draws: int = PERMUTATIONS,
    seed: int = 0,
) -> Finding:
    """Exchange the labels of two arms, and see how often the difference of totals gets as large as it is.

    The statistic is total of contrast[0] − total of contrast[1]. Exact where the patterns can be
    enumerated or are binomial (equal numbers of answers per item), else from `draws` draws with
    p = (1 + as large) / (1 + draws). “Same” and other arms are zeros: exchanging labels does not move them.

    >>> permutation_test(range(10), range(10), [0] * 9 + [1], (0, 1), 2).p
    0.021484375
    """
    if swap not in get_args(Swap):
        raise AnswersError(f"swap: {swap!r} is not one of {', '.join(get_args(Swap))}")
    answers = Choices.of(items, participants, choices, arms=arms)
    return _exchanged(answers.units, _votes(answers, contrast), swap, draws, seed)


def _votes(answers: Choices, contrast: tuple[int, int]) -> np.ndarray:
    """(n,) what each answer adds to total of contrast[0] − total of contrast[1]."""
    a, b = contrast
    return ((answers.values == a).astype(float) - (answers.values == b)) / answers.units.with_same_item


def _exchanged(units: Units, votes: np.ndarray, swap: Swap, draws: int, seed: int) -> Finding:
    item, person = units.item, units.person
    if swap != "trials":
        votes = np.bincount(item if swap == "items" else person, votes)
    found = _flip_signs(votes, f"labels exchanged by {swap}", draws, seed)
    return replace(found, null=NULLS[swap])


def _flip_signs(values: np.ndarray, test: str, draws: int, seed: int) -> Finding:
    """How extreme Σ values is among Σ ± values. Equal sizes are drawn together, as one binomial number."""
    sizes, how_many = np.unique(np.round(np.abs(values), 12), return_counts=True)
    zeros = int(how_many[0]) if sizes[0] == 0 else 0
    sizes, how_many = sizes[sizes > 0], how_many[sizes > 0]
    n, total = int(how_many.sum()), float(values.sum())
    if n == 0:
        return Finding(test, 0.0, None, 0, zeros, NOTHING_TO_TEST)
    least = abs(total) - 1e-9 * float(sizes @ how_many)
    if len(sizes) == 1:
        p = even_chance(int(np.sum(values > 0)), n)
    elif n <= ENUMERATE:
        every = np.array(list(product((-1, 1), repeat=n))) @ np.repeat(sizes, how_many)
        p = float(np.mean(np.abs(every) >= least))
    else:
        rng = np.random.default_rng(seed)
        drawn = np.zeros(draws)
        for size, count in zip(sizes, how_many, strict=True):
            drawn += size * (2 * rng.binomial(count, 0.5, draws) - count)
        p = float((1 + np.sum(np.abs(drawn) >= least)) / (1 + draws))
    return Finding(test, total, p, n, zeros)


def exchange_all_labels(
    items: ArrayLike, choices: ArrayLike, arms: int = 3, *, draws: int = PERMUTATIONS, seed: int = 0
) -> Finding:
    """One test over all arms: in each draw every preference goes to any arm with the same chance.

    The statistic is the variance of the arms' totals, so large means different; one test, so no correction.
    """
    nobody = np.zeros(len(column(items, "items")), int)  # who answered does not matter here
    answers = Choices.of(items, nobody, choices, arms=arms)
    return exchange_all_labels_of(answers, draws=draws, seed=seed)


@remembered
def exchange_all_labels_of(answers: Choices, *, draws: int = PERMUTATIONS, seed: int = 0) -> Finding:
    """`exchange_all_labels` of a table. Where a trial is known to have shown some of the arms, its preference goes to any of those."""
    choice, arms, units = answers.values, answers.arms, answers.units
    test, zeros = "all labels exchanged by trials", int(np.sum(choice < 0))
    if arms < 2 or zeros == len(choice):
        note = "There is only one arm: nothing to compare." if arms < 2 else NOTHING_TO_TEST
        return Finding(test, 0.0, None, len(choice) - zeros, zeros, note, NULLS["all"])
    shown = _arms_shown(answers)[choice >= 0]
    if not (shown & (shown - 1)).any():
        return Finding(test, 0.0, None, len(choice) - zeros, zeros, SHOWN_ALONE, NULLS["all"])
    weight = (1 / units.with_same_item)[choice >= 0]
    totals = np.bincount(choice[choice >= 0], weight, minlength=arms)
    rng = np.random.default_rng(seed)
    drawn = np.zeros((draws, arms))
    for bits in np.unique(shown).tolist():
        among = [arm for arm in range(arms) if bits >> arm & 1]
        for size, count in zip(*np.unique(weight[shown == bits], return_counts=True), strict=True):
            chances = np.full(len(among), 1 / len(among))
            drawn[:, among] += size * rng.multinomial(count, chances, size=draws)
    as_large = np.sum(drawn.var(axis=1) >= totals.var() * (1 - 1e-9))
    p = float((1 + as_large) / (1 + draws))
    return Finding(test, float(totals.var()), p, len(choice) - zeros, zeros, null=NULLS["all"])


def _arms_shown(answers: Choices) -> np.ndarray:
    """(n,) int: the arms that stood in each answer's trial as bits, arm 0 the lowest; all of them where that is not known."""
    orders = answers.orders
    bits = np.where(orders >= 0, 1 << np.maximum(orders, 0), 0).sum(axis=1, dtype=np.int64)
    return np.where(bits == 0, (1 << answers.arms) - 1, bits)


def rating_tests(items: ArrayLike, participants: ArrayLike, ratings: ArrayLike) -> dict[str, Finding]:
    """Wilcoxon's and the sign test on people's means and on items' means: "people: Wilcoxon", "people: signs", …"""
    return rating_tests_of(Ratings.of(items, participants, ratings))


@remembered
def rating_tests_of(answers: Ratings) -> dict[str, Finding]:
    """`rating_tests` of a table."""
    tests = {}
    for unit, means in (("people", means_of_people(answers)), ("items", means_of_items(answers))):
        tests[f"{unit}: Wilcoxon"] = replace(wilcoxon_test(means), null=NULLS_OF_RATINGS[unit])
        tests[f"{unit}: signs"] = replace(sign_test(means), null=NULLS_OF_RATINGS[unit])
    return tests


def wilcoxon_test(means: ArrayLike) -> Finding:
    """Wilcoxon's signed-rank test against zero; zeros are left out, as Wilcoxon did, and counted.

    The statistic is the smaller of the two rank sums. Means that differ only by rounding count as tied.

    >>> wilcoxon_test([1.0, 2.0, -0.5, 0.0, 1.5, 0.5, 2.0]).n
    6
    """
    values = np.round(column(means, "means").astype(float), 12)
    zeros, n = int(np.sum(values == 0)), int(np.sum(values != 0))
    if n == 0:
        return Finding("Wilcoxon", 0.0, None, 0, zeros, NOTHING_TO_TEST)
    ranks = _ranks(np.abs(values[values != 0]))
    above = float(ranks[values[values != 0] > 0].sum())
    statistic = min(above, float(ranks.sum()) - above)
    return Finding("Wilcoxon", statistic, _signed_rank_p(statistic, ranks), n, zeros)


def rank_sum_test(first: ArrayLike, second: ArrayLike) -> Finding:
    """Wilcoxon's rank-sum test of two groups of means, Mann and Whitney's U: normal, ties allowed for, no continuity correction.

    The statistic is U of the first group. Means that differ only by rounding count as tied.

    >>> round(rank_sum_test([1.0, 2.0, 3.0, 5.0], [4.0, 6.0, 7.0, 8.0]).p, 4)
    0.0433
    """
    one, other = (np.round(column(means, "means").astype(float), 12) for means in (first, second))
    n, m = len(one), len(other)
    if not n or not m:
        return Finding("rank sum", 0.0, None, n + m, 0, "One of the two arms has nobody.")
    every = np.concatenate([one, other])
    ties = np.unique(every, return_counts=True)[1].astype(float)
    whole = n + m
    variance = n * m / 12 * (whole + 1 - float((ties**3 - ties).sum()) / (whole * max(1, whole - 1)))
    above = float(_ranks(every)[:n].sum()) - n * (n + 1) / 2
    if variance <= 1e-12:
        return Finding("rank sum", above, None, whole, 0, "All means are the same: there is nothing to test.")
    z = abs(above - n * m / 2) / np.sqrt(variance)
    return Finding("rank sum", above, float(2 * normal_cdf(-z)), whole, 0)


def _ranks(values: np.ndarray) -> np.ndarray:
    """(n,): 1 for the smallest … n; values that tie share the mean of their ranks."""
    _, place, ties = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(ties) - (ties - 1) / 2)[place]


def _signed_rank_p(smaller: float, ranks: np.ndarray) -> float:
    """The two-sided p of the smaller of the two rank sums.

    Exact where ranks are few, as scipy.stats.wilcoxon has it, else normal without a continuity correction: the sum of ranks r
    with signs at random has mean Σ r / 2 and variance Σ r² / 4, which allows for ties.
    """
    tied = len(np.unique(ranks)) < len(ranks)
    if len(ranks) <= (COUNTED_TIED if tied else COUNTED):
        return min(1.0, 2 * rank_sum_cdf(smaller, ranks))
    z = (smaller - ranks.sum() / 2) / (np.sqrt((ranks**2).sum()) / 2)
    return float(2 * normal_cdf(z))


def sign_test(means: ArrayLike) -> Finding:
    """The exact sign test: are there more means above zero than below? Zeros are left out and counted.

    >>> sign_test([1, 2, 1, 1, 0, 2, 1]).p
    0.03125
    """
    values = np.round(column(means, "means").astype(float), 12)
    above, below = int(np.sum(values > 0)), int(np.sum(values < 0))
    zeros = len(values) - above - below
    if above + below == 0:
        return Finding("signs", 0.0, None, 0, zeros, NOTHING_TO_TEST)
    p = even_chance(above, above + below)
    return Finding("signs", float(above), p, above + below, zeros)
