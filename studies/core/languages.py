"""In which language a volunteer reads: the study's; where no study is known, the first of their browser's that is here.

The texts are in translations/, one catalogue for each language; English is in the code and in the templates.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.http import HttpRequest
from django.utils import translation

DEFAULT = "en"


def codes() -> list[str]:
    return [code for code, _ in settings.LANGUAGES]


def name_of(language: str) -> str:
    """What a language is called in English."""
    return str(dict(settings.LANGUAGES)[language])


def direction(language: str) -> str:
    """ltr or rtl, for HTML's `dir`: `dir="auto"` would judge by the “A” of “A is better”, whatever the language."""
    return "rtl" if language in codes() and translation.get_language_info(language)["bidi"] else "ltr"


@contextmanager
def spoken(request: HttpRequest, language: str) -> Iterator[None]:
    """Texts are in this language within the block, and on an error page if the request ends in one."""
    request.LANGUAGE_CODE = language  # type: ignore[attr-defined]  # the name that Django's own middleware gives it
    with translation.override(language):
        yield


def of_reader(request: HttpRequest) -> str:
    """The language of the study that the request has reached, or else one that its browser asks for."""
    return getattr(request, "LANGUAGE_CODE", "") or translation.get_language_from_request(request)
