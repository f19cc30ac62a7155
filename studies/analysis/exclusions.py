"""Whose answers count: rules that the protocol fixes before there is data, and the flow that a report shows.

A report gives results with and without the people that the rules leave out (CONSORT's flow, for studies of this kind).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .agreement import position_bias_of
from .answers import AnswersError, column, labels
from .table import Units


@dataclass(frozen=True)
class Rules:
    """None switches a rule off. Each rule leaves out every answer of a person to whom it applies."""

    missed_checks: int | None = None  # so many attention checks missed, or more
    failed_practice: bool = False
    median_ms: float | None = None  # median response time below this many milliseconds
    position_share: float | None = None  # one position chosen in more than this share of preferences, 0 to 1

    def __post_init__(self) -> None:
        if self.missed_checks is not None and self.missed_checks < 1:
            raise AnswersError(
                f"missed_checks: {self.missed_checks} would leave everybody out; take 1 or more"
            )
        if self.median_ms is not None and not self.median_ms > 0:
            raise AnswersError(
                f"median_ms: {self.median_ms} is no time; take a number of milliseconds above 0"
            )
        if self.position_share is not None and not 0 < self.position_share < 1:
            raise AnswersError(f"position_share: {self.position_share} is not between 0 and 1")


@dataclass(frozen=True, eq=False)
class Exclusions:
    """Who is left out and why, and which rows stay."""

    kept: np.ndarray  # (n,) bool, one for each answer
    reasons: dict[Any, list[str]]  # participant -> every rule that applies, in the order of Rules
    flow: dict[str, int] = field(
        default_factory=dict
    )  # people and answers before, by first reason, and after


REASONS = ("failed the practice", "missed attention checks", "answered too fast", "kept to one position")


def exclude(
    participants: ArrayLike,
    rules: Rules,
    *,
    response_ms: ArrayLike | None = None,
    positions: ArrayLike | None = None,
    shown: int = 0,
    missed_checks: Mapping[Any, int] | None = None,
    failed_practice: Mapping[Any, bool] | None = None,
) -> Exclusions:
    """Apply the rules to people. participants (n,): who gave each answer.

    response_ms (n,) float: NaN where it was not measured. positions (n,) int: as in position_bias, of `shown`.
    missed_checks, failed_practice: by participant. A rule whose column is absent is an error, not a rule that never applies.

    >>> result = exclude([1, 1, 2, 2], Rules(median_ms=500), response_ms=[100, 200, 900, 300])
    >>> result.kept.tolist(), result.reasons
    ([False, False, True, True], {1: ['answered too fast']})
    """
    names, person = labels(participants, "participants")
    units = Units(np.empty(0), person, names, person)  # items do not matter here
    return exclusions_of(
        units,
        rules,
        response_ms=response_ms,
        positions=positions,
        shown=shown,
        missed_checks=missed_checks,
        failed_practice=failed_practice,
    )


def exclusions_of(
    units: Units,
    rules: Rules,
    *,
    response_ms: ArrayLike | None = None,
    positions: ArrayLike | None = None,
    shown: int = 0,
    missed_checks: Mapping[Any, int] | None = None,
    failed_practice: Mapping[Any, bool] | None = None,
) -> Exclusions:
    """`exclude` among those who gave the answers of a table."""
    person, people = units.person, units.person_names.tolist()
    applies = {reason: np.zeros(len(people), bool) for reason in REASONS}
    if rules.failed_practice:
        failed = _needed(failed_practice, "failed_practice")
        applies[REASONS[0]] = np.array([bool(failed.get(name)) for name in people])
    if rules.missed_checks is not None:
        missed = _needed(missed_checks, "missed_checks")
        applies[REASONS[1]] = np.array([missed.get(name, 0) >= rules.missed_checks for name in people])
    if rules.median_ms is not None:
        times = column(_needed(response_ms, "response_ms"), "response_ms", len(person)).astype(float)
        medians = [_median(times[person == number]) for number in range(len(people))]
        applies[REASONS[2]] = np.array(medians) < rules.median_ms
    if rules.position_share is not None:
        bias = position_bias_of(units, _needed(positions, "positions"), shown, draws=1)
        shares = [bias.largest_share.get(name, 0.0) for name in people]
        applies[REASONS[3]] = np.array(shares) > rules.position_share
    reasons = {
        name: [reason for reason in REASONS if applies[reason][number]] for number, name in enumerate(people)
    }
    out = np.any(list(applies.values()), axis=0)
    kept = ~out[person]
    first = [why[0] for why in reasons.values() if why]
    flow = {
        "people": len(people),
        "answers": len(person),
        **{reason: first.count(reason) for reason in REASONS},
        "people kept": int(np.sum(~out)),
        "answers kept": int(kept.sum()),
    }
    return Exclusions(kept, {name: why for name, why in reasons.items() if why}, flow)


def _needed(value: Any, name: str) -> Any:
    if value is None:
        raise AnswersError(f"{name}: a rule needs it, but it was not given")
    return value


def _median(times: np.ndarray) -> float:
    """The median of what was measured; infinity where nothing was, so that nobody is too fast by silence."""
    measured = times[np.isfinite(times)]
    return float(np.median(measured)) if len(measured) else np.inf
