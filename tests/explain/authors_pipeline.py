"""The authors' pipeline once more, from its description alone and pixel by pixel: what tests hold `authors-code` against.

1. The map minus its least value, over (its greatest then + 1e-8), times 255, without what is behind the point.
2. Enlarged to the network's input, by Lanczos with four lobes: the weight of a pixel at a distance d is sinc(d)·sinc(d/4),
   over 8 neighbours, those beyond the edge being its last pixel; weights sum to 1 and are rounded to 2048ths; the sum is
   rounded half up and kept within 0..255.
3. 255 from the 80th percentile up, else 0.
4. To the photo, linearly between the two nearest pixels of a row and then of a column, with weights in 2048ths; after the
   row cut off to 128ths, each of the column's two parts cut off to quarters, the sum rounded half up.
5. Over its greatest value; 0 below its own 80th percentile; times the photo in 0..1 (32-bit floats); times 255, cut off.
"""

import math

import numpy as np
from PIL import Image


def levels_of(cells: np.ndarray) -> list[list[int]]:
    least, greatest = float(cells.min()), float(cells.max())
    return [
        [math.floor(255 * ((float(v) - least) / (greatest - least + 1e-8))) for v in row] for row in cells
    ]


def sinc(x: float) -> float:
    return 1.0 if x == 0 else math.sin(math.pi * x) / (math.pi * x)


def taps(place: int, small: int, large: int) -> list[tuple[int, int]]:
    """Which small pixels, by which weight, make the large pixel at a place."""
    at = (place + 0.5) * small / large - 0.5
    near = range(math.floor(at) - 3, math.floor(at) + 5)
    weights = [sinc(at - n) * sinc((at - n) / 4) for n in near]
    return [(min(max(n, 0), small - 1), round(2048 * w / sum(weights))) for n, w in zip(near, weights, strict=True)]  # fmt: skip


def by_lanczos(levels: list[list[int]], size: tuple[int, int]) -> np.ndarray:
    height, width = size
    wide = [[sum(row[n] * w for n, w in taps(x, len(row), width)) for x in range(width)] for row in levels]
    large = np.empty(size, dtype=int)
    for y in range(height):
        of_row = taps(y, len(levels), height)
        for x in range(width):
            total = sum(wide[n][x] * w for n, w in of_row)
            large[y, x] = min(max((total + 2**21) // 2**22, 0), 255)
    return large


def first_mask(cells: np.ndarray, size: tuple[int, int], percentile: float = 80) -> np.ndarray:
    large = by_lanczos(levels_of(cells), size)
    return np.where(large >= np.percentile(large, percentile), 255, 0)


def between(place: int, ends: tuple[float, float], small: int) -> tuple[int, int, int]:
    at = min(max((place + 0.5 - ends[0]) / (ends[1] - ends[0]) * small - 0.5, 0), small - 1)
    low = math.floor(at)
    return low, min(low + 1, small - 1), round(2048 * (at - low))


def on_photo(mask: np.ndarray, crop, size: tuple[int, int]) -> np.ndarray:
    columns = [between(x, (crop[0], crop[2]), mask.shape[1]) for x in range(size[1])]
    lines = [[((2048 - w) * int(row[a]) + w * int(row[b])) // 16 for a, b, w in columns] for row in mask]
    levels = []
    for y in range(size[0]):
        a, b, w = between(y, (crop[1], crop[3]), mask.shape[0])
        levels.append([((2048 - w) * first // 65536 + w * second // 65536 + 2) // 4 for first, second in zip(lines[a], lines[b], strict=True)])  # fmt: skip
    return np.array(levels)


def explanation(photo: Image.Image, cells: np.ndarray, size: tuple[int, int], crop) -> Image.Image:
    """The authors' explanation map, where `crop` of the photo is what their photo is to them: all that the network sees."""
    pixels = np.asarray(photo.convert("RGB"))
    levels = on_photo(first_mask(cells, size), crop, pixels.shape[:2])
    centres_y, centres_x = (np.arange(n) + 0.5 for n in levels.shape)
    seen = np.ix_(
        (centres_y >= crop[1]) & (centres_y < crop[3]), (centres_x >= crop[0]) & (centres_x < crop[2])
    )
    soft = levels.astype(np.float32) / np.float32(levels[seen].max())
    soft[soft < np.percentile(soft[seen], 80)] = 0
    shown = pixels.astype(np.float32) / np.float32(255) * soft[:, :, None] * np.float32(255)
    return Image.fromarray(np.floor(shown).astype(np.uint8))
