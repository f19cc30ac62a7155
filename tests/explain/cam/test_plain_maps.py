"""Maps for attention checks, where the right answer is known: one on the object, the others off it, told by nothing else."""

import numpy as np
import pytest

from explain.cam.metrics import attention_maps
from explain.cam.metrics.localisation import box_mask, energy, pointing_hit
from explain.cam.rendering import render

BOX = (0.1, 0.15, 0.45, 0.5)
SMALL = (0.7, 0.75, 0.85, 0.9)
SIDE = 64


def maps(boxes=(BOX,), cells=(14, 14), count=4, seed=(1, 2)):
    return attention_maps.plain_maps(list(boxes), cells, count, list(seed))


def placed(cells):
    return render.place(cells, (0, 0, 1, 1), (0, 0, 1, 1), SIDE)


def in_pixels(boxes):
    return [tuple(edge * SIDE for edge in box) for box in boxes]


THIN = (0.02, 0.02, 0.07, 0.98)  # longer than BOX, and smaller
CORNER = (0.05, 0.75, 0.2, 0.9)  # down on the left


@pytest.mark.parametrize("boxes", [(BOX,), (BOX, SMALL), (SMALL, BOX), (THIN, BOX), (CORNER, BOX)])
@pytest.mark.parametrize("cells", [(14, 14), (10, 14), (7, 7)])
def test_the_first_lies_on_the_largest_box_and_the_others_off_every_box(boxes, cells):
    all_maps = maps(boxes, cells)
    assert [map_.shape for map_ in all_maps] == [cells] * 4
    assert all(map_.dtype == np.float32 and map_.min() >= 0 and map_.max() <= 1 for map_ in all_maps)
    on, *off = (placed(map_) for map_ in all_maps)
    assert pointing_hit(on, in_pixels([BOX]))
    assert energy(on, in_pixels(boxes)) >= 0.7
    for map_off in off:
        assert energy(map_off, in_pixels(boxes)) <= 0.15
        for box in in_pixels(boxes):
            assert not pointing_hit(map_off, [box])
        covered = render.top_share(map_off) & box_mask(in_pixels(boxes), (SIDE, SIDE))
        assert covered.sum() <= 0.15 * box_mask(in_pixels(boxes), (SIDE, SIDE)).sum()


def test_maps_that_are_off_are_not_all_at_one_place():
    peaks = [np.unravel_index(placed(map_).argmax(), (SIDE, SIDE)) for map_ in maps(cells=(32, 32))[1:]]
    apart = [np.hypot(a[0] - b[0], a[1] - b[1]) / SIDE for n, a in enumerate(peaks) for b in peaks[:n]]
    assert min(apart) > 0.1


def test_the_same_seed_gives_the_same_maps_and_another_gives_others():
    first, again, other = maps(), maps(), maps(seed=(1, 3))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(first, other, strict=True))


@pytest.mark.parametrize(
    "boxes",
    [
        [],
        [(0.0, 0.0, 1.0, 0.85)],  # no room beside it
        [(0.1, 0.1, 0.12, 0.12)],  # too small to be hit
        [(0.08, 0.08, 0.95, 0.95)],  # too little room for three
    ],
)
def test_a_photo_that_does_not_allow_it_has_no_such_maps(boxes):
    assert maps(boxes) is None


def test_as_many_as_are_asked_for():
    assert len(maps(count=2)) == 2
    assert maps(count=30) is None


def test_boxes_of_a_photo_lie_in_its_frame():
    """Of 200 × 100 pixels the frame is the 87 in the middle."""
    whole, cut, outside = (56.5, 6.5, 143.5, 93.5), (0, 50, 100, 200), (0, 0, 50, 50)
    in_frame = attention_maps.boxes_in_frame([whole, cut, outside], 200, 100)
    assert in_frame == [pytest.approx((0, 0, 1, 1)), pytest.approx((0, 0.5, 0.5, 1))]
