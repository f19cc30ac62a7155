"""The pages that bring maps and finished pictures here. A worker looks at them first; its page shows three photos, and asks."""

from django.conf import settings
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from explain import jobs
from explain.models import Job

from .asking import _asked, _back, staff_only
from .bringing import Arguments, maps_brought, pictures_brought
from .forms import limit_in_words
from .map_set_forms import MapsUploadForm, PicturesUploadForm
from .visibility import Sight


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def map_set(request: HttpRequest) -> HttpResponse:
    """Maps from a ZIP or one file of many, which are looked at and shown before they come in."""
    if request.method == "POST":
        form, arguments = maps_brought(request)
    else:
        sight = Sight(request.user)
        form, arguments = MapsUploadForm(sets=sight.sets(), networks=sight.networks()), None
    return _asked_or_shown(request, form, arguments, Job.Kind.MAPS)


@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def picture_set(request: HttpRequest) -> HttpResponse:
    """Finished pictures from a ZIP, which are looked at and shown before they come in."""
    if request.method == "POST":
        form, arguments = pictures_brought(request)
    else:
        form, arguments = PicturesUploadForm(sets=Sight(request.user).sets()), None
    return _asked_or_shown(request, form, arguments, Job.Kind.PICTURES)


def _asked_or_shown(request: HttpRequest, form: Form, arguments: Arguments | None, kind: str) -> HttpResponse:
    if arguments is not None:
        return _asked(request, kind, arguments | {jobs.LOOK_FIRST: True})
    context = {
        "form": form,
        "things": kind,
        "back": _back(request),
        "limit": limit_in_words(),
        "limit_mib": settings.UPLOAD_MAX_MIB,
    }
    return render(request, "explain/map_set_new.html", context)
