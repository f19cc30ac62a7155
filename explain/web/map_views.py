"""What staff see of photos, networks, runs and maps. Whoever is logged in may look; volunteers never come here."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count, Prefetch
from django.db.models.fields.files import FieldFile
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, JsonResponse
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
from explain.models import Batch, ExplanationMap, Image, ImageSet, MapPicture, Network, Precompute, Prediction
from explain.photos import make_picture, sets_with_counts

from .in_words import shown

PHOTOS_PER_PAGE = 20
RUNS_SHOWN = 50


@require_safe
def runs(request: HttpRequest) -> HttpResponse:
    """The page of all sets, networks, runs and workers."""
    return render(
        request,
        "explain/runs.html",
        {
            "sets": sets_with_counts(),
            "networks": Network.objects.annotate(map_count=Count("maps")).order_by("name"),
            "runs": runs_with_counts()[:RUNS_SHOWN],
            "workers": jobs.workers_seen(),
        },
    )


@require_safe
def run(request: HttpRequest, pk: int) -> HttpResponse:
    """How far one run is; the page brings itself up to date."""
    run = get_object_or_404(Precompute.objects.select_related("image_set", "created_by"), pk=pk)
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
    state = run_progress(get_object_or_404(Precompute, pk=pk))
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
    run = get_object_or_404(Precompute, pk=pk)
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
    image_set = get_object_or_404(ImageSet, name=name)
    picture = request.GET.get("picture", "overlay")
    if picture not in MapPicture.values:
        raise Http404
    photos = Image.objects.filter(image_set=image_set).prefetch_related(
        Prefetch("maps", _maps_for_gallery()),
        Prefetch("predictions", Prediction.objects.select_related("network").order_by("network__name")),
    )
    page = Paginator(photos, PHOTOS_PER_PAGE).get_page(request.GET.get("page"))
    return render(
        request,
        "explain/set.html",
        {"image_set": image_set, "page": page, "picture": picture, "pictures": MapPicture.choices},
    )


def _maps_for_gallery():
    maps = ExplanationMap.objects.select_related("network").order_by("network__name", "method", "target")
    return maps.defer("values", "manifest", "network__class_names", "network__preprocessing")


@require_safe
def photo_picture(request: HttpRequest, pk: int) -> FileResponse:
    """The square frame of a photo."""
    image = get_object_or_404(Image, pk=pk)
    with _or_404():
        make_picture(image)
    return _private_file(image.picture)


@require_safe
def map_picture(request: HttpRequest, kind: str, pk: int) -> FileResponse:
    """One picture of a map. Its name in storage is random; only its row knows it."""
    if kind not in MapPicture.values:
        raise Http404
    row = get_object_or_404(ExplanationMap.objects.select_related("image", "network"), pk=pk)
    with _or_404():
        source_of(row).make_pictures(row)
    return _private_file(getattr(row, kind))


@contextmanager
def _or_404() -> Iterator[None]:
    try:
        yield
    except BadInputError as error:
        raise Http404(str(error)) from error


def _private_file(file: FieldFile) -> FileResponse:
    try:
        content = file.open("rb")
    except (FileNotFoundError, ValueError) as error:
        raise Http404("the picture is not in storage") from error
    headers = {"Cache-Control": "private, max-age=86400", "X-Content-Type-Options": "nosniff"}
    return FileResponse(content, content_type="image/jpeg", headers=headers)
