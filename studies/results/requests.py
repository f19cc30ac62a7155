"""Which study and which of its answers an address asks for, if they may be seen now."""

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest

from studies.access import study_of
from studies.models import Study
from studies.protocol import HIDDEN, results_hidden

from .part import AnswerSelection, UnknownPartError, part_of


def answered_study_of(request: HttpRequest, slug: str) -> Study:
    """The study, if its answers may be seen now."""
    study = study_of(request, slug)
    if results_hidden(study):
        raise PermissionDenied(HIDDEN)
    return study


def part_asked_for(request: HttpRequest, study: Study) -> AnswerSelection:
    """Whose answers, of which class, group and version of the protocol, as the address says."""
    query = request.GET
    narrowed = (query.get(name, "") for name in ("class", "group", "version"))
    try:
        return part_of(study, query.get("who"), *narrowed)
    except UnknownPartError as error:
        raise Http404(str(error)) from error
