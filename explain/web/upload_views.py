"""Pages that bring photos and networks here. The work is a job of a worker; its page waits for it."""

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from explain import jobs
from explain.models import Job

from .asking import OTHERS_SET, _asked, _back, is_others, staff_only
from .forms import NetworkForm, PhotosUploadForm, limit_in_words
from .upload_limit import too_large
from .visibility import Sight

KNOWN = (
    "package:efficientnet_lite0",
    "package:squeezenet1_1",
    "torchvision:resnet50",
    "torchvision:vgg16",
    "torchvision:densenet121",
    "timm:resnet50",
)


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def photos(request: HttpRequest) -> HttpResponse:
    """Photos from a ZIP, which are looked at and shown before they come in; or the samples that come with this site."""
    posted = request.method == "POST"
    if posted and "samples" in request.POST:
        return _asked(request, Job.Kind.PHOTOS, {"samples": True, "set": jobs.SAMPLES})
    form = PhotosUploadForm(request.POST, request.FILES) if posted else PhotosUploadForm()
    form.label_suffix = ""
    if posted and (words := too_large(request)):
        form.errors["file"] = form.error_class([words])
    elif posted and form.is_valid() and is_others(request, form.cleaned_data["set_name"]):
        form.add_error(
            "set_name",
            OTHERS_SET,
        )
    elif posted and form.is_valid():
        cleaned = form.cleaned_data
        arguments = {
            "set": cleaned["set_name"],
            "file": jobs.keep_upload(cleaned["file"]),
            jobs.LOOK_FIRST: True,
        }
        if cleaned["boxes"]:
            arguments["boxes"] = jobs.keep_upload(cleaned["boxes"])
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
    sent = (request.POST, request.FILES) if posted else ()
    form = NetworkForm(*sent, sets=Sight(request.user).sets())
    if posted and (words := too_large(request)):
        form.errors["file"] = form.error_class([words])
    elif posted and form.is_valid():
        cleaned = form.cleaned_data
        arguments = {"load": cleaned["load"], "set": cleaned["check_set"]}
        if cleaned["weights"]:
            arguments["weights"] = cleaned["weights"]
        if isinstance(cleaned["file"], UploadedFile):
            arguments["file"] = jobs.keep_upload(cleaned["file"])
        return _asked(request, Job.Kind.TRY, arguments)
    context = {"form": form, "back": _back(request), "known": KNOWN, "limit": limit_in_words()}
    return render(request, "explain/network_new.html", context)
