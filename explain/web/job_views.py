"""The page of a job: how far it is, what came out, trying it again."""

from typing import Any

from django.http import FileResponse, Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.text import slugify
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe

from explain import jobs
from explain.models import Job

from .asking import send_and_show, staff_only
from .forms import AddNetworkForm


def _job_of(request: HttpRequest, pk: int) -> Job:
    mine = (
        Job.objects.all() if request.user.is_superuser else Job.objects.filter(created_by_id=request.user.pk)
    )
    return get_object_or_404(mine, pk=pk)


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def job(request: HttpRequest, pk: int) -> HttpResponse:
    """How far a job is, or what came of it. A network that was tried is added from here."""
    found = _job_of(request, pk)
    if found.kind in jobs.KINDS and not jobs.KINDS[found.kind].own_page:
        return redirect(found.back)
    form = None
    if found.kind == Job.Kind.TRY and found.state == Job.State.DONE:
        posted = request.POST if request.method == "POST" else None
        name = slugify(found.arguments["load"].partition(":")[2].replace("_", "-"))
        form = AddNetworkForm(
            posted, layers=found.result["layers"], initial={"name": name, "layer": found.result["layer"]}
        )
        if posted is not None and "again" in posted:
            return _with(request, found, Job.Kind.TRY, {"layer": posted.get("layer", "")})
        if form.is_valid():
            return _with(request, found, Job.Kind.NETWORK, form.cleaned_data)
    return render(
        request,
        "explain/job.html",
        {"job": found, "form": form, "standing": jobs.to_json(found)},
    )


def _with(request: HttpRequest, before: Job, kind: str, more: dict[str, Any]) -> HttpResponse:
    """Another job on what one was given."""
    job = jobs.ask(kind=kind, arguments={**before.arguments, **more}, user=request.user, back=before.back)
    return send_and_show(request, job)


@staff_only
@require_GET
def job_state(request: HttpRequest, pk: int) -> JsonResponse:
    return JsonResponse(jobs.to_json(_job_of(request, pk)), headers={"Cache-Control": "no-store"})


@staff_only
@require_POST
def job_retry(request: HttpRequest, pk: int) -> HttpResponse:
    """A job that failed, or whose worker is gone, once more."""
    found = _job_of(request, pk)
    jobs.try_again(found)
    return send_and_show(request, found)


@staff_only
@require_safe
def job_picture(request: HttpRequest, pk: int) -> FileResponse:
    found = _job_of(request, pk)
    if not found.picture:
        raise Http404
    headers = {"Cache-Control": "private, max-age=3600", "X-Content-Type-Options": "nosniff"}
    return FileResponse(found.picture.open("rb"), content_type="image/jpeg", headers=headers)
