"""Addresses that hand out files: answers as CSV, the codebook, the report."""

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_GET

from studies.access import study_of
from studies.figures import menu, shown_on
from studies.lifecycle import named_download, seal_in_words
from studies.results import answered_study_of, part_asked_for

from .archive import tables_of
from .report import report_html
from .writers import csv_chunks


@require_GET
def export_csv(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Every answer as CSV, sent while it is read."""
    study = answered_study_of(request, slug)
    response = StreamingHttpResponse(csv_chunks(study), content_type="text/csv; charset=utf-8")
    return named_download(response, study, "answers", "csv")


@require_GET
def codebook(request: HttpRequest, slug: str) -> HttpResponse:
    """What each column of the export means."""
    study = study_of(request, slug)
    response = HttpResponse(
        b"".join(tables_of(study)[-1].csv_chunks()), content_type="text/csv; charset=utf-8"
    )
    response["Content-Disposition"] = f'attachment; filename="{study.slug}-codebook.csv"'
    return response


@require_GET
def report_file(request: HttpRequest, slug: str) -> HttpResponse:
    """The report as a file to keep. It has a style sheet in it, so it is never shown as a page of this site."""
    study = answered_study_of(request, slug)
    response = HttpResponse(
        report_html(study, part_asked_for(request, study).who), content_type="text/html; charset=utf-8"
    )
    response["Content-Disposition"] = f'attachment; filename="{study.slug}-report.html"'
    return response


@require_GET
def report_figures(request: HttpRequest, slug: str) -> HttpResponse:
    """Every chart and table of the report, each to be taken by itself."""
    study = answered_study_of(request, slug)
    who = part_asked_for(request, study).who
    shown = [
        (one, mark_safe(one.html) if one.kind == "chart" else "", menu(one, {"who": who}))  # noqa: S308 – the report's own
        for one in shown_on(report_html(study, who))
    ]
    context = {"study": study, "seal": seal_in_words(study), "who": who, "shown": shown}
    return render(request, "studies/exports/figures.html", context)
