"""Items for those who run a study: what was said about each photo, beside the maps that people saw; and all maps side by side.

Never for volunteers: these pages name the arms. They need a login and the right to see the study.
"""

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from explain.core.errors import BadInputError
from explain.models import Evaluation, MapPicture
from studies.access import may_edit, study_of
from studies.models import ItemMap, Study
from studies.trial_types import trial_type_of

from .answers import Reading, classes_and_groups
from .by_item import ItemRow, item_rows
from .provenance import chain_of_answer, chain_of_item
from .requests import answered_study_of, part_asked_for

ITEMS_A_PAGE = 50
GALLERY_PAGE = 20
MAPS_A_ROW = 4  # thumbnails beside the photo's; of more arms there are none
DIFFER = {"disagreement": -1, "agreement": 1}  # first those about which people differ most, or least


@require_safe
def items(request: HttpRequest, slug: str) -> HttpResponse:
    """All items, or those of a class, with their pictures and what was said; sorted by number, by answers, by what an arm got,
    or by how much people differ. Or the way to one answer."""
    study = answered_study_of(request, slug)
    wanted = request.GET.get("answer", "").strip()
    if where := _where(study, wanted) if wanted else None:
        return redirect(where)
    part = part_asked_for(request, study)
    reading = Reading(study, part)
    columns = trial_type_of(study).results.item_columns(reading.arms)
    sort, (classes, _) = request.GET.get("sort", ""), classes_and_groups(study)
    page = Paginator(_sorted(item_rows(reading), sort, columns), ITEMS_A_PAGE).get_page(
        request.GET.get("page")
    )
    return render(
        request,
        "studies/results/items.html",
        {
            "study": study,
            "part": part,
            "columns": columns,
            "page": page,
            "rows": _with_pictures(study, list(page)),
            "sort": sort,
            "wanted": wanted,
            "classes": classes if len(classes) > 1 else [],
        },
    )


def _sorted(rows: list[ItemRow], sort: str, columns: list[str]) -> list[ItemRow]:
    """In the order that is asked for, what is not known last; else in that of their numbers."""
    if sort == "answers":
        return sorted(rows, key=lambda row: -row.answers)
    if sort in DIFFER:
        sign = DIFFER[sort]
        return sorted(rows, key=lambda row: (row.disagreement is None, sign * (row.disagreement or 0.0)))
    if sort in columns:
        place = columns.index(sort)
        return sorted(rows, key=lambda row: -row.shares[place] if row.shares else float("inf"))
    return rows


def _with_pictures(study: Study, rows: list[ItemRow]) -> list[tuple[ItemRow, int, list[tuple[str, int]]]]:
    """Each with the key of its photo, and of many arms none, of few the name and the key of the map of each."""
    items = study.items.filter(index__in=[row.index for row in rows])
    photos = dict(items.values_list("index", "image"))
    maps: dict[int, list[tuple[str, int]]] = {}
    if study.arms.count() <= MAPS_A_ROW:
        shown = ItemMap.objects.filter(item__in=items).order_by("arm__index")
        for index, arm, key in shown.values_list("item__index", "arm__name", "map"):
            maps.setdefault(index, []).append((arm, key))
    return [(row, photos[row.index], maps.get(row.index, [])) for row in rows]


@require_safe
def item(request: HttpRequest, slug: str, index: int) -> HttpResponse:
    """One photo, its maps by arm, every answer about it, and all that these rest on."""
    study = answered_study_of(request, slug)
    item = get_object_or_404(study.items.select_related("image"), index=index)
    chain = chain_of_item(study, index)
    smoothed = f"?cells={study.cells}" if study.cells else ""
    return render(
        request,
        "studies/results/item.html",
        {
            "study": study,
            "item": item,
            "chain": chain,
            "pictures": [
                (origin, reverse("map-picture", args=[study.picture, origin.map]) + smoothed)
                for origin in chain.maps
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


@require_safe
def gallery(request: HttpRequest, slug: str) -> HttpResponse:
    """The study's photos with the maps of every arm side by side; blank ones are marked, measures are beside."""
    study = study_of(request, slug)
    picture = request.GET.get("picture", study.picture)
    picture = picture if picture in MapPicture.values else study.picture
    items = study.items.select_related("image").order_by("index")
    blank = ItemMap.objects.filter(item__study=study, map__blank=True)
    blanks = blank.count()
    only_blank = "blank" in request.GET
    if only_blank:
        items = items.filter(pk__in=blank.values("item"))
    page = Paginator(items, GALLERY_PAGE).get_page(request.GET.get("page"))
    return render(
        request,
        "studies/results/gallery.html",
        {
            "study": study,
            "page": page,
            "rows": _side_by_side(study, list(page.object_list)),
            "picture": picture,
            "pictures": MapPicture.choices,
            "blanks": blanks,
            "only_blank": only_blank,
            "may_edit": may_edit(request.user, study),
        },
    )


def _side_by_side(study: Study, items: list) -> list[tuple[Any, list[dict[str, Any]]]]:
    """Items with the map of each arm and what was measured of it, in two queries."""
    maps = (
        ItemMap.objects.filter(item__in=items)
        .select_related("arm", "map")
        .defer("map__values", "map__manifest")
        .order_by("item__index", "arm__index")
    )
    shown: dict[int, list[dict[str, Any]]] = {item.pk: [] for item in items}
    measured = _measures(items)
    for row in maps:
        key = (row.map.image_id, row.map.network_id, row.map.method, row.map.target)
        shown[row.item_id].append({"arm": row.arm.name, "map": row.map, "measures": measured.get(key, [])})
    return [(item, shown[item.pk]) for item in items]


def _measures(items: list) -> dict[tuple, list[tuple[str, str]]]:
    measures: dict[tuple, list[tuple[str, str]]] = {}
    rows = Evaluation.objects.filter(image__in=[item.image_id for item in items]).order_by("protocol")
    for row in rows:
        key = (row.image_id, row.network_id, row.method, row.target)
        if (drop := row.drop()) is not None:
            measures.setdefault(key, []).append((f"drop, {row.protocol}", f"{drop:.0f} %"))
        if row.energy is not None:
            measures.setdefault(key, []).append((f"in the box, {row.protocol}", f"{100 * row.energy:.0f} %"))
    return measures
