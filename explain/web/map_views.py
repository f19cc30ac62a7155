"""What people see of photos, networks, runs and maps: what visibility.py says. Volunteers never come here."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count, Prefetch, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from explain import jobs, tasks
from explain.core.errors import BadInputError
from explain.map_sources import source_of
from explain.maps import (
    pending_batches,
    requeue_stale,
    retry_failed,
    run_progress,
    runs_with_counts,
)
from explain.models import Batch, ExplanationMap, Image, MapPicture, Prediction
from explain.photos import misfits_among, sets_with_counts

from .drawn_pictures import drawn_picture
from .in_words import shown
from .stored_pictures import stored_picture
from .visibility import Sight, may_look

PHOTOS_PER_PAGE = 20
RUNS_SHOWN = 50


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
def run(request: HttpRequest, pk: int) -> HttpResponse:
    """How far one run is; the page brings itself up to date."""
    runs = Sight(request.user).runs().select_related("image_set", "created_by")
    run = get_object_or_404(runs, pk=pk)
    state = run_progress(run)
    return render(
        request,
        "explain/run.html",
        {
            "run": run,
            "networks": run.networks.all(),
            "progress": state,
            "shown": shown(state),
            "stale": run.batches.filter(pk__in=Batch.objects.stale()).count(),
        },
    )


@require_safe
def run_state(request: HttpRequest, pk: int) -> JsonResponse:
    """The figures of the run page, for its script."""
    state = run_progress(get_object_or_404(Sight(request.user).runs(), pk=pk))
    return JsonResponse(
        {
            "finished": state.finished,
            "idle": state.idle,
            "photos": state.photos,
            "photos_done": state.photos_done,
            "photos_per_second": state.photos_per_second,
            "seconds_left": state.seconds_left,
            "batches": state.batches,
            "failures": len(state.failures),
            "shown": shown(state),
        },
        headers={"Cache-Control": "no-store"},
    )


@require_POST
def retry_run(request: HttpRequest, pk: int) -> HttpResponse:
    """Send a run's failed batches again, and those whose worker is gone. For staff."""
    if not request.user.is_staff:
        raise PermissionDenied("Only staff send maps to be made.")
    run = get_object_or_404(Sight(request.user).runs(), pk=pk)
    again = retry_failed(run.batches.all()) + requeue_stale()
    try:
        tasks.send([*again, *pending_batches(run)])
    except BadInputError as error:
        messages.error(request, str(error), extra_tags="bad")
    else:
        messages.success(request, "The batches are waiting for a worker.", extra_tags="good")
    return redirect("run", pk=pk)


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
            return drawn_picture(row, kind)
        if not getattr(row, kind):
            source_of(row).make_pictures(row)
    return stored_picture(row, kind)


@contextmanager
def _or_404() -> Iterator[None]:
    try:
        yield
    except BadInputError as error:
        raise Http404(str(error)) from error
