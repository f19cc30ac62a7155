"""The page that says which arms look the same, with the closest and the farthest photo of each pair side by side."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from explain import jobs
from explain.core.errors import BadInputError
from studies.access import editable_study_of, may_edit, study_of
from studies.models import ItemMap, Study

from . import similarity_job
from .grain import grain_remarks
from .similarity import FIELDS, MOST_ALIKE, NOTICEABLE, Pair, pairs_of, recognition_of
from .similarity_job import comparison


@require_http_methods(["GET", "HEAD", "POST"])
def alike(request: HttpRequest, slug: str) -> HttpResponse:
    """What was measured; a researcher has it measured here, by a worker."""
    if request.method == "POST":
        study = editable_study_of(request, slug)
        try:
            if study.items.exists():
                similarity_job.ask_to_compare(study=study, user=request.user)
        except BadInputError as error:
            messages.error(request, str(error), extra_tags="bad")
        return (
            redirect("study-state", slug, "open") if "next" in request.POST else redirect("study-alike", slug)
        )
    study = study_of(request, slug)
    told = recognition_of(study)
    names = study.arms.order_by("index").values_list("name", flat=True)
    return render(
        request,
        "studies/lifecycle/alike.html",
        {
            "study": study,
            "pairs": _with_pictures(study, pairs_of(study)),
            "told": told,
            "told_by_arm": list(zip(names, told.by_arm, strict=True)) if told else [],
            "grain": grain_remarks(study) if study.items.exists() else [],
            "items": study.items.count(),
            "noticeable": NOTICEABLE,
            "fields": FIELDS,
            "most": round(MOST_ALIKE * 100),
            "may_edit": may_edit(request.user, study),
            **comparison(study),
        },
    )


@require_GET
def state_json(request: HttpRequest, slug: str) -> JsonResponse:
    """How far the comparison is, for the page that waits for it."""
    job = similarity_job.job_of(study_of(request, slug))
    reply = {"state": "none"} if job is None else jobs.to_json(job)
    return JsonResponse(reply, headers={"Cache-Control": "no-store"})


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
