"""Several pictures of one photo side by side in one, each with a letter: so that what is sent of them is one file.

numpy and Pillow only.
"""

from collections.abc import Sequence
from math import ceil
from string import ascii_uppercase

import numpy as np
from PIL import Image, ImageDraw

from explain.core.lettering import lettering

EDGE = 0.012
"""Half of the white between two pictures, as a share of a side."""
LETTER = 0.13
"""Height of the field with a letter, as a share of a side."""
WHITE, BLACK, GROUND = (255, 255, 255), (0, 0, 0), 236


def columns_of(count: int) -> int:
    """How many pictures stand in a row: two, or three of more than four.

    >>> [columns_of(count) for count in (1, 2, 4, 6)]
    [1, 2, 2, 3]
    """
    return 1 if count == 1 else 2 if count <= 4 else 3


def side_by_side(pictures: Sequence[np.ndarray]) -> np.ndarray:
    """Pictures (H, W, 3) uint8 of one size in rows from the upper left, lettered A, B, C …: (rows · H, columns · W, 3) uint8.

    One alone stays as it is. What is left of the last row is grey.
    """
    if len(pictures) == 1:
        return pictures[0]
    height, width, _ = pictures[0].shape
    columns = columns_of(len(pictures))
    sheet = np.full((ceil(len(pictures) / columns) * height, columns * width, 3), GROUND, np.uint8)
    for number, picture in enumerate(pictures):
        row, column = divmod(number, columns)
        lettered = _lettered(picture, ascii_uppercase[number])
        sheet[row * height : (row + 1) * height, column * width : (column + 1) * width] = lettered
    return sheet


def _lettered(picture: np.ndarray, letter: str) -> np.ndarray:
    """A picture with a white edge and a letter on white in its upper left corner."""
    image = Image.fromarray(picture)
    width, height = image.size
    drawing, edge, field = ImageDraw.Draw(image), max(1, round(EDGE * width)), max(6, round(LETTER * width))
    drawing.rectangle((0, 0, width - 1, height - 1), outline=WHITE, width=edge)
    drawing.rectangle((0, 0, field, field), fill=WHITE)
    font, words = lettering(letter, 0.9 * field, bold=True)
    drawing.text((field / 2, field / 2), words, fill=BLACK, font=font, anchor="mm")
    return np.asarray(image)
