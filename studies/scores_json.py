"""A study's whole result as plain data: what `scores --json`, scores.json of the export, the page's JSON and the API give."""

from dataclasses import asdict
from typing import Any

from .analysis.association import Correlation
from .analysis.contrasts import Finding, any_difference, rating_tests
from .details import Versus, contrasts_of, pair
from .humans import DRAWS, HumansBeside, all_figures
from .models import Study
from .plan import plan_of
from .results import Answers, Part, answers_of
from .seal import seal_json
from .staffing import need_of
from .summarise import summarise
from .summary import as_json


def scores_json(study: Study, part: Part) -> dict[str, Any]:
    """The summary, its tests, and how far figures of the maps go with people's choices. Nothing in it is NaN.

    Where the study's seal is broken it begins with that: `seal` (seal.py).
    """
    given = answers_of(study, part)
    result = summarise(study, part, given)
    data = seal_json(study) | as_json(result) | _tests(study, given, result.arms)
    data["new_people_needed"] = asdict(need_of(study))
    data["computed_with"]["correlation_draws"] = DRAWS
    if study.task == Study.Task.CHOICE and not part.narrowed:
        data["humans"] = [_beside(one) for one in all_figures(study=study, who=part.who)]
    return data


def _tests(study: Study, given: Answers, arms: tuple[str, ...]) -> dict[str, Any]:
    columns = (given.items, given.participants, given.values)
    if study.task == Study.Task.RATING:
        tests = rating_tests(*columns) if len(given) else {}
        return {"tests": {name: asdict(found) for name, found in tests.items()}}
    if not len(given):
        return {"contrasts": [], "any_difference": None}
    versus = contrasts_of(study, plan_of(study, arms), given, arms)
    every = any_difference(given.items, given.values, len(arms), seed=study.seed)
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
