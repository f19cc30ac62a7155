"""How closely people looked: attention checks, practice, and whom the protocol's rules leave out for it."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from studies.analysis.answers import SAME
from studies.analysis.exclusions import Exclusions, exclusions_of
from studies.analysis.table import UNKNOWN, Answers
from studies.models import Study
from studies.protocol import AnalysisPlan
from studies.trial_types import trial_type_of
from studies.trials import failed_practice, passes


class Readable(Protocol):
    """What is read here of a `Reading` (answers.py), which asks this module whom the rules leave out."""

    @property
    def study(self) -> Study: ...
    @property
    def plan(self) -> AnalysisPlan: ...
    @property
    def everybody(self) -> Answers: ...
    @property
    def left_out(self) -> Exclusions | None: ...
    @property
    def check_answers(self) -> list[tuple[int, int]]: ...
    @property
    def maps_shown(self) -> int: ...


@dataclass(frozen=True)
class AttentionCheckResults:
    """Answers to attention checks, by participant number."""

    given: Counter[int] = field(default_factory=Counter)
    passed: Counter[int] = field(default_factory=Counter)

    @property
    def people(self) -> int:
        return len(self.given)

    @property
    def all_given(self) -> int:
        return self.given.total()

    @property
    def all_passed(self) -> int:
        return self.passed.total()

    @property
    def passed_all(self) -> int:
        """People who missed none."""
        return sum(self.passed[number] == count for number, count in self.given.items())

    @property
    def missed(self) -> dict[int, int]:
        return {number: count - self.passed[number] for number, count in self.given.items()}


def checks_of(reading: Readable) -> AttentionCheckResults | None:
    """Answers to attention checks about any class; None in a study without them."""
    if not reading.study.attention_checks:
        return None
    checks = AttentionCheckResults()
    for number, answer in reading.check_answers:
        checks.given[number] += 1
        checks.passed[number] += passes(answer, reading.study)
    return checks


def left_out(reading: Readable) -> Exclusions | None:
    """Whom the protocol's rules leave out; None where it has none. A place on screen that is not known counts as none
    picked."""
    rules, answers = reading.plan.rules, reading.everybody
    if rules is None:
        return None
    kind = trial_type_of(reading.study).results
    checks = checks_of(reading)
    return exclusions_of(
        answers.units,
        rules,
        response_ms=answers.response_ms,
        positions=np.where(answers.shown == UNKNOWN, SAME, kind.favoured(answers.shown)),
        shown=kind.places_to_favour(reading.maps_shown),
        missed_checks=checks.missed if checks else {},
        failed_practice=failed_practice(reading.study) if rules.failed_practice else {},
    )


def reasons(reading: Readable) -> dict[int, str]:
    """Participant number -> every rule that leaves them out, separated by “; ”."""
    excluded = reading.left_out
    return (
        {} if excluded is None else {int(number): "; ".join(why) for number, why in excluded.reasons.items()}
    )
