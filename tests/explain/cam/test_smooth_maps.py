"""Maps of any fineness are shown with one grain, where a study says so; else not a bit of them changes."""

import numpy as np
import pytest

from explain.cam.rendering import render

FRAME = (0.0, 0.0, 1.0, 1.0)


def test_it_is_the_mean_of_each_field_drawn_anew():
    """By hand: 4 × 4 pixels to 2 × 2 fields, bilinear between their middles, which lie at 0.5 and 2.5 pixels."""
    placed = np.array([[0, 4, 8, 8], [0, 4, 8, 8], [2, 2, 0, 0], [2, 2, 0, 0]], dtype=float)
    fields = np.array([[2.0, 8.0], [2.0, 0.0]])
    share = np.clip((np.arange(4) + 0.5) / 2 - 0.5, 0, 1)
    rows = fields[0] * (1 - share[:, None]) + fields[1] * share[:, None]
    wanted = rows[:, :1] * (1 - share) + rows[:, 1:] * share
    np.testing.assert_allclose(render.smoothed(placed, 2), wanted)


@pytest.mark.parametrize("cells", [7, 9])  # one that divides the side, one that does not
def test_a_fine_map_gets_the_grain_of_a_coarse_one(cells):
    fine = np.random.default_rng(0).random((112, 112))
    shown = render.place(fine, FRAME, FRAME, 112, smooth=cells)
    assert np.abs(np.diff(shown, axis=0)).max() <= 1.01 / (112 // cells)  # from one field to the next at most
    assert shown.max() == 1


def test_nothing_changes_where_nothing_is_said():
    cells = np.random.default_rng(1).random((7, 7)).astype("f4")
    np.testing.assert_array_equal(
        render.place(cells, FRAME, FRAME, 112), render.place(cells, FRAME, FRAME, 112, None)
    )
    assert (render.place(cells, FRAME, FRAME, 112) != render.place(cells, FRAME, FRAME, 112, smooth=5)).any()


def test_a_map_with_nothing_stays_so_and_ones_of_one_value_too():
    assert not render.place(np.zeros((7, 7)), FRAME, FRAME, 112, smooth=7).any()
    assert (render.place(np.ones((7, 7)), FRAME, FRAME, 112, smooth=9) == 1).all()


def test_a_coarse_map_stays_as_it_is_and_a_fine_one_of_the_same_values_looks_like_it():
    """7 cells of a crop are 6.96 of the frame; each value as a block of 8 × 8 is the same map, four times as fine as it need be."""
    coarse = np.random.default_rng(2).random((7, 7))
    fine = np.kron(coarse, np.ones((8, 8)))
    plain = render.place(coarse, FRAME, FRAME, 112)
    np.testing.assert_array_equal(render.place(coarse, FRAME, FRAME, 112, smooth=7), plain)
    np.testing.assert_allclose(render.place(fine, FRAME, FRAME, 112, smooth=7), plain, atol=0.15)
    crop = (-0.003, -0.003, 1.003, 1.003)
    np.testing.assert_array_equal(
        render.place(coarse, crop, FRAME, 112, smooth=7), render.place(coarse, crop, FRAME, 112)
    )
    assert render.cells_across((7, 14), (0, 0, 2, 1), FRAME) == 7
    assert render.cells_across((7, 14), FRAME, FRAME) == 14
