"""For Prometheus, where METRICS is set: the way in. What it is told is in exposition.py."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

KEYWORD = "Bearer"


@require_safe
@never_cache
@login_not_required
def show(request: HttpRequest) -> HttpResponse:
    """The figures, for whoever shows the token in METRICS; 404 where none is set."""
    if not settings.METRICS:
        raise Http404
    keyword, _, token = request.headers.get("Authorization", "").partition(" ")
    if keyword.lower() != KEYWORD.lower() or not constant_time_compare(token.strip(), settings.METRICS):
        return HttpResponse(
            "Show the token in METRICS, as Authorization: Bearer TOKEN\n",
            status=401,
            content_type="text/plain",
            headers={"WWW-Authenticate": KEYWORD},
        )
    from . import exposition  # here: a site without metrics needs neither the library nor its memory

    return HttpResponse(exposition.text(), content_type=exposition.CONTENT_TYPE_LATEST)
