"""The paper's figures, laid out for a page, as SVG and PNG."""

from .files import check_figure_path, write_figure
from .page import Figure
from .papers import KINDS, Wanted, make_figure, want_figure
from .photos import photos_for_localisation, photos_named
from .svg import as_svg

__all__ = [
    "KINDS",
    "Figure",
    "Wanted",
    "as_svg",
    "check_figure_path",
    "make_figure",
    "photos_for_localisation",
    "photos_named",
    "want_figure",
    "write_figure",
]
