"""What people would see of three maps or pictures, before anything is stored: each photo, and the map over it."""

from collections.abc import Sequence

import numpy as np
from PIL import Image as PillowImage

from explain.cam.rendering import render
from explain.photos import pixels_of

from .look import Sample

SIDE = 320
GAP = 8


def preview_picture(samples: Sequence[Sample]) -> bytes:
    """A JPEG with a column for each sample: its photo as people see it, and below it the same under the map, or the picture.

    Raises BadInputError where a photo cannot be read.
    """
    columns = [_column(sample) for sample in samples]
    gap = np.full((columns[0].shape[0], GAP, 3), 255, np.uint8)
    between = [part for column in columns for part in (gap, column)][1:]
    return render.jpeg(np.concatenate(between, axis=1))


def _column(sample: Sample) -> np.ndarray:
    photo = pixels_of(sample.image)
    pixels = render.frame_picture(photo)
    gap = np.full((GAP, SIDE, 3), 255, np.uint8)
    return np.concatenate([_small(pixels), gap, _small(sample.drawn(pixels, photo.size))])


def _small(pixels: np.ndarray) -> np.ndarray:
    return np.asarray(PillowImage.fromarray(pixels).resize((SIDE, SIDE), PillowImage.Resampling.LANCZOS))
