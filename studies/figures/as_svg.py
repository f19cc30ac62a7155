"""A drawing as one SVG file: no style sheet, no script, lengths in millimetres, text as text."""

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from .drawing import Circle, Drawing, Line, Rect, Shape, Words, size_of
from .sizes import FONTS, INK, PAPER, TEXT, UNIT, Paint


def as_svg(drawing: Drawing) -> bytes:
    """The file, in UTF-8."""
    return format_html(
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<svg xmlns="http://www.w3.org/2000/svg" width="{mm}mm" height="{high}mm" viewBox="0 0 {w} {h}" '
        'font-family="{fonts}" font-size="{size}" fill="{ink}">\n<title>{title}</title>\n<desc>{words}</desc>\n'
        '<rect width="{w}" height="{h}" fill="{paper}"/>\n{shapes}\n</svg>\n',
        mm=drawing.millimetres,
        high=_short(drawing.height * UNIT),
        w=_short(drawing.width),
        h=_short(drawing.height),
        fonts=FONTS,
        size=_short(TEXT),
        ink=INK,
        title=drawing.title,
        words=drawing.description,
        paper=PAPER,
        shapes=format_html_join("\n", "{}", ((_shape(shape),) for shape in drawing.shapes)),
    ).encode()


def _shape(shape: Shape) -> SafeString:
    if isinstance(shape, Words):
        return _words(shape)
    if isinstance(shape, Rect):
        names = {"x": shape.x, "y": shape.y, "width": shape.width, "height": shape.height, "rx": shape.radius}
        return _element("rect", names, _area(shape.paint))
    if isinstance(shape, Circle):
        return _element("circle", {"cx": shape.x, "cy": shape.y, "r": shape.radius}, _area(shape.paint))
    assert isinstance(shape, Line)
    ends = {"x1": shape.x1, "y1": shape.y1, "x2": shape.x2, "y2": shape.y2}
    return _element("line", ends, _stroke(shape.paint))


def _element(tag: str, lengths: dict[str, float], paint: dict[str, str]) -> SafeString:
    attributes = {**{name: _short(value) for name, value in lengths.items()}, **paint}
    return format_html("<{}{}/>", mark_safe(tag), _attributes(attributes))  # noqa: S308 – a name of ours


def _attributes(values: dict[str, str]) -> SafeString:
    return format_html_join("", ' {}="{}"', values.items())


def _area(paint: Paint) -> dict[str, str]:
    opacity = {} if paint.opacity is None else {"fill-opacity": _short(paint.opacity)}
    return {"fill": paint.fill or INK, **opacity, **(_stroke(paint) if paint.stroke else {})}


def _stroke(paint: Paint) -> dict[str, str]:
    dash = {"stroke-dasharray": " ".join(map(_short, paint.dash))} if paint.dash else {}
    return {"stroke": paint.stroke or INK, "stroke-width": _short(paint.width or 1), **dash}


def _words(words: Words) -> SafeString:
    runs = format_html_join(
        "", "<tspan{}>{}</tspan>", ((_attributes(_letters(paint)), text) for text, paint in words.runs)
    )
    place = {"x": _short(words.x), "y": _short(words.y)}
    anchor = {"text-anchor": words.paint.anchor} if words.paint.anchor else {}
    return format_html('<text{} xml:space="preserve">{}</text>', _attributes({**place, **anchor}), runs)


def _letters(paint: Paint) -> dict[str, str]:
    bold = {"font-weight": "bold"} if paint.bold else {}
    return {"fill": paint.fill or INK, "font-size": _short(size_of(paint)), **bold}


def _short(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
