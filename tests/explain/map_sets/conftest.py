"""Photos of two classes, without a network, and arrays for them."""

import numpy as np
import pytest

from explain.map_sets import Covers, Reading, Request, Scale, Sign
from explain.models import ImageSet
from tests.factories import new_image

NAMES = ("hammer/1.jpg", "hammer/2.jpg", "dam/1.jpg")


@pytest.fixture
def birds(db):
    """Three photos; one file name is there twice, in two folders."""
    image_set = ImageSet.objects.create(name="birds")
    for number, name in enumerate(NAMES):
        image = new_image(image_set, number, name.split("/")[0], number)
        image.original_name = name
        image.save()
    return image_set


def cells(seed: int = 0, shape: tuple[int, ...] = (7, 7)) -> np.ndarray:
    return np.random.default_rng(seed).random(shape, dtype=np.float32)


@pytest.fixture
def folder(tmp_path):
    """An array of each photo, under its name."""
    root = tmp_path / "maps"
    for number, name in enumerate(NAMES):
        file = root / name.replace(".jpg", ".npy")
        file.parent.mkdir(parents=True, exist_ok=True)
        np.save(file, cells(number))
    return root


def asked(path, **changes) -> Request:
    fields = {
        "path": path,
        "images": "birds",
        "name": "mine",
        "reading": Reading(Covers.PHOTO, Sign.POSITIVE, Scale.MAX),
    }
    return Request(**{**fields, **changes})
