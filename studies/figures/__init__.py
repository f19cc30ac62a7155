"""Charts and tables of a page as a paper takes them: SVG, PNG at 300 dpi and data; CSV, LaTeX and Markdown.

Whatever a page shows is found in its HTML, so a table is taken with the numbers that the page shows, and a new trial type's
chart and table can be taken like any other: nothing has to be said of them here.
"""

from .handing_out import Source, handed_out
from .menus import menu, with_menus
from .on_a_page import Shown, shown_on

__all__ = ["Shown", "Source", "handed_out", "menu", "shown_on", "with_menus"]
