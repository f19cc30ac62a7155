"""The page that brings maps here. A worker looks at them first; its page shows three photos, and asks."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from explain import jobs
from explain.models import Job

from .asking import _asked, _back, staff_only
from .forms import limit_in_words
from .map_set_forms import MapsUploadForm
from .upload_limit import too_large
from .visibility import Sight


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def map_set(request: HttpRequest) -> HttpResponse:
    """Maps from a ZIP or one file of many, which are looked at and shown before they come in."""
    posted, sight = request.method == "POST", Sight(request.user)
    sent = (request.POST, request.FILES) if posted else ()
    form = MapsUploadForm(*sent, sets=sight.sets(), networks=sight.networks())
    if posted and (words := too_large(request)):
        form.errors["file"] = form.error_class([words])
    elif posted and form.is_valid():
        told = dict(form.cleaned_data)
        arguments = {
            **told,
            "file": jobs.keep_upload(told["file"]),
            "set": told["images"],
            jobs.LOOK_FIRST: True,
        }
        return _asked(request, Job.Kind.MAPS, arguments)
    context = {
        "form": form,
        "back": _back(request),
        "limit": limit_in_words(),
        "limit_mib": settings.UPLOAD_MAX_MIB,
    }
    return render(request, "explain/map_set_new.html", context)
