"""The page that says which arms look the same, with the closest and the farthest photo of each pair side by side."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from .access import editable_study_of, may_edit, study_of
from .likeness import FIELDS, MOST_ALIKE, NOTICEABLE, Pair, measure, pairs_of
from .models import Event, ItemMap, Study


@require_http_methods(["GET", "HEAD", "POST"])
def alike(request: HttpRequest, slug: str) -> HttpResponse:
    """What was measured; a researcher has it measured here."""
    if request.method == "POST":
        found = editable_study_of(request, slug)
        pairs = measure(found) if found.items.exists() else []
        Event.objects.create(
            study=found, user_id=request.user.pk, kind="likeness measured", data={"pairs": len(pairs)}
        )
        return redirect("study-alike", slug)
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
        },
    )


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
