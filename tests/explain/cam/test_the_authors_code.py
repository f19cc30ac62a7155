"""The authors' pipeline from a map to the explanation map: by a second statement of it, and by what OpenCV itself gave."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

from explain.cam.metrics.authors_code import binary_mask, eight_bits, explanation_map, lanczos
from explain.cam.metrics.masking import Masking, masks_of
from tests.explain import authors_pipeline
from tests.explain.photo_files import photo_bytes


def photo_of(size: tuple[int, int]) -> Image.Image:
    return Image.open(io.BytesIO(photo_bytes(7, size)))


def map_of(shape: tuple[int, int], seed: int = 0) -> np.ndarray:
    return (np.random.default_rng(seed).random(shape) ** 3).astype(np.float32)


CASES = {
    "square": ((96, 96), (7, 7), (64, 64), None),
    "wide, its centre is seen": ((120, 80), (7, 7), (64, 64), (20.0, 0.0, 100.0, 80.0)),
    "tall, its centre is seen between pixels": ((75, 101), (5, 5), (48, 48), (4.6875, 17.6875, 70.3125, 83.3125)),
    "wide, squashed whole": ((120, 80), (7, 7), (64, 64), None),
    "an input that is not square": ((90, 70), (5, 8), (40, 64), None),
    "smaller than the input": ((30, 44), (6, 6), (64, 64), None),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_every_step_equals_its_description_stated_again(case):
    photo_size, cells, size, crop = CASES[case]
    photo = photo_of(photo_size)
    crop = crop or (0.0, 0.0, *map(float, photo.size))
    for seed in range(2):
        raw = map_of(cells, seed)
        assert eight_bits(raw).tolist() == authors_pipeline.levels_of(raw)
        mask = binary_mask(raw, size)
        np.testing.assert_array_equal(mask * 255, authors_pipeline.first_mask(raw, size))
        ours, again = explanation_map(photo, mask, crop), authors_pipeline.explanation(photo, raw, size, crop)
        assert ours.size == photo.size
        np.testing.assert_array_equal(np.asarray(ours), np.asarray(again))


def test_lanczos_gives_what_opencv_gives():
    """cv2.resize(…, interpolation=INTER_LANCZOS4) of OpenCV 5.0.0, written down."""
    levels = np.array([[0, 50], [100, 254]], np.uint8)
    assert lanczos(levels, (4, 5)).tolist() == [
        [0, 0, 8, 24, 32],
        [13, 27, 58, 89, 103],
        [62, 88, 144, 200, 225],
        [91, 124, 194, 255, 255],
    ]
    assert (lanczos(np.full((3, 3), 77, np.uint8), (11, 13)) == 77).all()


def test_a_mask_comes_to_the_photo_as_opencv_resizes_it():
    """cv2.resize(…, interpolation=INTER_LINEAR) of OpenCV 5.0.0, its 80th percentile and what is left of white."""
    resized = np.array([
        [0, 36, 145, 255, 255, 255, 255],
        [0, 33, 131, 229, 240, 251, 255],
        [0, 18, 73, 128, 182, 237, 255],
        [0, 4, 15, 26, 124, 222, 255],
        [0, 0, 0, 0, 109, 219, 255],
    ])  # fmt: skip
    mask = np.array([[False, True, True], [False, False, True]])
    white = Image.new("RGB", (7, 5), "white")
    shown = np.asarray(explanation_map(white, mask, (0, 0, 7, 5)))[..., 0].astype(int)
    kept = resized >= np.percentile(resized, 80)
    assert ((shown > 0) == kept).all()
    assert np.abs(shown - resized)[kept].max() <= 1  # levels are cut off


@pytest.mark.parametrize("raw", [np.zeros((7, 7)), np.full((7, 7), 3.0), np.eye(7)[:1].repeat(7, 0) * (np.arange(7) == 0)[:, None]])  # fmt: skip
def test_a_map_that_mostly_equals_its_percentile_keeps_the_whole_photo_as_theirs_does(raw):
    raw = raw.astype(np.float32)
    photo = photo_of((60, 40))
    mask = binary_mask(raw, (64, 64))
    assert mask.all()
    left = np.asarray(explanation_map(photo, mask, (10, 0, 50, 40))).astype(int)
    assert np.abs(left - np.asarray(photo.convert("RGB"))).max() <= 1


def test_the_first_threshold_takes_another_share():
    raw = map_of((7, 7))
    assert binary_mask(raw, (64, 64), 0.5).mean() == pytest.approx(0.5, abs=0.02)
    assert binary_mask(raw, (64, 64), 0.05).mean() == pytest.approx(0.05, abs=0.01)


def test_each_step_on_the_way_changes_one_thing():
    raw = map_of((7, 7), 5)
    maps = torch.from_numpy(raw)[None]
    large = torch.nn.functional.interpolate(maps[:, None].double(), (64, 64), mode="bilinear")[0, 0].numpy()
    at_least = masks_of(maps, (64, 64), Masking("percentile"))[0].numpy()
    np.testing.assert_array_equal(at_least, large >= np.percentile(large, 80))
    levels = torch.tensor(authors_pipeline.levels_of(raw))[None, None].double()
    rounded = torch.nn.functional.interpolate(levels, (64, 64), mode="bilinear")[0, 0].round().numpy()
    in_levels = masks_of(maps, (64, 64), Masking("percentile-8-bits"))[0].numpy()
    np.testing.assert_array_equal(in_levels, rounded >= np.percentile(rounded, 80))
    enlarged = masks_of(maps, (64, 64), Masking("percentile-lanczos"))[0].numpy()
    np.testing.assert_array_equal(enlarged, binary_mask(raw, (64, 64)))
    assert (enlarged != in_levels).any()
