"""What people are told when the site itself fails: what is wrong, in plain words, and that nothing is lost."""

import sys
from collections.abc import Iterator

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template import loader
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from kombu.exceptions import OperationalError as BrokerError

from explain.core.errors import NO_ROOM

FULL = _("The disk of the site is full, so nothing can be saved for now.")
UNWRITABLE = _("The disk of the site cannot be written to, so nothing can be saved for now.")
BUSY = _("Too many things are being saved at the same moment.")
NO_DATABASE = _("The site cannot reach its database.")
NO_BROKER = _("A part of the site that works in the background is not available.")
RETRY_AFTER = "30"  # seconds


def server_error(request: HttpRequest) -> HttpResponse:
    """The page for what nobody caught: 503 where the fault is plain and passes, else 500. Needs no database."""
    cause = next(filter(None, map(_plainly, _chain(sys.exc_info()[1]))), "")
    status = 503 if cause else 500
    headers = {"Retry-After": RETRY_AFTER} if cause else {}
    if request.path_info.startswith("/api/"):
        body = {"detail": str(cause or "The fault is on the site's side; ask again later.")}
        return JsonResponse(body, status=status, headers=headers)
    page = loader.get_template("500.html").render({"cause": cause})
    return HttpResponse(page, status=status, headers=headers)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _plainly(error: BaseException) -> str | Promise:
    if isinstance(error, BrokerError):
        return NO_BROKER
    if isinstance(error, OSError) and error.errno in NO_ROOM:
        return FULL
    if not isinstance(error, (OperationalError, InterfaceError)):
        return ""
    words = str(error).lower()
    if "is full" in words or "no space left" in words:  # SQLite; PostgreSQL
        return FULL
    if "disk i/o" in words or "readonly database" in words or "file too large" in words:
        return UNWRITABLE
    return BUSY if "is locked" in words else NO_DATABASE
