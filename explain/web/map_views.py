"""What people see of photos, networks, runs and maps: what visibility.py says. Volunteers never come here."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count, Prefetch, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from explain import jobs
from explain.cam.rendering import render as rendering
from explain.core.errors import BadInputError
from explain.map_sources import source_of
from explain.maps import runs_with_counts
from explain.models import ExplanationMap, Image, MapPicture, Prediction
from explain.photos import misfits_among, sets_with_counts

from .drawn_pictures import drawn_picture, drawn_side_by_side
from .stored_pictures import stored_picture
from .visibility import Sight, may_look

PHOTOS_PER_PAGE = 20
RUNS_SHOWN = 50
SIDE_BY_SIDE = re.compile(r"[0-9]{1,15}(-[0-9]{1,15}){1,9}")


@require_safe
def runs(request: HttpRequest) -> HttpResponse:
    """The page of the sets, networks and runs that somebody may look at, and of the workers."""
    if not may_look(request.user):
        raise PermissionDenied("Photos and maps are seen by those who have a role in a study that uses them.")
    sight = Sight(request.user)
    return render(
        request,
        "explain/runs.html",
        {
            "sets": sets_with_counts().filter(pk__in=sight.sets()),
            "networks": sight.networks().annotate(map_count=Count("maps")).order_by("name"),
            "runs": sight.runs(runs_with_counts())[:RUNS_SHOWN],
            "workers": jobs.workers_seen(),
        },
    )


@require_safe
def image_set(request: HttpRequest, name: str) -> HttpResponse:
    """The photos of a set with their credits, and the maps of each."""
    sight = Sight(request.user)
    image_set = get_object_or_404(sight.sets(), name=name)
    picture = request.GET.get("picture", "overlay")
    if picture not in MapPicture.values:
        raise Http404
    photos = Image.objects.filter(image_set=image_set).prefetch_related(
        Prefetch("maps", _for_gallery(sight.maps())),
        Prefetch("predictions", _predictions(sight)),
    )
    page = Paginator(photos, PHOTOS_PER_PAGE).get_page(request.GET.get("page"))
    return render(
        request,
        "explain/set.html",
        {
            "image_set": image_set,
            "page": page,
            "picture": picture,
            "pictures": MapPicture.choices,
            "misfits": misfits_among(image_set.images.all()),
        },
    )


def _for_gallery(maps: QuerySet[ExplanationMap]) -> QuerySet[ExplanationMap]:
    maps = maps.select_related("network", "map_set__network").order_by(
        "network__name", "method", "target", "pk"
    )
    return maps.defer("values", "manifest", "network__class_names", "network__preprocessing")


def _predictions(sight: Sight) -> QuerySet[Prediction]:
    rows = Prediction.objects.filter(network__in=sight.networks())
    return rows.select_related("network").order_by("network__name")


@require_safe
def photo_picture(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The square frame of a photo: as volunteers were shown it, or else drawn now."""
    image = get_object_or_404(Sight(request.user).photos(), pk=pk)
    if image.picture:
        return stored_picture(image, "picture")
    with _or_404():
        return drawn_picture(image, "picture")


@require_safe
def map_picture(request: HttpRequest, kind: str, pk: int) -> HttpResponseBase:
    """One picture of a map: as volunteers were shown it, or else drawn now. A file's name is random; only its row knows it."""
    if kind not in MapPicture.values:
        raise Http404
    row = get_object_or_404(
        Sight(request.user).maps().select_related("image", "network", "map_set__network"), pk=pk
    )
    with _or_404():
        if not getattr(row, kind) and source_of(row).is_drawn:
            return drawn_picture(row, kind, _cells_asked(request))
        if not getattr(row, kind):
            source_of(row).make_pictures(row)
    return stored_picture(row, kind)


def _cells_asked(request: HttpRequest) -> int | None:
    """`?cells=7`: as a study shows maps that smooths all of them."""
    asked = request.GET.get("cells", "")
    cells = int(asked) if asked.isdecimal() and len(asked) < 4 else 0
    return cells if rendering.FEWEST_CELLS <= cells <= rendering.MOST_CELLS else None


@require_safe
def side_by_side(request: HttpRequest, kind: str, keys: str) -> HttpResponseBase:
    """Several maps of one photo in one picture, as a trial that shows them side by side has it; drawn now. `keys`: theirs, by hyphens."""
    if not SIDE_BY_SIDE.fullmatch(keys):
        raise Http404
    wanted = [*map(int, keys.split("-"))]
    rows = Sight(request.user).maps().select_related("image", "network", "map_set__network").in_bulk(wanted)
    photos = {row.image_id for row in rows.values()}
    if kind not in MapPicture.values or len(photos) != 1 or set(wanted) != set(rows):
        raise Http404
    with _or_404():
        return drawn_side_by_side([rows[key] for key in wanted], kind, _cells_asked(request))


@contextmanager
def _or_404() -> Iterator[None]:
    try:
        yield
    except BadInputError as error:
        raise Http404(str(error)) from error
