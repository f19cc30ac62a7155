"""What the paper's published code does with a map until the photo is multiplied. numpy and Pillow only.

Their class makes 8 bits of the map and enlarges it by Lanczos; their main.py makes a binary mask of it, resizes that to
the photo, thresholds it once more and multiplies (github.com/Akash-Samanta/Pixel_Ablation-CAM, read and restated). What
they leave to OpenCV is done in OpenCV's arithmetic for 8 bits, so that the same pixels reach a threshold.

Theirs squashes the whole photo to the network's input. Where a network sees a crop of the photo, "the photo" is that crop.
"""

import math

import numpy as np
from PIL import Image

from .localisation import Box

SECOND_PERCENTILE = 80
"""Fixed in generate_explanation_map, whatever share the first threshold keeps."""
_ONE = 2048
_LEFT, _TAPS = 3, 8


def eight_bits(cells: np.ndarray) -> np.ndarray:
    """A map (h, w) stretched from its least to its greatest value and cut off to whole levels: (h, w) uint8, 0..254.

    All zero for a map that is the same everywhere.
    """
    stretched = cells.astype(np.float64) - cells.min()
    return (255 * (stretched / (stretched.max() + 1e-8))).astype(np.uint8)


def lanczos(levels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Levels (h, w) uint8 at `size` (H, W), by Lanczos with four lobes; what leaves 0..255 is cut off there."""
    rows, columns = (_lanczos_weights(*lengths) for lengths in zip(levels.shape, size, strict=True))
    sums = rows @ levels.astype(np.float64) @ columns.T  # whole numbers below 2**53, so exact in any order
    return np.floor(sums / _ONE**2 + 0.5).clip(0, 255).astype(np.uint8)


def binary_mask(cells: np.ndarray, size: tuple[int, int], share: float = 0.2) -> np.ndarray:
    """The mask of a raw map (h, w) at the network's input `size` (H, W): bool, true from the (1 − share) percentile up.

    All that equals the percentile is kept: the whole photo, where more than (1 − share) of the map is zero.
    """
    large = lanczos(eight_bits(cells), size)
    return large >= np.percentile(large, round(100 * (1 - share), 9))


def explanation_map(photo: Image.Image, mask: np.ndarray, crop: Box) -> Image.Image:
    """The photo as far as a mask (H, W) bool shows it. The mask covers the photo's `crop`; beyond, its edge goes on."""
    pixels = np.asarray(photo.convert("RGB"), dtype=np.float32)
    levels = _on_photo(255 * mask.astype(np.int64), crop, pixels.shape[:2])
    seen = (_centres_within(crop[1], crop[3]), _centres_within(crop[0], crop[2]))
    soft = levels.astype(np.float32) / max(levels[seen].max(), 1)
    soft = np.where(soft >= np.percentile(soft[seen], SECOND_PERCENTILE), soft, 0).astype(np.float32)
    shown = pixels / 255 * soft[..., None]
    return Image.fromarray((shown * 255).astype(np.uint8))


def _lanczos_weights(small: int, large: int) -> np.ndarray:
    """(large, small): how much of each of `small` pixels is in each of `large`, in 2048ths. The edge goes on beyond it."""
    at = (np.arange(large) + 0.5) * small / large - 0.5
    taps = np.floor(at).astype(int)[:, None] + np.arange(-_LEFT, _TAPS - _LEFT)
    away = at[:, None] - taps
    kernel = np.sinc(away) * np.sinc(away / 4)
    kernel = np.rint(_ONE * kernel / kernel.sum(1, keepdims=True))
    weights = np.zeros((large, small))
    np.add.at(weights, (np.arange(large)[:, None], taps.clip(0, small - 1)), kernel)
    return weights


def _on_photo(levels: np.ndarray, crop: Box, size: tuple[int, int]) -> np.ndarray:
    """Levels (h, w) that cover the crop of a photo of `size` (H, W), linearly at each of its pixels: (H, W) uint8."""
    low, high, part = _neighbours(levels.shape[1], (crop[0], crop[2]), size[1])
    lines = ((_ONE - part) * levels[:, low] + part * levels[:, high]) >> 4
    low, high, part = _neighbours(levels.shape[0], (crop[1], crop[3]), size[0])
    quarters = ((_ONE - part[:, None]) * lines[low] >> 16) + (part[:, None] * lines[high] >> 16)
    return ((quarters + 2) >> 2).astype(np.uint8)


def _neighbours(
    small: int, ends: tuple[float, float], length: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Each of `length` pixels between two of `small` that lie from end to end of them: both, and 2048ths of the second."""
    at = (np.arange(length) + 0.5 - ends[0]) * small / (ends[1] - ends[0]) - 0.5
    at = at.clip(0, small - 1)
    low = np.floor(at).astype(int)
    return low, np.minimum(low + 1, small - 1), np.rint(_ONE * (at - low)).astype(np.int64)


def _centres_within(low: float, high: float) -> slice:
    return slice(max(0, math.ceil(low - 0.5)), math.ceil(high - 0.5))
