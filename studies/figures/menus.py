"""The links beneath each chart and table. No script: a menu is a `details`."""

from collections.abc import Iterable
from urllib.parse import urlencode

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from .on_a_page import CHART, TABLE, Shown, pieces
from .sizes import WIDTHS

ADDRESS = "take/"  # below the page's own
_ENDS_SCROLL = "</div>"
_KINDS = {CHART: (("svg", "SVG"), ("png", "PNG, 300 dpi")), TABLE: (("tex", "LaTeX"),)}
_PLAIN = {CHART: (("csv", "Data, CSV"),), TABLE: (("csv", "CSV"), ("md", "Markdown"))}


def with_menus(html: str, query: dict[str, str]) -> SafeString:
    """The same HTML with a menu after each chart and table; `query` says of which answers they are."""
    out = []
    last: Shown | None = None
    for text, one in pieces(html):
        if last is not None:
            # A table that scrolls has its menu outside of what scrolls.
            ends = _ENDS_SCROLL if last.kind == TABLE and text.startswith(_ENDS_SCROLL) else ""
            text = f"{ends}{menu(last, query)}{text.removeprefix(ends)}"
        out.append(text)
        last = one
    return mark_safe("".join(out))  # noqa: S308 – a template's own output, and menus by format_html


def menu(one: Shown, query: dict[str, str]) -> SafeString:
    """The links to one chart or table in every form."""
    lines = [(label, _by_width(one, ending, query)) for ending, label in _KINDS[one.kind]]
    plain = format_html_join(
        "",
        '<li><a href="{}" download>{}</a></li>',
        ((_address(one, ending, query), label) for ending, label in _PLAIN[one.kind]),
    )
    return format_html(
        '<details class="take"><summary>Download {}<span class="visually-hidden">: {}</span></summary><ul>{}{}</ul></details>',
        one.kind,
        one.title,
        format_html_join("", "<li>{}: {}</li>", lines),
        plain,
    )


def _by_width(one: Shown, ending: str, query: dict[str, str]) -> SafeString:
    links: Iterable[tuple[str, str]] = (
        (_address(one, ending, {**query, "width": str(width)}), f"{columns} ({width} mm)")
        for width, columns in WIDTHS.items()
    )
    return format_html_join(" · ", '<a href="{}" download>{}</a>', links)


def _address(one: Shown, ending: str, query: dict[str, str]) -> str:
    return f"{ADDRESS}{one.name}.{ending}?{urlencode(query)}"
