"""Error pages in the reader's language: volunteers see them as well as staff."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers
from django.views import csrf, defaults

from studies.core import languages

from . import failures


def _in_their_language(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        with languages.spoken(request, languages.of_reader(request)):
            response = view(request, *args, **kwargs)
        patch_vary_headers(response, ["Accept-Language"])
        return response

    return wrapped


bad_request = _in_their_language(defaults.bad_request)
permission_denied = _in_their_language(defaults.permission_denied)
page_not_found = _in_their_language(defaults.page_not_found)
server_error = _in_their_language(failures.server_error)
csrf_failure = _in_their_language(csrf.csrf_failure)
