"""Map + photo -> pixels: where a map lies, what is kept, and that nothing else differs between pictures."""

import numpy as np
import pytest
from PIL import Image

from explain.cam import CamError
from explain.cam.rendering import render
from explain.cam.rendering.palettes import PALETTE_NAMES, colour

pytestmark = pytest.mark.real_pictures


def photo(width=300, height=200, seed=0):
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def test_the_frame_is_a_central_square_of_87_percent_of_the_short_edge():
    assert render.frame_box(300, 200) == pytest.approx((63, 13, 237, 187))
    assert render.frame_box(200, 300) == pytest.approx((13, 63, 187, 237))


def test_a_framed_photo_is_always_the_same_size():
    assert render.frame_picture(photo(300, 200)).shape == (448, 448, 3)
    assert render.frame_picture(photo(37, 900).convert("L"), side=64).shape == (64, 64, 3)


def test_a_map_is_read_bilinearly_in_the_coordinates_of_the_crop():
    cells = np.array([[0.0, 4.0]])
    placed = render.place(cells, (0, 0, 8, 8), (0, 0, 8, 8), side=8)
    # centres of the two cells are at x = 2 and x = 6; pixels at 0.5, 1.5, … 7.5
    np.testing.assert_allclose(placed[3], np.array([0, 0, 0.5, 1.5, 2.5, 3.5, 4, 4]) / 4)


def test_the_same_place_in_the_photo_lies_at_the_same_pixel_whatever_the_crop():
    """One spot in the photo, seen by a 7×7 network with a wide crop and a 14×14 one with a narrow crop."""
    frame = (10.0, 10.0, 110.0, 110.0)
    spots = []
    for cells, crop in ((7, (4.0, 4.0, 116.0, 116.0)), (14, (8.0, 8.0, 112.0, 112.0))):
        centres = crop[0] + (np.arange(cells) + 0.5) * (crop[2] - crop[0]) / cells
        bump = np.exp(-(((centres - 80) / 18) ** 2))
        placed = render.place(np.outer(np.exp(-(((centres - 40) / 18) ** 2)), bump), crop, frame)
        weights = placed / placed.sum()
        spots.append(((weights.sum(1) * np.arange(448)).sum(), (weights.sum(0) * np.arange(448)).sum()))
    np.testing.assert_allclose(spots[0], spots[1], atol=448 * 0.02)
    assert spots[0][0] < 224 < spots[0][1]  # row of y = 40, column of x = 80


def test_a_map_is_divided_by_its_own_maximum_once():
    cells = np.array([[0.0, 1.0], [2.0, 0.5]])
    placed = render.place(cells, (0, 0, 9, 9), (0, 0, 9, 9))
    np.testing.assert_array_equal(placed, render.place(cells * 1000, (0, 0, 9, 9), (0, 0, 9, 9)))
    assert placed.dtype == np.float32
    assert placed.max() == 1
    assert placed.min() >= 0


def test_a_blank_map_stays_zero():
    placed = render.place(np.zeros((7, 7)), (0, 0, 9, 9), (1, 1, 8, 8))
    assert not placed.any()


def test_a_map_with_nan_is_refused():
    with pytest.raises(CamError, match="NaN"):
        render.place(np.array([[np.nan]]), (0, 0, 9, 9), (1, 1, 8, 8))


def test_a_crop_that_covers_less_than_the_frame_is_refused():
    with pytest.raises(CamError, match=r"covers less of the photo than the frame .* use a network"):
        render.place(np.ones((7, 7)), (10, 10, 90, 90), (6, 6, 94, 94))


@pytest.mark.parametrize("crop", [(7, 0, 99, 99), (0, 7, 99, 99), (0, 0, 93, 99), (0, 0, 99, 93)])
def test_a_crop_that_lacks_one_side_of_the_frame_is_refused_and_one_that_touches_it_is_not(crop):
    with pytest.raises(CamError, match="covers less of the photo than the frame"):
        render.place(np.ones((7, 7)), crop, (6, 6, 94, 94))
    touching = tuple({7: 6, 93: 94}.get(edge, edge) for edge in crop)
    assert (render.place(np.ones((7, 7)), touching, (6, 6, 94, 94)) == 1).all()


@pytest.mark.parametrize(("width", "height"), [(0, 5), (5, 0)])
def test_a_photo_without_pixels_has_no_frame(width, height):
    with pytest.raises(CamError, match="has no frame"):
        render.frame_box(width, height)
    assert render.frame_box(1, 1) == pytest.approx((0.065, 0.065, 0.935, 0.935))


@pytest.mark.parametrize("cells", [np.zeros((2, 2, 2)), np.zeros(4), np.zeros((0, 4))])
def test_what_is_no_map_is_refused(cells):
    with pytest.raises(CamError, match="a map has shape"):
        render.place(cells, (0, 0, 9, 9), (1, 1, 8, 8))


def test_cells_below_zero_are_shown_as_nothing():
    placed = render.place(np.array([[-4.0, 0.0], [0.0, 2.0]]), (0, 0, 8, 8), (0, 0, 8, 8), side=2)
    np.testing.assert_array_equal(placed, [[0, 0], [0, 1]])


def test_rows_are_read_down_and_columns_across_where_the_frame_is_a_corner_of_the_crop():
    """Of two rows and three columns, the frame sees the lower middle one; its pixels are at 0.75 and 1.25 cells."""
    cells = np.array([[0.0, 0.0, 0.0], [0.0, 3.0, 0.0]])
    placed = render.upsample(cells, (0, 0, 30, 20), (10, 10, 20, 20), side=2)
    np.testing.assert_allclose(placed, 3 * np.outer([0.75, 1], [0.75, 0.75]))


def test_each_kind_of_picture_is_what_it_is_called():
    picture = render.frame_picture(photo(), 8)
    placed = np.linspace(0, 1, 64, dtype=np.float32).reshape(8, 8)
    np.testing.assert_array_equal(render.picture("overlay", picture, placed), render.overlay(picture, placed))
    np.testing.assert_array_equal(render.picture("masked", picture, placed), render.masked(picture, placed))
    np.testing.assert_array_equal(render.picture("heat", picture, placed), np.rint(colour(placed)))


@pytest.mark.parametrize("share", [-0.1, 1.1])
def test_a_share_that_is_none_is_refused(share):
    with pytest.raises(CamError, match="not in"):
        render.top_share(np.zeros((4, 4)), share)


@pytest.mark.parametrize("share", [0.2, 0.25, 0.0, 1.0, 1 / 3])
def test_a_masked_photo_keeps_an_exact_number_of_pixels(share):
    white = np.full((448, 448, 3), 255, np.uint8)
    for cells in (np.random.default_rng(3).random((7, 7)), np.eye(7), np.zeros((7, 7)), np.ones((7, 7))):
        placed = render.place(cells, (0, 0, 9, 9), (1, 1, 8, 8))
        kept = render.masked(white, placed, share)
        assert (kept[..., 0] == 255).sum() == round(share * 448 * 448)
        assert set(np.unique(kept)) <= {0, 255}


def test_a_masked_photo_keeps_the_highest_pixels_and_ties_go_to_the_earlier():
    placed = np.array([[0.1, 0.9, 0.5], [0.5, 0.5, 0.0]], dtype=np.float32)
    expected = np.array([[False, True, True], [True, False, False]])
    np.testing.assert_array_equal(render.top_share(placed, 0.5), expected)


def test_ties_of_a_large_map_go_to_the_earlier_pixels_too():
    """A sort that is not stable keeps order in small arrays only."""
    placed = np.zeros((448, 448), np.float32)
    placed[200:, :] = 0.5
    kept = render.top_share(placed, 0.2)
    assert kept[200:].reshape(-1)[: kept.sum()].all()


def test_an_overlay_has_fixed_opacity_and_scale():
    grey = np.full((4, 4, 3), 100, np.uint8)
    half = render.overlay(grey, np.full((4, 4), 0.5, np.float32))
    expected = np.rint(50 + 0.5 * colour(np.array(0.5)))
    np.testing.assert_array_equal(half, np.broadcast_to(expected, (4, 4, 3)))
    mixed = np.zeros((4, 4), np.float32)
    mixed[0, 0], mixed[1, 1] = 0.5, 1.0
    np.testing.assert_array_equal(render.overlay(grey, mixed)[0, 0], half[0, 0])  # whatever the maximum is


def test_a_map_of_another_size_than_the_photo_is_refused():
    with pytest.raises(CamError, match="does not fit"):
        render.overlay(np.zeros((4, 4, 3), np.uint8), np.zeros((5, 5), np.float32))


@pytest.mark.parametrize("palette", PALETTE_NAMES)
def test_palettes_follow_the_published_scales(palette):
    matplotlib = pytest.importorskip("matplotlib")
    values = np.linspace(0, 1, 256)
    published = matplotlib.colormaps[palette](values)[:, :3] * 255
    assert np.abs(colour(values, palette) - published).max() < 12


def test_the_colour_blind_safe_palette_grows_brighter_all_the_way():
    brightness = colour(np.linspace(0, 1, 256), "cividis") @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(brightness) > 0).all()


def test_an_unknown_palette_names_those_that_exist():
    with pytest.raises(CamError, match="turbo or cividis"):
        colour(np.zeros(3), "jet")
