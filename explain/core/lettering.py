"""Fonts of figures in pixels."""

from PIL import ImageFont

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont
_FONTS = ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf")
_SPELLED = str.maketrans({"≥": ">=", "×": "x", "–": "-", "−": "-", "‑": "-", "←": "<-", "→": "->"})


def lettering(words: str, size: float, *, bold: bool = False) -> tuple[Font, str]:
    """A font of a size in pixels, and the words in its signs.

    DejaVu where the machine has it, else Pillow's own, which lacks a few signs: they are spelled out.
    """
    try:
        return ImageFont.truetype(_FONTS[bold], 0.9 * size), words  # as wide as other sans-serifs
    except OSError:
        return ImageFont.load_default(size), words.translate(_SPELLED)
