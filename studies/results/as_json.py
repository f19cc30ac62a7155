"""A study's whole result as plain data: what `scores --json`, scores.json of the export, the page's JSON and the API give."""

from dataclasses import asdict
from typing import Any

import numpy as np

from studies.analysis.association import Correlation
from studies.analysis.contrasts import PERMUTATIONS
from studies.analysis.resampling import DRAWS
from studies.analysis.table import Answers
from studies.lifecycle import seal_json
from studies.models import Study
from studies.monitoring import need_of
from studies.trial_types import Comparison, comparison_of, trial_type_of

from .answers import Reading
from .breakdown import break_down, breakdown_json
from .further_analyses import showing_of, sureness_of
from .metric_agreement import DRAWS as CORRELATION_DRAWS
from .metric_agreement import HumansBeside, figures_of
from .part import AnswerSelection
from .summary import Summary, summarise


def scores_json(study: Study, part: AnswerSelection) -> dict[str, Any]:
    """The summary, its tests, and how far figures of the maps go with people's choices. Nothing in it is NaN.

    Where the study's seal is broken it begins with that: `seal` (lifecycle/seal.py).
    """
    reading = Reading(study, part)
    data = seal_json(study) | as_json(summarise(reading)) | _tests(reading)
    data["exclusions"] = _exclusions(reading)
    data["breakdown"] = breakdown_json(break_down(reading))
    if sure := sureness_of(reading, reading.answers):
        data["confidence"] = sure.as_json()
    if showing := showing_of(reading):
        data["showing"] = asdict(showing)
    if met := _comparison(reading):
        data["comparison"] = met
    data["new_people_needed"] = asdict(need_of(study))
    data["computed_with"]["correlation_draws"] = CORRELATION_DRAWS
    if trial_type_of(study).results.gives_shares and not part.narrowed:
        data["humans"] = [_beside(comparison) for comparison in figures_of(reading)]
    return data


def _comparison(reading: Reading) -> dict[str, Any] | None:
    """How people met the arms, and how many have answered about each; None where all of them met all of them mixed."""
    comparison, answers = comparison_of(reading.study), reading.answers
    if comparison == Comparison.WITHIN:
        return None
    arm = trial_type_of(reading.study).answers.arm_of(answers.values) if len(answers) else np.zeros(0)
    people = {
        name: len(np.unique(answers.units.person[arm == index])) if len(answers) else 0
        for index, name in enumerate(reading.arms)
    }
    return {"design": comparison.value, "people": people}


def _tests(reading: Reading, answers: Answers | None = None) -> dict[str, Any]:
    answers = reading.answers if answers is None else answers
    return trial_type_of(reading.study).results.tests_json(answers, reading.compared)


def _exclusions(reading: Reading) -> dict[str, Any] | None:
    """Whom the protocol's rules leave out, which analysis decides, and the other one whole: `kept` or `everybody`; None where there
    are no rules, or nobody answered."""
    excluded, answers = reading.left_out, reading.others
    if excluded is None or answers is None:
        return None
    other = summarise(reading, answers)
    about = {
        "items": other.items,
        "responses": other.responses,
        "participants": other.participants,
        "headline": other.headline,
    }
    looks = {"looks": asdict(other.looks) if other.looks else None}
    whole = about | other.outcome.as_json() | _tests(reading, answers) | looks
    decider = reading.plan.decided_by
    name = "kept" if decider == "everybody" else "everybody"
    return {"flow": excluded.flow, "decided_by": decider, name: whole}


def _beside(comparison: HumansBeside) -> dict[str, Any]:
    return {
        "figure": comparison.figure,
        "title": comparison.title,
        "protocol": comparison.protocol,
        "higher_is_better": comparison.higher_is_better,
        "items": comparison.items,
        "within_items": _correlation(comparison.within),
        "across_items": _correlation(comparison.across),
        "note": comparison.note,
    }


def _correlation(correlation: Correlation | None) -> dict[str, Any] | None:
    if correlation is None:
        return None
    ends = list(correlation.interval) if correlation.interval else None
    return {
        "rho": correlation.value,
        "interval": ends,
        "interval_all": list(correlation.interval_all) if correlation.interval_all else None,
        "n": correlation.n,
        "note": correlation.note,
    }


COMPUTED_WITH = {
    "interval": "two-way jackknife of people and items, Student's t with Satterthwaite's degrees of freedom",
    "level": 0.95,
    "interval_draws": DRAWS,
    "permutation_draws": PERMUTATIONS,
    "generator": "numpy.random.default_rng(seed)",
    "described_in": "docs/statistics.md",
}


def as_json(result: Summary) -> dict:
    """The summary as plain data: what `scores --json`, the API and scores.json give."""
    narrowed = {
        "class": result.class_name,
        "group": result.group,
        "protocol_version": result.version,
    }
    data: dict = {
        "study": result.study,
        "task": result.task,
        "who": result.who,
        **{name: value for name, value in narrowed.items() if value},
        "simulated": result.simulated,
        "items": result.items,
        "missing_items": list(result.missing_items),
        "responses": result.responses,
        "participants": result.participants,
        "imported": result.imported,
        "positions": result.positions,
        "headline": result.headline,
        "notes": list(result.notes),
        "protocol_sha256": result.protocol_sha256,
        **({"versions": {str(n): count for n, count in result.versions.items()}} if result.versions else {}),
        "computed_with": COMPUTED_WITH | {"seed": result.seed},
        "looks": asdict(result.looks) if result.looks else None,
    }
    return data | result.outcome.as_json()
