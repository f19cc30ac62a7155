"""The pages of results, and the same as JSON."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_safe

from studies.access import study_of
from studies.lifecycle import seal_in_words
from studies.monitoring import progress_of
from studies.protocol import results_hidden

from . import charts
from .answers import Reading, classes_and_groups
from .as_json import scores_json
from .further_analyses import analyse_further
from .metric_agreement_page import humans_context
from .part import WHO, AnswerSelection
from .requests import answered_study_of, part_asked_for
from .summary import summarise


@require_safe
def results(request: HttpRequest, slug: str) -> HttpResponse:
    """What the study has found so far: in words, as a chart and as a table; then what a reviewer asks next."""
    found = study_of(request, slug)
    if results_hidden(found):
        return render(
            request,
            "studies/results/hidden.html",
            {"study": found, "progress": progress_of([found])[found.pk], "seal": seal_in_words(found)},
        )
    reading = Reading(found, part_asked_for(request, found))
    result = summarise(reading)
    classes, groups = classes_and_groups(found)
    return render(
        request,
        "studies/results/results.html",
        {
            "study": found,
            "seal": seal_in_words(found),
            "result": result,
            "details": analyse_further(reading, result),
            "progress": progress_of([found])[found.pk],
            "choices": WHO,
            "classes": classes if len(classes) > 1 else [],
            "groups": groups if len(groups) > 1 else [],
            "versions": range(1, found.version + 1) if found.version > 1 else [],
            "main_chart": charts.main_chart(result),
            "spread_chart": charts.spread_chart(result),
            "position_chart": charts.position_bars(result) if result.responses else "",
        },
    )


@require_safe
def humans(request: HttpRequest, slug: str) -> HttpResponse:
    """Whether figures of the maps, from stored evaluations, go with what people chose."""
    found = answered_study_of(request, slug)
    part = part_asked_for(request, found)
    return render(
        request,
        "studies/results/humans.html",
        {"study": found, "part": part, **humans_context(Reading(found, AnswerSelection(part.who)))},
    )


@require_GET
def results_json(request: HttpRequest, slug: str) -> HttpResponse:
    """The same object as the page and the `scores` command."""
    found = answered_study_of(request, slug)
    data = scores_json(found, part_asked_for(request, found))
    return JsonResponse(data, json_dumps_params={"ensure_ascii": False, "indent": 2})
