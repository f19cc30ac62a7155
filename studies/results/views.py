"""The pages of results, and the same as JSON."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST, require_safe

from explain import jobs
from explain.core.errors import BadInputError
from studies.access import editable_study_of, may_edit, study_of
from studies.lifecycle import seal_in_words
from studies.monitoring import progress_of
from studies.protocol import results_hidden

from . import charts
from .answers import Reading, classes_and_groups
from .as_json import scores_json
from .breakdown import break_down
from .further_analyses import analyse_further
from .metric_agreement import maps_to_measure
from .metric_agreement_page import humans_context
from .metrics_job import ask_for_metrics, job_of, metrics_under_way
from .part import WHO, AnswerSelection
from .requests import answered_study_of, part_asked_for
from .summary import summarise


@require_safe
def results(request: HttpRequest, slug: str) -> HttpResponse:
    """What the study has found so far: in words, as a chart and as a table; then what a reviewer asks next."""
    study = study_of(request, slug)
    if results_hidden(study):
        return render(
            request,
            "studies/results/hidden.html",
            {"study": study, "progress": progress_of([study])[study.pk], "seal": seal_in_words(study)},
        )
    reading = Reading(study, part_asked_for(request, study))
    result = summarise(reading)
    classes, groups = classes_and_groups(study)
    return render(
        request,
        "studies/results/results.html",
        {
            "study": study,
            "seal": seal_in_words(study),
            "result": result,
            "details": analyse_further(reading, result),
            "progress": progress_of([study])[study.pk],
            "choices": WHO,
            "classes": classes if len(classes) > 1 else [],
            "groups": groups if len(groups) > 1 else [],
            "versions": range(1, study.version + 1) if study.version > 1 else [],
            "main_chart": charts.main_chart(result),
            "spread_chart": charts.spread_chart(result),
            "position_chart": charts.position_bars(result),
        },
    )


@require_safe
def humans(request: HttpRequest, slug: str) -> HttpResponse:
    """Whether figures of the maps, from stored evaluations, go with what people chose."""
    study = answered_study_of(request, slug)
    part = part_asked_for(request, study)
    return render(
        request,
        "studies/results/humans.html",
        {
            "study": study,
            "part": part,
            "may_edit": may_edit(request.user, study),
            **metrics_under_way(study),
            **humans_context(Reading(study, AnswerSelection(part.who))),
        },
    )


@require_POST
def measure(request: HttpRequest, slug: str) -> HttpResponse:
    """Have a worker measure the maps that people saw and that lack figures."""
    study = answered_study_of(request, slug)
    editable_study_of(request, slug)
    try:
        if maps_to_measure(study):
            ask_for_metrics(study=study, user=request.user)
    except BadInputError as error:
        messages.error(request, str(error), extra_tags="bad")
    return redirect("study-humans", slug)


@require_GET
def measure_state(request: HttpRequest, slug: str) -> JsonResponse:
    """How far that is, for the page that waits for it."""
    job = job_of(answered_study_of(request, slug))
    reply = {"state": "none"} if job is None else jobs.to_json(job)
    return JsonResponse(reply, headers={"Cache-Control": "no-store"})


@require_safe
def people_and_classes(request: HttpRequest, slug: str) -> HttpResponse:
    """Whether the finding rests on a few people, or on some classes."""
    study = answered_study_of(request, slug)
    reading = Reading(study, part_asked_for(request, study))
    found = break_down(reading)
    return render(
        request,
        "studies/results/people.html",
        {
            "study": study,
            "seal": seal_in_words(study),
            "result": summarise(reading),
            **charts.breakdown_context(found),
        },
    )


@require_GET
def results_json(request: HttpRequest, slug: str) -> HttpResponse:
    """The same object as the page and the `scores` command."""
    study = answered_study_of(request, slug)
    data = scores_json(study, part_asked_for(request, study))
    return JsonResponse(data, json_dumps_params={"ensure_ascii": False, "indent": 2})
