"""Pictures of trials, for whoever was handed their addresses (picture_addresses.py): no query, no session, no log-in."""

from urllib.parse import quote

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from studies.core import languages

from .decorators import private
from .picture_addresses import opened
from .sealed_pictures import PictureGoneError, check_file, content_of

TYPES = {"webp": "image/webp", "jpg": "image/jpeg"}


@login_not_required
@require_safe
def picture(request: HttpRequest, address: str) -> HttpResponse:
    """A picture that is not what was sealed is a 503, never shown; an address that was made up or has run out is a 404.

    Every picture has the same headers. They are set here one by one, so that nothing about the file (its name, its date, a
    hash of its bytes) reaches the browser.
    """
    shown = opened(address)
    if shown is None:
        raise Http404
    response = HttpResponse(
        content_type=_type_of(shown.name), headers={"Cache-Control": "private, max-age=3600"}
    )
    try:
        if settings.ACCEL_REDIRECT:  # nginx takes this header out and sends the file in its place
            check_file(shown)
            response.headers["X-Accel-Redirect"] = settings.ACCEL_REDIRECT + quote(shown.name)
        else:
            response.content = content_of(shown)
    except PictureGoneError:
        response = _not_now(request)
    return private(response)


def _type_of(name: str) -> str:
    """By the name alone, and by no list of the machine's own. Studies that were opened earlier have JPEGs."""
    return TYPES.get(name.rpartition(".")[2], "application/octet-stream")


def _not_now(request: HttpRequest) -> HttpResponse:
    """No picture is better than a wrong one. The page asks again by itself, and says this sentence meanwhile."""
    headers = {"Cache-Control": "no-store", "Retry-After": "30"}
    with languages.spoken(request, languages.of_reader(request)):
        words = gettext("A picture could not be loaded. Trying again…")
    return HttpResponse(words, status=503, content_type="text/plain; charset=utf-8", headers=headers)
