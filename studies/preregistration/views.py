"""The preregistration of a study, to take away."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from studies.access import study_of
from studies.lifecycle import find_version
from studies.protocol import ProtocolError, check_protocol

from .document import preregister
from .formats import FORMATS, written

TYPES = {"html": "text/html", "md": "text/markdown", "json": "application/json"}


@require_safe
def preregistration(request: HttpRequest, slug: str, ending: str) -> HttpResponseBase:
    """The plan as it was opened, or as a draft has it now. It has a style sheet in it, so it is never a page of this site."""
    study = study_of(request, slug)
    if ending not in FORMATS:
        raise Http404(f"no {ending} of a preregistration; there is {', '.join(FORMATS)}")
    try:
        document = preregister(check_protocol(find_version(study, 1 if study.is_frozen else None)))
    except ProtocolError as error:
        messages.warning(request, f"The set-up is not complete yet: {error.lines[0]}")
        return redirect("setup-step", slug, "check")
    response = HttpResponse(written(document, ending), content_type=f"{TYPES[ending]}; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{study.slug}-preregistration.{ending}"'
    return response
