"""Pages that bring photos and networks here. The work is a job of a worker; its page waits for it."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from explain import jobs
from explain.models import Job

from .asking import _asked, _back, staff_only
from .bringing import network_brought, photos_brought
from .forms import NetworkForm, PhotosUploadForm, limit_in_words
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
    form, arguments = photos_brought(request) if posted else (PhotosUploadForm(label_suffix=""), None)
    if arguments is not None:
        return _asked(request, Job.Kind.PHOTOS, arguments | {jobs.LOOK_FIRST: True})
    context = {
        "form": form,
        "back": _back(request),
        "limit": limit_in_words(),
        "limit_mib": settings.UPLOAD_MAX_MIB,
    }
    return render(request, "explain/photos_new.html", context)


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def network(request: HttpRequest) -> HttpResponse:
    """A network by its name, perhaps with weights of one's own: tried first."""
    posted = request.method == "POST"
    form, arguments = (
        network_brought(request) if posted else (NetworkForm(sets=Sight(request.user).sets()), None)
    )
    if arguments is not None:
        return _asked(request, Job.Kind.TRY, arguments)
    context = {"form": form, "back": _back(request), "known": KNOWN, "limit": limit_in_words()}
    return render(request, "explain/network_new.html", context)
