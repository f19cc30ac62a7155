"""Widths of a paper's columns, and the colours of print."""

from dataclasses import dataclass

WIDTHS = {85: "one column", 174: "two columns"}  # millimetres
UNIT = (
    0.188  # millimetres: a pixel of a page's chart, so that its text of 15 pixels is 8 points, the soft one 7
)
DPI = 300
MARGIN = 6.0  # units, on every side
TEXT, SOFT = 15.0, 13.5  # units
FONTS = "Helvetica, Arial, 'DejaVu Sans', sans-serif"
INK, GREY, PAPER = "#111111", "#555555", "#ffffff"


@dataclass(frozen=True)
class Paint:
    """How one class of a chart's parts is drawn on paper; what is None is left to the part around it."""

    fill: str | None = None
    stroke: str | None = None
    width: float | None = None
    dash: tuple[float, ...] = ()
    opacity: float | None = None  # of the fill
    bold: bool | None = None
    size: float | None = None
    anchor: str | None = None


def _bar(colour: str) -> Paint:
    return Paint(fill=colour, stroke=INK, width=0.75)


# Arms lie ten steps of lightness (CIE L*) apart or more, so that grey print tells them apart, and have an outline. White is “same”.
PAINTS = {
    "bar-1": _bar("#0b4a85"),
    "bar-2": _bar("#ef9a3c"),
    "bar-3": _bar("#7d4fb3"),
    "bar-4": _bar("#a5ddd3"),
    "bar-5": _bar("#d65596"),
    "bar-same": _bar(PAPER),
    "bar-plain": _bar("#9a9a9a"),
    "track": Paint(fill="#ececec"),
    "field": Paint(fill="#0b4a85", stroke=PAPER, width=1),
    "dot": Paint(opacity=0.85),
    "grid": Paint(stroke="#c4c4c4", width=1),
    "axis": Paint(stroke=GREY, width=1),
    "halo": Paint(stroke=PAPER, width=6),
    "even": Paint(stroke=INK, width=1, dash=(4, 4)),
    "level": Paint(stroke=INK, width=2.5),
    "whisker": Paint(stroke=INK, width=2),
    "trial-answered": Paint(fill="#0b4a85"),
    "trial-claimed": Paint(fill="#b9b9b9", stroke=INK, width=0.75),
    "trial-open": Paint(fill="#ececec"),
    "strong": Paint(bold=True),
    "soft": Paint(fill=GREY, size=SOFT),
    "start": Paint(anchor="start"),
    "middle": Paint(anchor="middle"),
    "end": Paint(anchor="end"),
}
