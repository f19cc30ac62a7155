"""One run that makes maps: how far it is, stopping it, taking it up again, taking it from the list."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from explain import maps, tasks
from explain.core.errors import BadInputError
from explain.maps import run_progress, target_in_words
from explain.models import Batch, Precompute

from .in_words import shown
from .visibility import Sight


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
            "explaining": target_in_words(run.target),
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
    """Send a run's failed and stopped batches again, and those whose worker is gone. For staff."""
    run = _run_of_staff(request, pk)
    try:
        tasks.take_up(run)
    except BadInputError as error:
        messages.error(request, str(error), extra_tags="bad")
    else:
        messages.success(request, "The batches are waiting for a worker.", extra_tags="good")
    return redirect("run", pk=pk)


@require_POST
def stop_run(request: HttpRequest, pk: int) -> HttpResponse:
    """Let no worker go on with a run. For staff."""
    stopped = maps.stop_run(_run_of_staff(request, pk))
    if stopped:
        said = "The run is stopped. The maps that are done are kept; it can go on from here."
        messages.success(request, said, extra_tags="good")
    else:
        messages.info(request, "Nothing was left to stop.")
    return redirect("run", pk=pk)


@require_POST
def remove_run(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a run that is not under way from the list. For staff."""
    run = _run_of_staff(request, pk)
    try:
        maps.remove_run(run)
    except BadInputError as error:
        messages.error(request, str(error), extra_tags="bad")
        return redirect("run", pk=pk)
    messages.success(request, f"Run {pk} is removed from the list. Its maps stay.", extra_tags="good")
    return redirect("runs")


def _run_of_staff(request: HttpRequest, pk: int) -> Precompute:
    if not request.user.is_staff:
        raise PermissionDenied("Only staff send maps to be made, and stop it.")
    return get_object_or_404(Sight(request.user).runs(), pk=pk)
