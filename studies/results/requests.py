"""Which study and which of its answers an address asks for, if they may be seen now."""

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest

from studies.access import study_of
from studies.figures import Source
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


def taken_part(request: HttpRequest, slug: str) -> Source:
    """Whose answers a chart or a table is of, if they may be seen now."""
    study = answered_study_of(request, slug)
    return _source(study, part_asked_for(request, study))


def taken_whole(request: HttpRequest, slug: str) -> Source:
    """The same for pages that know no class, group or version."""
    study = answered_study_of(request, slug)
    return _source(study, AnswerSelection(part_asked_for(request, study).who))


def _source(study: Study, part: AnswerSelection) -> Source:
    said = part.narrowed or part.who != "real"
    return Source(study, part.in_a_name, part.in_words if said else "")
