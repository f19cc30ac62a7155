"""The last step of a set-up: what the study will be, what is missing still, its maps, and opening."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST, require_safe

from explain import maps
from explain.core.errors import BadInputError
from explain.web import shown
from studies.lifecycle import NAMED, comparison, grain_remarks, misfits, orders_are_known, untitled
from studies.models import Event, Study
from studies.protocol import Fault, FaultOnPage, ProtocolError, on_page_with_key, unsaid
from studies.setup.forms.base import map_sets_of, methods_of, networks_of

from . import tasks
from .cost_estimate import arms_in, estimate_from, items_of
from .drafts import all_faults, completed, faults_of
from .steps import STEPS, draft_of, standing, step_of


@require_safe
def check(request: HttpRequest, slug: str) -> HttpResponse:
    """What is asked for so far, what is wrong with it, and what comes next."""
    study = draft_of(request, slug)
    if study.is_frozen:
        return redirect("study", slug)
    faults = all_faults(study.protocol) if study.state == Study.State.DRAFT else []
    return render(
        request,
        "studies/setup/check.html",
        {
            "study": study,
            "here": STEPS[-1],
            "steps": standing(study, faults),
            "before": STEPS[-2],
            "number": len(STEPS),
            "of": len(STEPS),
            "faults": [(step_of(fault, study.protocol), FaultOnPage.of(fault)) for fault in faults],
            "summary": _summary(study),
            "orders_known": NAMED if orders_are_known(study) else "",
            "gave_up": _gave_up(study, faults),
            "lacks_consent": unsaid(study.protocol),
            "remarks": [] if faults else [*untitled(study), *misfits(study), *grain_remarks(study)],
            "preview": not faults_of(completed(study.protocol)),
            **_run_context(study),
            **(comparison(study) if study.state == Study.State.READY else {}),
        },
    )


def _gave_up(study: Study, faults: list[Fault]) -> str:
    """Why the maps were given up last time, as long as nothing else is said to be wrong."""
    if study.state != Study.State.DRAFT or faults:
        return ""
    last = study.events.last()
    return last.data.get("why", "") if last and last.kind == Event.Kind.MAPS_GIVEN_UP else ""


def _summary(study: Study) -> dict[str, Any]:
    source = study.protocol
    items, items_from = (study.items.count(), "") if study.state == Study.State.READY else items_of(source)
    design = {**source.get("design", {}), **source.get("recruitment", {})}
    return {
        "set": source.get("photos", {}).get("set"),
        "items": items,
        "items_from": items_from,
        "networks": networks_of(source),
        "methods": [*methods_of(source), *map_sets_of(source)],
        "estimate": estimate_from(items, design, arms_in(source)),
        "question": source.get("wording", {}).get("question"),
    }


def _run_context(study: Study) -> dict[str, Any]:
    run = study.precompute if study.state == Study.State.PRECOMPUTING else None
    if run is None:
        return {"run": None}
    state = maps.run_progress(run)
    return {"run": run, "progress": state, "shown": shown(state)}


@require_POST
def make_maps(request: HttpRequest, slug: str) -> HttpResponse:
    """Make what the protocol lacks, by a worker; ready at once where every map is there."""
    study = draft_of(request, slug)
    try:
        if tasks.start_to_prepare(study=study, user=request.user):
            messages.success(request, "Every map is there: the study is ready.", extra_tags="good")
    except ProtocolError as error:
        words = "\n".join(map(on_page_with_key, error.faults))
        messages.error(request, words, extra_tags="bad")
    except BadInputError as error:
        messages.error(request, str(error), extra_tags="bad")
    return redirect("setup-check", slug)


@require_POST
def retry(request: HttpRequest, slug: str) -> HttpResponse:
    """Try the failed batches of the study's run again."""
    study = draft_of(request, slug)
    try:
        tasks.try_again(study)
    except BadInputError as error:
        messages.error(request, str(error), extra_tags="bad")
    return redirect("setup-check", slug)


@require_GET
def state_json(request: HttpRequest, slug: str) -> JsonResponse:
    """For the page that waits: whether anything has changed that it should show. Sends a lost message again."""
    study = draft_of(request, slug)
    tasks.look(study)
    return JsonResponse(
        {"version": f"{study.state} {study.precompute_id or ''}"}, headers={"Cache-Control": "no-store"}
    )
