"""A study's whole result as plain data: what `scores --json`, scores.json of the export, the page's JSON and the API give."""

from dataclasses import asdict
from typing import Any

from .analysis.association import Correlation
from .analysis.contrasts import Finding, any_difference_of, rating_tests_of
from .analysis.table import Ratings
from .details import Versus, contrasts_of, pair
from .humans import DRAWS, HumansBeside, figures_of
from .models import Study
from .results import Part, Reading
from .seal import seal_json
from .staffing import need_of
from .summarise import summarise
from .summary import as_json


def scores_json(study: Study, part: Part) -> dict[str, Any]:
    """The summary, its tests, and how far figures of the maps go with people's choices. Nothing in it is NaN.

    Where the study's seal is broken it begins with that: `seal` (seal.py).
    """
    reading = Reading(study, part)
    data = seal_json(study) | as_json(summarise(reading)) | _tests(reading)
    data["new_people_needed"] = asdict(need_of(study))
    data["computed_with"]["correlation_draws"] = DRAWS
    if study.task == Study.Task.CHOICE and not part.narrowed:
        data["humans"] = [_beside(one) for one in figures_of(reading)]
    return data


def _tests(reading: Reading) -> dict[str, Any]:
    given = reading.answers
    if isinstance(given, Ratings):
        tests = rating_tests_of(given) if len(given) else {}
        return {"tests": {name: asdict(found) for name, found in tests.items()}}
    if not len(given):
        return {"contrasts": [], "any_difference": None}
    versus = contrasts_of(reading, given)
    every = any_difference_of(given, seed=reading.study.seed)
    return {"contrasts": [_contrast(one) for one in versus], "any_difference": asdict(every)}


def _contrast(versus: Versus) -> dict[str, Any]:
    found = versus.found
    by: dict[str, Finding] = {"trials": found.trials, "items": found.items, "people": found.people}
    ends = pair(found.interval)
    return {
        "first": versus.first,
        "second": versus.second,
        "difference": found.difference,
        "interval": list(ends) if ends else None,
        "p_by": {unit: test.p for unit, test in by.items()},
        "p": found.p,
        "p_holm": found.p_holm,
        "exploratory": found.exploratory,
    }


def _beside(one: HumansBeside) -> dict[str, Any]:
    return {
        "figure": one.figure,
        "title": one.title,
        "protocol": one.protocol,
        "higher_is_better": one.higher_is_better,
        "items": one.items,
        "within_items": _correlation(one.within),
        "across_items": _correlation(one.across),
        "note": one.note,
    }


def _correlation(found: Correlation | None) -> dict[str, Any] | None:
    if found is None:
        return None
    ends = list(found.interval) if found.interval else None
    return {"rho": found.value, "interval": ends, "n": found.n, "note": found.note}
