"""Items for those who run a study: what was said about each photo, beside the maps that people saw.

Never for volunteers: these pages name the arms. They need a login and the right to see the study.
"""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from .attention import names
from .by_item import ItemRow, item_rows
from .models import Response, Study
from .provenance import origins
from .results import all_answers, answers_of
from .workspace import answered_study_of, part_asked_for

ITEMS_A_PAGE = 50


@require_safe
def items(request: HttpRequest, slug: str) -> HttpResponse:
    """All items with their shares; sorted by number, by answers, or by what an arm got."""
    found = answered_study_of(request, slug)
    part = part_asked_for(request, found)
    arms = tuple(found.arms.values_list("name", flat=True))
    rows = item_rows(found, answers_of(found, part), arms)
    columns = [*arms, "same"] if found.task == Study.Task.CHOICE else ["mean"]
    sort = request.GET.get("sort", "")
    page = Paginator(_sorted(rows, sort, columns), ITEMS_A_PAGE).get_page(request.GET.get("page"))
    return render(
        request,
        "studies/items.html",
        {"study": found, "part": part, "columns": columns, "page": page, "sort": sort},
    )


def _sorted(rows: list[ItemRow], sort: str, columns: list[str]) -> list[ItemRow]:
    if sort == "answers":
        return sorted(rows, key=lambda row: -row.answers)
    if sort in columns:
        place = columns.index(sort)
        return sorted(rows, key=lambda row: -row.shares[place] if row.shares else float("inf"))
    return rows


@require_safe
def item(request: HttpRequest, slug: str, index: int) -> HttpResponse:
    """One photo, its maps by arm, every answer about it, and where each map came from."""
    found = answered_study_of(request, slug)
    here = get_object_or_404(found.items.select_related("image"), index=index)
    arms = list(found.arms.values_list("name", flat=True))
    made = list(origins(found, index))
    return render(
        request,
        "studies/item.html",
        {
            "study": found,
            "item": here,
            "pictures": [
                (origin, reverse("map-picture", args=[found.picture, origin.map])) for origin in made
            ],
            "answers": [
                {
                    "row": answer,
                    "order": _order(answer.trial.order, names(answer.trial.kind, arms)),
                    "said": _said(answer, names(answer.trial.kind, arms)),
                    "seconds": None if answer.response_ms is None else answer.response_ms / 1000,
                }
                for answer in all_answers(found, "all").filter(trial__item=here).order_by("id")
            ],
            "before": found.items.filter(index__lt=index).order_by("-index").first(),
            "after": found.items.filter(index__gt=index).order_by("index").first(),
        },
    )


def _order(code: str, names: list[str]) -> list[str]:
    return [names[int(place)] for place in code.split(",")] if code else []


def _said(answer: Response, names: list[str]) -> str:
    if answer.choice is None:
        return f"{answer.rating:+d}".replace("-", "−").replace("+0", "0")
    return "same" if answer.choice == -1 else names[answer.choice]
