"""What a study found, as one object with its sentences. The answers come from a `Reading`; as_json.py gives plain data."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from explain.map_sources import source_of
from studies.analysis.answers import missing_items
from studies.analysis.table import UNKNOWN, Answers
from studies.models import Study
from studies.trial_types import Outcome, comparison_of, trial_type_of

from .answers import Reading
from .interim_analysis import looks_of
from .part import AnswerSelection, part_of

if TYPE_CHECKING:
    from .interim_analysis import InterimAnalysis


@dataclass(frozen=True)
class Summary:
    """A study's result, for whom it holds, and what should be known of it. `notes` are whole sentences."""

    study: str
    title: str
    task: str
    state: str
    who: str
    class_name: str  # only items of this class, if not empty
    group: str  # only participants of this group, if not empty
    version: int | None  # only answers under this version of the protocol, if not None
    simulated: bool
    arms: tuple[str, ...]
    items: int  # with at least one answer: what the scores sum to
    missing_items: tuple[int, ...]
    responses: int
    participants: int
    imported: int  # answers that were collected elsewhere
    outcome: Outcome  # the main finding, as the trial type has it
    positions: dict[str, int]  # how often each place was picked, or each side favoured
    seed: int  # of every draw
    looks: "InterimAnalysis | None"  # planned in the protocol
    notes: tuple[str, ...]
    protocol_sha256: str
    versions: dict[int, int]  # counted answers by version of the protocol; empty where there is one only
    all_left_out: int = 0  # people who answered, where the protocol's rules keep none of them

    @property
    def who_in_words(self) -> str:
        return AnswerSelection(self.who, self.class_name, self.group, self.version).in_words

    @property
    def items_in_study(self) -> int:
        return self.items + len(self.missing_items)

    @property
    def headline(self) -> str:
        """The finding in one sentence with its numbers."""
        if self.all_left_out:
            return f"The protocol’s rules leave out all {self.all_left_out} participants: no answers are left to score."
        if not self.responses:
            return "No answers yet."
        return self.outcome.headline


def summary_of(
    study: Study,
    who: str | None = None,
    *,
    class_name: str = "",
    group: str = "",
    version: int | None = None,
) -> Summary:
    """The study's scores with 95 % intervals (two-way bootstrap, 2,000 draws from the study's seed).

    A fixed number of queries. What cannot be computed is None and a note says why: nothing here is ever NaN.
    """
    return summarise(Reading(study, part_of(study, who, class_name, group, version)))


def summarise(reading: Reading, answers: Answers | None = None) -> Summary:
    """The summary of a reading, or of some of its answers."""
    study, part, arms = reading.study, reading.part, reading.arms
    answers = reading.answers if answers is None else answers
    missing = tuple(missing_items(reading.items, answers.items).tolist())
    imported, versions = int(answers.imported.sum()), _versions(study, answers)
    all_left_out = reading.everybody.units.people if len(reading.everybody) > len(answers) == 0 else 0
    kind = trial_type_of(study).results
    outcome = kind.outcome(answers, reading.compared)
    needed = len(reading.items) * study.responses_per_item
    looks, about_looks = looks_of(
        study, reading.plan, answers, reading.compared, needed=needed, narrowed=part.narrowed
    )
    return Summary(
        study=study.slug,
        title=study.title,
        task=study.task,
        state=study.state,
        who=part.who,
        class_name=part.class_name,
        group=part.group,
        version=part.version,
        simulated=part.who == "simulated" or bool(answers.simulated.any()),
        arms=arms,
        items=outcome.items,
        missing_items=missing,
        responses=len(answers),
        participants=answers.units.people if len(answers) else 0,
        imported=imported,
        outcome=outcome,
        positions=kind.places(answers.shown[answers.shown != UNKNOWN], reading.maps_shown),
        seed=study.seed,
        looks=looks,
        notes=(
            *outcome.notes,
            *_comparison_notes(study, answers),
            *about_looks,
            *_left_out_note(reading, answers),
            *_notes(answers, missing, imported, all_left_out),
            *_versions_note(versions),
            *_smoothing_note(study),
            *(note for arm in reading.arm_rows for note in source_of(arm).notes(arm.name, arm)),
        ),
        protocol_sha256=study.protocol_sha256,
        versions=versions,
        all_left_out=all_left_out,
    )


def _versions(study: Study, answers: Answers) -> dict[int, int]:
    """How many answers were given under each version of the protocol; empty where there is one only."""
    if study.version == 1:
        return {}
    numbers, counts = np.unique(answers.versions, return_counts=True)
    return dict(zip(numbers.tolist(), counts.tolist(), strict=True))


def _smoothing_note(study: Study) -> Iterable[str]:
    if study.cells:
        yield (
            f"Maps with more than {study.cells} × {study.cells} cells on what people see were averaged to so many before they were drawn, "
            "so that no arm is known by its grain; figures of maps are of the maps before that."
        )


def _left_out_note(reading: Reading, answers: Answers) -> Iterable[str]:
    """That these are the answers of those whom the rules keep, where these decide."""
    excluded = reading.left_out
    if reading.plan.decided_by == "kept" and excluded is not None and answers is reading.answers:
        out, everybody = len(excluded.reasons), excluded.flow["people"]
        people = "nobody" if not out else f"{out} of {everybody} participants"
        people = f"all {everybody} participants" if out == everybody else people
        yield f"The protocol’s rules leave out {people}; the answers of those whom they keep decide."


def _comparison_notes(study: Study, answers: Answers) -> Iterable[str]:
    comparison = comparison_of(study)
    if not len(answers) or not comparison.noted:
        return
    yield comparison.noted
    arms = trial_type_of(study).answers.arm_of(answers.values)
    met = np.unique(np.column_stack([answers.units.person, arms]), axis=0)
    people, counts = np.unique(met[:, 0], return_counts=True)
    if several := int((counts > 1).sum()):
        yield (
            f"{several} of {len(people)} people have answers about more than one arm, which nobody should have here: differences are "
            "reckoned as if all people were compared with themselves, and may look surer than they are. answers.csv says who it is; "
            "leave these people out."
        )


def _versions_note(versions: dict[int, int]) -> Iterable[str]:
    if len(versions) > 1:
        shares = ", ".join(f"{count} under version {number}" for number, count in versions.items())
        yield f"Answers under {len(versions)} versions of the protocol are counted together: {shares}."


def _notes(answers: Answers, missing: tuple[int, ...], imported: int, all_left_out: int) -> Iterable[str]:
    if not len(answers) and not all_left_out:
        yield "No answers are counted yet, so there is nothing to score."
    elif missing and len(answers):
        names = ", ".join(map(str, missing[:10])) + (" …" if len(missing) > 10 else "")
        total = len(missing) + answers.units.items
        yield f"{len(missing)} of {total} items have no answer and are not in the scores: {names}."
    if imported:
        yield (
            f"{imported} of {len(answers)} answers were collected elsewhere and imported; "
            "where things stood on screen is not known for them."
        )
