"""One chart or table of a page as a file."""

from collections.abc import Callable
from dataclasses import dataclass

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_GET

from studies.core import svg
from studies.lifecycle import named_download, seal_in_words
from studies.models import Study

from .as_csv import data_as_csv, table_as_csv
from .as_latex import as_latex
from .as_markdown import as_markdown
from .as_png import as_png
from .as_svg import as_svg
from .drawing import drawing_of
from .on_a_page import CHART, TABLE, Shown, shown_on
from .sizes import WIDTHS
from .table import table_of

Page = Callable[[HttpRequest, str], HttpResponseBase]


@dataclass(frozen=True)
class Source:
    """Which answers the page shows. `part` says it in a file's name; `note` in a caption, empty where there is nothing to say."""

    study: Study
    part: str
    note: str = ""


TYPES = {
    CHART: {"svg": "image/svg+xml", "png": "image/png", "csv": "text/csv; charset=utf-8"},
    TABLE: {
        "csv": "text/csv; charset=utf-8",
        "tex": "application/x-tex; charset=utf-8",
        "md": "text/markdown; charset=utf-8",
    },
}
OF_A_WIDTH = ("svg", "png", "tex")


def handed_out(
    page: Page, source_of: Callable[[HttpRequest, str], Source]
) -> Callable[..., HttpResponseBase]:
    """A view that hands out one chart or table of a page, as the same query shows it there.

    `source_of` refuses whoever may not see the answers now, and those that the query asks for wrongly.
    """

    @require_GET
    def hand_out(request: HttpRequest, slug: str, name: str, ending: str) -> HttpResponseBase:
        source = source_of(request, slug)
        millimetres = _width(request)
        with svg.with_data():
            response = page(request, slug)
        if not isinstance(response, HttpResponse):
            raise Http404("This page shows no charts and tables.")
        one = _named(name, response.content.decode())
        if ending not in TYPES[one.kind]:
            raise Http404(f"A {one.kind} comes as {', '.join(TYPES[one.kind])}, not as {ending}.")
        parts = [source.part, one.name, *([f"{millimetres}mm"] if ending in OF_A_WIDTH else [])]
        file = HttpResponse(_bytes(one, ending, millimetres, source), content_type=TYPES[one.kind][ending])
        return named_download(file, source.study, "-".join(parts), ending)

    return hand_out


def _width(request: HttpRequest) -> int:
    asked = request.GET.get("width", str(min(WIDTHS)))
    known = {str(width): width for width in WIDTHS}
    if asked not in known:
        raise Http404(f"width={asked}: not one of {', '.join(known)} (millimetres)")
    return known[asked]


def _named(name: str, html: str) -> Shown:
    for one in shown_on(html):
        if one.name == name:
            return one
    raise Http404(f"This page shows no {name} now.")


def _bytes(one: Shown, ending: str, millimetres: int, source: Source) -> bytes:
    seal = seal_in_words(source.study)
    notes = [
        f"{words[0].upper()}{words[1:].rstrip('.')}."
        for words in (source.note, seal and seal.headline)
        if words
    ]
    if one.kind == TABLE:
        table = table_of(one.html, one.title)
        if ending == "csv":
            return table_as_csv(table)
        if ending == "md":
            return as_markdown(table, notes)
        return as_latex(table, f"{source.study.slug}-{one.name}", millimetres, notes)
    drawing = drawing_of(one.html, millimetres, notes)
    if ending == "csv":
        return data_as_csv(drawing.data)
    return as_png(drawing) if ending == "png" else as_svg(drawing)
