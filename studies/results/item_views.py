"""Items for those who run a study: what was said about each photo, beside the maps that people saw.

Never for volunteers: these pages name the arms. They need a login and the right to see the study.
"""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from explain.core.errors import BadInputError
from studies.models import Study
from studies.trial_types import trial_type_of

from .answers import Reading
from .by_item import ItemRow, item_rows
from .provenance import chain_of_answer, chain_of_item
from .requests import answered_study_of, part_asked_for

ITEMS_A_PAGE = 50


@require_safe
def items(request: HttpRequest, slug: str) -> HttpResponse:
    """All items with their shares; sorted by number, by answers, or by what an arm got. Or the way to one answer."""
    study = answered_study_of(request, slug)
    wanted = request.GET.get("answer", "").strip()
    if where := _where(study, wanted) if wanted else None:
        return redirect(where)
    part = part_asked_for(request, study)
    reading = Reading(study, part)
    rows = item_rows(reading)
    columns = trial_type_of(study).results.item_columns(reading.arms)
    sort = request.GET.get("sort", "")
    page = Paginator(_sorted(rows, sort, columns), ITEMS_A_PAGE).get_page(request.GET.get("page"))
    return render(
        request,
        "studies/results/items.html",
        {"study": study, "part": part, "columns": columns, "page": page, "sort": sort, "wanted": wanted},
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
    """One photo, its maps by arm, every answer about it, and all that these rest on."""
    study = answered_study_of(request, slug)
    item = get_object_or_404(study.items.select_related("image"), index=index)
    chain = chain_of_item(study, index)
    return render(
        request,
        "studies/results/item.html",
        {
            "study": study,
            "item": item,
            "chain": chain,
            "pictures": [
                (origin, reverse("map-picture", args=[study.picture, origin.map])) for origin in chain.maps
            ],
            "answers": [
                (answer, None if answer.response_ms is None else answer.response_ms / 1000)
                for answer in chain.answers
            ],
            "before": study.items.filter(index__lt=index).order_by("-index").first(),
            "after": study.items.filter(index__gt=index).order_by("index").first(),
        },
    )


def _where(study: Study, answer: str) -> str | None:
    """Where an answer stands on its item's page; None where the study has none like it."""
    try:
        chain = chain_of_answer(study, answer)
    except BadInputError:
        return None
    return f"{reverse('study-item', args=[study.slug, chain.item])}#answer-{chain.answers[0].answer}"
