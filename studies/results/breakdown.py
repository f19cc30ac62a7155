"""Does the finding rest on a few people, or on some classes? The main effect of each person, without each person, and of each class."""

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from studies.analysis.contrasts import Judged
from studies.analysis.influence import by_person
from studies.trial_types import MainEffect, judged_json, trial_type_of

from .answers import Reading


@dataclass(frozen=True)
class PersonRow:
    """One person: what their answers alone say, and what all others' say."""

    number: int  # as `participant` in answers.csv
    answers: int
    estimate: float
    without: float | None  # None where nobody else answered


@dataclass(frozen=True)
class ClassRow:
    """One class of photos."""

    class_name: str
    items: int
    answers: int
    found: Judged


@dataclass(frozen=True)
class Breakdown:
    """The main effect of a study: of all answers, by person in the order of their estimates, and by class in that of names."""

    effect: MainEffect
    whole: Judged
    people: tuple[PersonRow, ...]
    classes: tuple[ClassRow, ...]

    @property
    def without_one(self) -> tuple[float, float] | None:
        """The least and the most that comes of leaving one person out; None with one person alone."""
        others = [row.without for row in self.people if row.without is not None]
        return (min(others), max(others)) if others else None


def break_down(reading: Reading) -> Breakdown | None:
    """None where there are no answers, or the trial type has no one effect that a study is about."""
    answers = reading.answers
    if not len(answers):
        return None
    planned = replace(reading.compared, declared=reading.plan.contrasts)
    effect = trial_type_of(reading.study).results.main_effect(answers, planned)
    if effect is None:
        return None
    return Breakdown(effect, effect.of(answers), _people(reading, effect), _classes(reading, effect))


def _people(reading: Reading, effect: MainEffect) -> tuple[PersonRow, ...]:
    units = reading.answers.units
    own, without = by_person(units, effect.values, effect.per)
    columns = (units.person_names, np.bincount(units.person), own, without)
    rows = [
        PersonRow(number, answers, estimate, None if math.isnan(others) else others)
        for number, answers, estimate, others in zip(*(column.tolist() for column in columns), strict=True)
    ]
    return tuple(sorted(rows, key=lambda row: (row.estimate, row.number)))


def _classes(reading: Reading, effect: MainEffect) -> tuple[ClassRow, ...]:
    answers = reading.answers
    of_item = dict(reading.study.items.values_list("index", "image__class_name"))
    names = np.array([of_item[item] for item in answers.units.item_names.tolist()])
    rows = []
    for name in sorted(set(names.tolist())):
        here = answers.only((names == name)[answers.units.item])
        rows.append(ClassRow(name, here.units.items, len(here), effect.of(here)))
    return tuple(rows)


def breakdown_json(found: Breakdown | None) -> dict[str, Any] | None:
    """The same as plain data, people by number."""
    if found is None:
        return None
    people = sorted(found.people, key=lambda row: row.number)
    return {
        "of": found.effect.name,
        "unit": found.effect.unit,
        **judged_json(found.whole),
        "people": [
            {
                "participant": row.number,
                "answers": row.answers,
                "estimate": row.estimate,
                "without": row.without,
            }
            for row in people
        ],
        "classes": [
            {"class": row.class_name, "items": row.items, "answers": row.answers, **judged_json(row.found)}
            for row in found.classes
        ],
    }
