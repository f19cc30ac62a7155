"""The page of a job: how far it is, what came out, trying it again."""

from typing import Any

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.text import slugify
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe

from explain import jobs
from explain.models import Job

from .asking import OTHERS_SET, is_others, send_and_show, staff_only
from .forms import AddNetworkForm

BRINGS: dict[str, str] = {
    Job.Kind.PHOTOS: "photos-new",
    Job.Kind.MAPS: "map-set-new",
    Job.Kind.PICTURES: "picture-set-new",
}
"""What is brought in by files, and the page that takes them."""


def _job_of(request: HttpRequest, pk: int) -> Job:
    visible = (
        Job.objects.all() if request.user.is_superuser else Job.objects.filter(created_by_id=request.user.pk)
    )
    return get_object_or_404(visible, pk=pk)


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def job(request: HttpRequest, pk: int) -> HttpResponse:
    """How far a job is, or what came of it. A network that was tried is added from here."""
    job = _job_of(request, pk)
    if job.kind in jobs.KINDS and not jobs.KINDS[job.kind].own_page:
        return redirect(job.back)
    form = None
    if job.kind == Job.Kind.TRY and job.state == Job.State.DONE:
        posted = request.POST if request.method == "POST" else None
        name = slugify(job.arguments["load"].partition(":")[2].replace("_", "-"))
        form = AddNetworkForm(
            posted, layers=job.result["layers"], initial={"name": name, "layer": job.result["layer"]}
        )
        if posted is not None and "again" in posted:
            return _with(request, job, Job.Kind.TRY, {"layer": posted.get("layer", "")})
        if form.is_valid():
            return _with(request, job, Job.Kind.NETWORK, form.cleaned_data)
    return render(
        request,
        "explain/job.html",
        {
            "job": job,
            "form": form,
            "standing": jobs.to_json(job),
            "brings": job.kind if job.kind in BRINGS else "",
            "upload_page": reverse(BRINGS.get(job.kind, "network-new")),
        },
    )


def _with(request: HttpRequest, earlier: Job, kind: str, changes: dict[str, Any]) -> HttpResponse:
    """Start another job with the arguments of an earlier one, some of them changed."""
    job = jobs.ask(
        kind=kind, arguments={**earlier.arguments, **changes}, user=request.user, back=earlier.back
    )
    return send_and_show(request, job)


@staff_only
@require_GET
def job_state(request: HttpRequest, pk: int) -> JsonResponse:
    return JsonResponse(jobs.to_json(_job_of(request, pk)), headers={"Cache-Control": "no-store"})


@staff_only
@require_POST
def job_retry(request: HttpRequest, pk: int) -> HttpResponse:
    """Try a job again that failed, or whose worker is gone."""
    job = _job_of(request, pk)
    jobs.try_again(job)
    return send_and_show(request, job)


@staff_only
@require_POST
def job_answer(request: HttpRequest, pk: int) -> HttpResponse:
    """Let photos, maps or pictures come in that a worker has looked at, or send them away. Only the first answer counts."""
    job = _job_of(request, pk)
    if "add" in request.POST:
        if is_others(request, job.arguments["set"]):
            messages.error(request, OTHERS_SET, extra_tags="bad")
        elif jobs.add_looked_at(job):
            return send_and_show(request, job)
        return redirect("job", pk)
    if not jobs.cancel_looked_at(job):
        return redirect("job", pk)
    messages.success(
        request, "Cancelled: nothing was added, and what you uploaded is gone.", extra_tags="good"
    )
    page = reverse(BRINGS[job.kind])
    return redirect(f"{page}?{urlencode({'back': job.back})}" if job.back else page)


@staff_only
@require_safe
def job_picture(request: HttpRequest, pk: int) -> FileResponse:
    job = _job_of(request, pk)
    if not job.picture:
        raise Http404
    try:
        picture = job.picture.open("rb")
    except FileNotFoundError as error:
        raise Http404("the picture is not in storage") from error
    headers = {"Cache-Control": "private, max-age=3600", "X-Content-Type-Options": "nosniff"}
    return FileResponse(picture, content_type="image/jpeg", headers=headers)
