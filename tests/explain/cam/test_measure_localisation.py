"""Boxes, pointing, energy and Loc(δ) on maps small enough to count by hand."""

import numpy as np
import pytest

from explain.cam.metrics.localisation import (
    best_iou,
    box_iou,
    box_mask,
    boxes_in_crop,
    energy,
    loc,
    map_box,
    pointing_hit,
)

MAP = np.array(
    [
        [0.0, 0.0, 0.0, 0.0, 0.6],
        [0.0, 1.0, 0.5, 0.0, 0.0],
        [0.0, 0.5, 0.2, 0.0, 0.0],
        [0.0, 0.0, 0.0, 0.0, 0.0],
    ]
)
BLANK = np.zeros((4, 5))


def test_iou_of_boxes_counted_by_hand():
    assert box_iou((0, 0, 2, 2), (1, 1, 3, 3)) == pytest.approx(1 / 7)
    assert box_iou((0, 0, 2, 2), (0, 0, 2, 2)) == 1
    assert box_iou((0, 0, 2, 2), (2, 0, 4, 2)) == 0  # they only touch
    assert box_iou((1, 1, 1, 1), (1, 1, 1, 1)) == 0


@pytest.mark.parametrize(
    ("delta", "box"), [(0.9, (1, 1, 2, 2)), (0.5, (1, 1, 3, 3)), (0.1, (1, 1, 3, 3)), (0.0, (1, 1, 3, 3))]
)
def test_the_box_of_a_map_is_tight_around_its_largest_region(delta, box):
    assert map_box(MAP, delta) == box


def test_regions_join_at_corners():
    assert map_box(np.eye(3), 0.5) == (0, 0, 3, 3)


def test_a_box_reaches_the_border():
    assert map_box(np.array([[1.0, 1.0], [0.0, 1.0]]), 0.5) == (0, 0, 2, 2)
    assert best_iou(np.array([[0.0, 0.0], [0.0, 1.0]]), [(1, 1, 2, 2)], 0.5) == 1


def test_the_best_of_several_boxes_counts():
    assert best_iou(MAP, [(3, 3, 5, 4), (1, 1, 3, 2)], 0.5) == pytest.approx(0.5)


def test_a_blank_map_finds_nothing_and_divides_by_nothing():
    assert map_box(BLANK, 0.2) is None
    assert best_iou(BLANK, [(0, 0, 5, 4)], 0.2) == 0
    assert energy(BLANK, [(0, 0, 5, 4)]) == 0
    assert loc(BLANK, [(0, 0, 5, 4)], 0.2) == 0
    assert not pointing_hit(BLANK, [(0, 0, 5, 4)])


def test_a_map_below_zero_is_a_blank_map():
    assert map_box(MAP - 2, 0.2) is None
    assert not pointing_hit(MAP - 2, [(0, 0, 5, 4)])


def test_pointing_at_the_maximum_and_the_tolerance_around_the_box():
    assert pointing_hit(MAP, [(1, 1, 2, 2)])
    assert not pointing_hit(MAP, [(2, 1, 4, 3)])
    assert pointing_hit(MAP, [(2, 1, 4, 3)], tolerance=0.5)


def test_the_first_of_two_equal_maxima_counts():
    twice = np.array([[0.0, 1.0], [1.0, 0.0]])
    assert pointing_hit(twice, [(1, 0, 2, 1)])
    assert not pointing_hit(twice, [(0, 1, 1, 2)])


def test_energy_is_the_share_of_the_sum_inside():
    assert energy(MAP, [(1, 1, 3, 3)]) == pytest.approx(2.2 / 2.8)
    assert energy(MAP, [(1, 1, 3, 3), (1, 1, 2, 2)]) == pytest.approx(2.2 / 2.8)  # nothing counts twice


def test_loc_counts_inside_over_box_and_outside():
    # δ = 0.5: over are (1,1) (2,1) (1,2) inside the box of 4 pixels, and one pixel outside
    assert loc(MAP, [(1, 1, 3, 3)], 0.5) == pytest.approx(3 / 5)
    assert loc(MAP, [], 0.5) == 0


def test_boxes_go_through_the_same_crop_and_are_cut_at_its_edges():
    crop = (10.0, 20.0, 110.0, 120.0)
    boxes = boxes_in_crop([(10, 20, 60, 70), (0, 0, 30, 40), (200, 0, 210, 9)], crop, (50, 50))
    assert boxes == [(0, 0, 25, 25), (0, 0, 10, 10)]


def test_a_pixel_is_in_a_box_by_its_centre():
    assert box_mask([(0.6, 0, 2.5, 1)], (1, 4)).tolist() == [[False, True, False, False]]
    assert box_mask([(0.5, 0, 2.6, 1)], (1, 4)).tolist() == [[True, True, True, False]]
