"""What a reviewer asks next: tests, ranking, agreement, bias, other ways to count, exclusions. From the same arrays
as the summary; the mathematics is in analysis/. Each part is None, or carries a sentence, where it cannot be had.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar, get_args

import numpy as np

from studies.analysis.agreement import (
    Agreement,
    PositionBias,
    Retest,
    Scale,
    SideBias,
    krippendorff_alpha_of,
    position_bias_of,
    retest,
    side_bias_of,
)
from studies.analysis.answers import AnswersError
from studies.analysis.contrasts import Contrast, Finding, any_difference_of, compare_arms_of, rating_tests_of
from studies.analysis.exclusions import Exclusions
from studies.analysis.intervals import choice_intervals_of, rating_intervals_of
from studies.analysis.ranking import Ranking, rank_arms_of
from studies.analysis.resampling import Method
from studies.analysis.scores import SameAs, choice_scores_of
from studies.analysis.table import UNKNOWN, Choices, Ratings
from studies.analysis.times import Times, times_of

from .answers import Reading
from .data_quality import AttentionCheckResults, checks_of, left_out
from .summary import Summary, summarise

Pair = tuple[float, float]
Found = TypeVar("Found")
METHODS_IN_WORDS = {
    "two-way": "people and items",
    "people": "people only: holds for these photos only",
    "items": "items only: holds for these people only",
    "naive": "every answer independent",
}
SAME_IN_WORDS = {
    "own": "a category of its own",
    "split": "shared equally among the arms",
    "dropped": "left out",
}


@dataclass(frozen=True)
class Versus:
    """A contrast with its arms by name."""

    first: str
    second: str
    found: Contrast


@dataclass(frozen=True)
class Ranked:
    """One line of the ranking."""

    name: str
    worth: float  # all arms' worths sum to 1
    interval: Pair | None


@dataclass(frozen=True)
class OtherCount:
    """Scores when “same” is counted in another way."""

    way: str
    in_words: str
    scores: tuple[float, ...]  # in the order of the arms
    same: float
    items: int


@dataclass(frozen=True)
class OtherInterval:
    """The interval of each arm's score, or of the mean rating, when something is left out of account."""

    method: str
    in_words: str
    intervals: tuple[Pair | None, ...]


@dataclass(frozen=True)
class FurtherAnalyses:
    contrasts: tuple[Versus, ...]
    any_difference: Finding | None
    tests: dict[str, Finding]  # of ratings
    ranked: tuple[Ranked, ...]
    ranking: Ranking | None
    agreement: Agreement
    retest: Retest | None  # of planned repeats
    positions: PositionBias | None
    sides: SideBias | None
    same_as: tuple[OtherCount, ...]
    methods: tuple[OtherInterval, ...]
    times: Times | None
    checks: AttentionCheckResults | None
    exclusions: Exclusions | None
    kept: Summary | None  # the summary without the people whom the rules leave out


def analyse_further(reading: Reading, whole: Summary | None = None) -> FurtherAnalyses | None:
    """Everything beyond the summary, or None if there are no answers. `whole`: the summary, where it was made before."""
    given = reading.answers
    if not len(given):
        return None
    excluded = left_out(reading)
    scale: Scale = "nominal" if isinstance(given, Choices) else "interval"
    return FurtherAnalyses(
        **(_of_choices(reading, given) if isinstance(given, Choices) else _of_ratings(reading, given)),
        agreement=krippendorff_alpha_of(given, scale),
        retest=_retest(reading, scale),
        times=times_of(given.response_ms),
        checks=checks_of(reading),
        exclusions=excluded,
        kept=None if excluded is None else _kept(reading, excluded, whole),
    )


def _kept(reading: Reading, excluded: Exclusions, whole: Summary | None) -> Summary:
    """The summary of what the rules leave."""
    if whole is not None and excluded.kept.all():
        return whole
    return summarise(reading, reading.answers.only(excluded.kept))


def contrasts_of(reading: Reading, given: Choices) -> tuple[Versus, ...]:
    """Every pair of arms, the declared ones first."""
    plan, arms = reading.plan, reading.arms
    declared = () if plan.looks else plan.contrasts  # with planned looks only a look judges them
    contrasts = compare_arms_of(given, declared=declared, seed=reading.study.seed)
    return tuple(Versus(arms[contrast.a], arms[contrast.b], contrast) for contrast in contrasts)


def _of_choices(reading: Reading, given: Choices) -> dict:
    seed, arms = reading.study.seed, reading.arms
    known = given.only(given.shown != UNKNOWN)
    ranking = _or_none(lambda: rank_arms_of(known, seed=seed))
    return {
        "contrasts": contrasts_of(reading, given),
        "any_difference": any_difference_of(given, seed=seed),
        "tests": {},
        "ranking": ranking,
        "ranked": _ranked(ranking, arms),
        "positions": _or_none(
            lambda: position_bias_of(known.units, known.shown, reading.maps_shown, seed=seed)
        ),
        "sides": None,
        "same_as": tuple(filter(None, (_counted_as(way, given) for way in get_args(SameAs)))),
        "methods": tuple(
            _other(method, choice_intervals_of(given, seed=seed, method=method).arms, len(arms))
            for method in get_args(Method)
        ),
    }


def _of_ratings(reading: Reading, given: Ratings) -> dict:
    seed = reading.study.seed
    known = given.only(given.shown != UNKNOWN)
    return {
        "contrasts": (),
        "any_difference": None,
        "tests": rating_tests_of(given),
        "ranking": None,
        "ranked": (),
        "positions": None,
        "sides": _or_none(lambda: side_bias_of(known, seed=seed)),
        "same_as": (),
        "methods": tuple(
            _other(method, _row(rating_intervals_of(given, seed=seed, method=method).mean), 1)
            for method in get_args(Method)
        ),
    }


def _or_none(compute: Callable[[], Found]) -> Found | None:
    """None where there is nothing to compute it from, as with answers of which the place is not known."""
    try:
        return compute()
    except AnswersError:
        return None


def _ranked(ranking: Ranking | None, arms: tuple[str, ...]) -> tuple[Ranked, ...]:
    if ranking is None or ranking.estimate is None:
        return ()
    worth = ranking.estimate.worth
    ends = ranking.intervals.worth if ranking.intervals else [None] * len(worth)
    lines = [Ranked(arms[index], float(worth[index]), pair(ends[index])) for index in range(len(worth))]
    return tuple(sorted(lines, key=lambda line: -line.worth))


def _counted_as(way: SameAs, given: Choices) -> OtherCount | None:
    found = _or_none(lambda: choice_scores_of(given, same_as=way))
    if found is None:
        return None
    return OtherCount(way, SAME_IN_WORDS[way], tuple(found.arms.tolist()), found.same, found.items)


def _other(method: str, ends: np.ndarray | None, rows: int) -> OtherInterval:
    intervals = [None] * rows if ends is None else [pair(row) for row in ends]
    return OtherInterval(method, METHODS_IN_WORDS[method], tuple(intervals))


def _row(ends: np.ndarray | None) -> np.ndarray | None:
    return None if ends is None else ends[None]


def pair(ends: np.ndarray | None) -> Pair | None:
    """(lower, upper) as plain numbers."""
    return None if ends is None else (float(ends[0]), float(ends[1]))


def _retest(reading: Reading, scale: Scale) -> Retest | None:
    """First and second answers of the same person about the same item, side by side."""
    given, second = reading.answers, reading.second_answers
    if not second:
        return None
    keys = zip(given.items.tolist(), given.participants.tolist(), given.values.tolist(), strict=True)
    pairs = [(first, second[item, person]) for item, person, first in keys if (item, person) in second]
    if not pairs:
        return None
    first_time, again = np.array(pairs).T
    return retest(first_time, again, scale)
