"""A figure as one SVG file that needs nothing else: pictures are in it, text is text, and each picture has its words."""

import base64

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from .page import WIDTH, Figure, Item, Text, laid_out


def as_svg(figure: Figure) -> SafeString:
    """The figure, as wide as it is given room for."""
    height, items = laid_out(figure)
    return format_html(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {w} {h}" width="{w}" height="{h}" role="group" '
        'aria-label="{words}" font-family="sans-serif" fill="#111"><title>{title}</title>'
        '<rect width="100%" height="100%" fill="#fff"/>{items}</svg>\n',
        w=WIDTH,
        h=f"{height:g}",
        words=figure.words,
        title=figure.title,
        items=format_html_join("", "{}", ((_item(item),) for item in items)),
    )


def _item(item: Item) -> SafeString:
    if isinstance(item, Text):
        return format_html(
            '<text x="{}" y="{}" font-size="{}"{}{}>{}</text>',
            f"{item.x:.1f}",
            f"{item.y:.1f}",
            f"{item.size:g}",
            SafeString(' font-weight="bold"' if item.bold else ""),
            SafeString(' text-anchor="middle"' if item.centred else ""),
            item.words,
        )
    return format_html(
        '<image x="{}" y="{}" width="{side}" height="{side}" role="img" aria-label="{words}" '
        'href="data:image/jpeg;base64,{data}"><title>{words}</title></image>',
        f"{item.x:.1f}",
        f"{item.y:.1f}",
        side=f"{item.side:.1f}",
        words=item.picture.words,
        data=base64.b64encode(item.picture.jpeg).decode(),
    )
