"""A table of contents for a page: its sections by their headings, wherever the headings come from."""

import re
from collections import Counter
from html import unescape

from django.utils.html import format_html_join
from django.utils.text import slugify

PLACE = "<!-- contents -->"
_HEADING = re.compile(r"<h2(?P<attributes>[^>]*)>(?P<words>.*?)</h2>", re.DOTALL)
_ID = re.compile(r'\bid="([^"]*)"')
_TAG = re.compile(r"<[^>]*>")


def with_contents(html: str) -> str:
    """The same page with a list of links in the place of PLACE; a heading without an id gets one that nothing on the page has.

    >>> print(with_contents('<!-- contents --><h2>A <b>b</b></h2><h2 id="x">C</h2><h2>A b</h2>'))
    <li><a href="#a-b">A b</a></li><li><a href="#x">C</a></li><li><a href="#a-b-2">A b</a></li><h2 id="a-b">A <b>b</b></h2><h2 id="x">C</h2><h2 id="a-b-2">A b</h2>
    """
    taken = Counter(_ID.findall(html))
    entries: list[tuple[str, str]] = []

    def named(match: re.Match[str]) -> str:
        words = " ".join(unescape(_TAG.sub("", match["words"])).split())
        own = _ID.search(match["attributes"])
        name = own[1] if own else _free(slugify(words) or "section", taken)
        entries.append((name, words))
        return match[0] if own else f'<h2{match["attributes"]} id="{name}">{match["words"]}</h2>'

    whole = _HEADING.sub(named, html)
    return whole.replace(PLACE, format_html_join("", '<li><a href="#{}">{}</a></li>', entries), 1)


def _free(wanted: str, taken: Counter[str]) -> str:
    name, number = wanted, 1
    while taken[name]:
        number += 1
        name = f"{wanted}-{number}"
    taken[name] += 1
    return name
