"""The photos of a study with the maps of every arm side by side."""

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from explain.models import Evaluation, MapPicture
from studies.access import may_edit, study_of
from studies.models import ItemMap, Study

ITEMS_A_PAGE = 20


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
    page = Paginator(items, ITEMS_A_PAGE).get_page(request.GET.get("page"))
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
