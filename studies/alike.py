"""The page that says which arms look the same, with the closest and the farthest photo of each pair side by side."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from explain import jobs
from explain.errors import BadInputError
from explain.models import Job

from . import comparing
from .access import editable_study_of, may_edit, study_of
from .likeness import FIELDS, MOST_ALIKE, NOTICEABLE, Pair, pairs_of
from .models import ItemMap, Study


@require_http_methods(["GET", "HEAD", "POST"])
def alike(request: HttpRequest, slug: str) -> HttpResponse:
    """What was measured; a researcher has it measured here, by a worker."""
    if request.method == "POST":
        found = editable_study_of(request, slug)
        try:
            if found.items.exists():
                comparing.ask(study=found, user=request.user)
        except BadInputError as error:
            messages.error(request, str(error), extra_tags="bad")
        return (
            redirect("study-state", slug, "open") if "next" in request.POST else redirect("study-alike", slug)
        )
    found = study_of(request, slug)
    return render(
        request,
        "studies/alike.html",
        {
            "study": found,
            "pairs": _with_pictures(found, pairs_of(found)),
            "items": found.items.count(),
            "noticeable": NOTICEABLE,
            "fields": FIELDS,
            "most": round(MOST_ALIKE * 100),
            "may_edit": may_edit(request.user, found),
            **comparison(found),
        },
    )


def comparison(study: Study) -> dict[str, Any]:
    """How far the comparison of a study's arms is, for a page that waits for it: empty where none is asked for."""
    job = comparing.job_of(study)
    if job is None or job.state == Job.State.DONE:
        return {}
    return {"job": job, "standing": jobs.to_json(job), "under_way": jobs.is_under_way(job)}


@require_GET
def state_json(request: HttpRequest, slug: str) -> JsonResponse:
    """For the page that waits."""
    job = comparing.job_of(study_of(request, slug))
    said = {"state": "none"} if job is None else jobs.to_json(job)
    return JsonResponse(said, headers={"Cache-Control": "no-store"})


def _with_pictures(study: Study, pairs: list[Pair]) -> list[dict[str, Any]]:
    """Each pair with its closest and farthest item, and what stands there for either arm; in one query."""
    wanted = {number for pair in pairs for number in (pair.closest, pair.farthest)}
    rows = ItemMap.objects.filter(item__study=study, item__index__in=wanted)
    shown = {
        (row.item.index, row.arm.name): row
        for row in rows.select_related("item__image", "arm", "map").defer("map__values", "map__manifest")
    }

    def case(pair: Pair, words: str, number: int, difference: float) -> dict[str, Any]:
        maps = [(name, shown[number, name]) for name in (pair.first, pair.second)]
        return {"words": words, "item": maps[0][1].item, "difference": difference, "maps": maps}

    return [
        {
            "pair": pair,
            "cases": [
                case(pair, "Closest", pair.closest, pair.closest_difference),
                case(pair, "Farthest", pair.farthest, pair.farthest_difference),
            ],
        }
        for pair in pairs
    ]
