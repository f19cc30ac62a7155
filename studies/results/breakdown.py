"""Does the finding rest on a few people, or on some classes? The main effect of each person, without each person, and of each class;
and of the parts that groups, versions of the protocol and answers to questions make, side by side."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from studies.analysis.answers import AnswersError
from studies.analysis.contrasts import Judged
from studies.analysis.influence import by_person
from studies.analysis.table import Answers
from studies.protocol import QuestionKind
from studies.trial_types import MainEffect, judged_json, trial_type_of

from .answers import Reading

NO_GROUP, NOT_SAID = "no group", "not answered"


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
class PartRow:
    """The answers of some people, or under one version."""

    name: str
    people: int
    answers: int
    found: Judged


@dataclass(frozen=True)
class Split:
    """All answers told apart by one thing: “group”, “version of the protocol”, or a question that people were asked."""

    key: str  # in the names of files
    by: str
    parts: tuple[PartRow, ...]  # two at least, in the order of the protocol or of their names


@dataclass(frozen=True)
class Breakdown:
    """The main effect of a study: of all answers, by person in the order of their estimates, by class in that of names, and split."""

    effect: MainEffect
    whole: Judged
    people: tuple[PersonRow, ...]
    classes: tuple[ClassRow, ...]
    splits: tuple[Split, ...] = ()

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
    people, classes = _people(reading, effect), _classes(reading, effect)
    return Breakdown(effect, effect.of(answers), people, classes, tuple(_splits(reading, effect)))


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


def _splits(reading: Reading, effect: MainEffect) -> Iterator[Split]:
    answers, study = reading.answers, reading.study
    rows = study.participants.values_list("number", "invitation__label", "background")
    told = {number: (label, background) for number, label, background in rows}
    known = [told[number] for number in answers.units.person_names.tolist()]

    def by_person(names: list[str]) -> np.ndarray:
        return np.array(names)[answers.units.person]

    ways: list[tuple[str, str, np.ndarray, list[str]]] = [
        ("group", "group", by_person([label or NO_GROUP for label, _ in known]), []),
        ("version", "version of the protocol", np.char.add("version ", answers.versions.astype(str)), []),
    ]
    for question in study.questions:
        if question["kind"] == QuestionKind.CHOICE:
            said = [background.get(question["key"]) or NOT_SAID for _, background in known]
            words = f"answer to “{question['text']}”"
            ways.append((f"question-{question['key']}", words, by_person(said), question["options"]))
    for key, by, names, order in ways:
        parts = tuple(_parts(answers, effect, names, order))
        if len(parts) > 1:
            yield Split(key, by, parts)


def _parts(answers: Answers, effect: MainEffect, names: np.ndarray, order: list[str]) -> Iterator[PartRow]:
    """Each part of which the effect can be told: where people meet one arm each, a part may lack an arm."""
    place = {name: number for number, name in enumerate(order)}
    for name in sorted(set(names.tolist()), key=lambda name: (place.get(name, len(place)), name)):
        here = answers.only(names == name)
        try:
            found = effect.of(here)
        except AnswersError:
            continue
        if math.isfinite(found.estimate):
            yield PartRow(name, here.units.people, len(here), found)


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
