"""A figure as PNG, 300 pixels to the inch on the width of a page."""

import io

from PIL import Image, ImageDraw
from PIL.PngImagePlugin import PngInfo

from explain.core.lettering import lettering

from .page import WIDTH, Figure, Text, laid_out

SCALE = 3


def as_png(figure: Figure) -> bytes:
    """The figure in pixels; what it shows stands in the file's description too."""
    height, items = laid_out(figure)
    page = Image.new("RGB", (WIDTH * SCALE, round(height * SCALE)), "white")
    draw = ImageDraw.Draw(page)
    for item in items:
        if isinstance(item, Text):
            _write(draw, item)
        else:
            side = round(item.side * SCALE)
            picture = Image.open(io.BytesIO(item.picture.jpeg)).convert("RGB")
            picture = picture.resize((side, side), Image.Resampling.LANCZOS)
            page.paste(picture, (round(item.x * SCALE), round(item.y * SCALE)))
    file = io.BytesIO()
    about = PngInfo()
    about.add_itxt("Title", figure.title)
    about.add_itxt("Description", figure.words)
    page.save(file, "PNG", dpi=(300, 300), pnginfo=about, optimize=True)
    return file.getvalue()


def _write(draw: ImageDraw.ImageDraw, item: Text) -> None:
    font, words = lettering(item.words, item.size * SCALE, bold=item.bold)
    draw.text(
        (item.x * SCALE, item.y * SCALE), words, fill="#111", font=font, anchor="ms" if item.centred else "ls"
    )
