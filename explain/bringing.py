"""Pages that bring photos and networks here. The work is a job of a worker; its page waits for it."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import user_passes_test
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.text import slugify
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe

from . import jobs, tasks
from .errors import BadInputError
from .forms import AddNetworkForm, NetworkForm, PhotosUploadForm, limit_in_words
from .models import Job
from .uploads import too_large

KNOWN = (
    "package:efficientnet_lite0",
    "package:squeezenet1_1",
    "torchvision:resnet50",
    "torchvision:vgg16",
    "torchvision:densenet121",
    "timm:resnet50",
)


def _staff(user: Any) -> bool:
    if user.is_authenticated and not user.is_staff:
        raise PermissionDenied("Only staff bring photos and networks here.")
    return user.is_staff


staff_only = user_passes_test(_staff)


def _back(request: HttpRequest) -> str:
    """The page that sent somebody here, if it is one of ours."""
    back = request.POST.get("back") or request.GET.get("back") or ""
    return back if url_has_allowed_host_and_scheme(back, allowed_hosts=None) and len(back) <= 200 else ""


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def photos(request: HttpRequest) -> HttpResponse:
    """Photos from a ZIP, or the samples that come with this site."""
    posted = request.method == "POST"
    if posted and "samples" in request.POST:
        return _asked(request, Job.Kind.PHOTOS, {"samples": True, "set": jobs.SAMPLES})
    form = PhotosUploadForm(request.POST, request.FILES) if posted else PhotosUploadForm()
    form.label_suffix = ""
    if posted and (words := too_large(request)):
        form.errors["file"] = form.error_class([words])
    elif posted and form.is_valid():
        given = form.cleaned_data
        arguments = {"set": given["set_name"], "file": jobs.keep_upload(given["file"])}
        if given["boxes"]:
            arguments["boxes"] = jobs.keep_upload(given["boxes"])
        return _asked(request, Job.Kind.PHOTOS, arguments)
    return render(
        request,
        "explain/photos_new.html",
        {
            "form": form,
            "back": _back(request),
            "limit": limit_in_words(),
            "limit_mib": settings.UPLOAD_MAX_MIB,
        },
    )


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def network(request: HttpRequest) -> HttpResponse:
    """A network by its name, perhaps with weights of one's own: tried first."""
    posted = request.method == "POST"
    form = NetworkForm(request.POST, request.FILES) if posted else NetworkForm()
    if posted and (words := too_large(request)):
        form.errors["file"] = form.error_class([words])
    elif posted and form.is_valid():
        given = form.cleaned_data
        arguments = {"load": given["load"], "set": given["check_set"]}
        if isinstance(given["file"], UploadedFile):
            arguments["file"] = jobs.keep_upload(given["file"])
        return _asked(request, Job.Kind.TRY, arguments)
    context = {"form": form, "back": _back(request), "known": KNOWN, "limit": limit_in_words()}
    return render(request, "explain/network_new.html", context)


def _asked(request: HttpRequest, kind: str, arguments: dict[str, Any]) -> HttpResponse:
    job = jobs.ask(kind=kind, arguments=arguments, user=request.user, back=_back(request))
    return send_and_show(request, job)


def send_and_show(request: HttpRequest, job: Job) -> HttpResponse:
    try:
        tasks.send_job(job)
    except BadInputError as error:
        messages.error(request, str(error), extra_tags="bad")
    return redirect("job", job.pk)


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
