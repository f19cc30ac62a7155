"""Which charts and tables a page shows, and what each is called."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape

from django.utils.text import slugify

CHART, TABLE = "chart", "table"
# Templates escape whatever people wrote, so an end tag in the text is one; neither stands within itself.
_SHOWN = re.compile(r'<svg class="chart".*?</svg>|<table\b.*?</table>', re.DOTALL)
_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.DOTALL)
_CAPTION = re.compile(r"<caption[^>]*>(.*?)</caption>", re.DOTALL)
_NAME = re.compile(r'<table[^>]* data-name="([^"]*)"')
_TAG = re.compile(r"<[^>]*>")
_AND_MORE = re.compile(r" · |[;:,(] ?")
MOST_LETTERS = 60


@dataclass(frozen=True)
class Shown:
    """One chart or table. `name` is its own on this page, as in addresses and files; `start` and `end` its place in the HTML."""

    kind: str
    name: str
    title: str  # a chart's title, a table's caption
    html: str
    start: int
    end: int


def shown_on(html: str) -> list[Shown]:
    """All charts and tables, from top to bottom."""
    taken: Counter[str] = Counter()
    return [_shown(match, taken) for match in _SHOWN.finditer(html)]


def _shown(match: re.Match[str], taken: Counter[str]) -> Shown:
    html = match[0]
    kind = TABLE if html.startswith("<table") else CHART
    title = words_of((_CAPTION if kind == TABLE else _TITLE).search(html))
    given = _NAME.match(html)
    # A caption goes on with numbers and whose answers these are: its first words are what stays.
    own = given[1] if given else _AND_MORE.split(title)[0] if kind == TABLE else title
    name = f"{kind}-{slugify(own)[:MOST_LETTERS].strip('-') or kind}"
    taken[name] += 1
    if taken[name] > 1:
        name = f"{name}-{taken[name]}"
    return Shown(kind, name, title or own.capitalize(), html, match.start(), match.end())


def words_of(match: re.Match[str] | None) -> str:
    """The text of an element without its tags; empty where there is no such element."""
    return re.sub(r"[ \t\r\n]+", " ", unescape(_TAG.sub("", match[1]))).strip() if match else ""


def pieces(html: str) -> Iterator[tuple[str, Shown | None]]:
    """The HTML up to the end of each chart or table with that one, and what is left with None."""
    at = 0
    for one in shown_on(html):
        yield html[at : one.end], one
        at = one.end
    yield html[at:], None
