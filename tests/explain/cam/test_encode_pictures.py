"""Files that volunteers are shown: WebP of one quality for a photo's pictures, filled up to one length."""

import io

import numpy as np
import pytest
from PIL import Image

from explain.cam import CamError
from explain.cam.rendering import encoding, render
from explain.cam.rendering.encoding import common_length, encode_alike, filled, is_whole, layout, needed

RANDOM = np.random.default_rng(0)
NOISE = RANDOM.integers(0, 255, (448, 448, 3), dtype=np.uint8)
BUSY = RANDOM.integers(100, 140, (448, 448, 3), dtype=np.uint8)
RAMP = np.tile(np.linspace(0, 255, 448).astype(np.uint8)[:, None, None], (1, 448, 3))
PICTURES = {"flat": np.zeros((448, 448, 3), np.uint8), "ramp": RAMP, "odd": NOISE[:33, :57]}


def pixels(file: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(file)))


@pytest.mark.parametrize("name", PICTURES)
def test_a_file_is_filled_up_to_any_length_and_decodes_to_the_same_pixels(name):
    (bare,) = encode_alike([PICTURES[name]])
    with Image.open(io.BytesIO(bare)) as image:
        assert (image.format, image.mode, image.size) == ("WEBP", "RGB", PICTURES[name].shape[1::-1])
        known = set(image.info)
    for more in (0, 2, 1000, 60_000):
        file = filled(bare, needed(bare) + more)
        assert len(file) == needed(bare) + more
        np.testing.assert_array_equal(pixels(file), pixels(bare))
        assert layout(file).chunks == ("VP8X", "VP8 ", "FILL")
        with Image.open(io.BytesIO(file)) as image:
            assert set(image.info) == known
            assert image.size == PICTURES[name].shape[1::-1]
    again = filled(filled(bare, 70_000), 80_000)
    assert again == filled(bare, 80_000)
    assert needed(again) == needed(bare)


def test_what_it_is_filled_up_with_does_not_compress():
    import zlib

    (bare,) = encode_alike([PICTURES["flat"]])
    assert len(zlib.compress(filled(bare, 30_000), 9)) > 29_000


def test_a_file_that_is_longer_already_or_an_odd_length_is_refused():
    (bare,) = encode_alike([PICTURES["odd"]])
    for length in (needed(bare) - 2, needed(bare) + 1):
        with pytest.raises(CamError, match=f"give an even length of {needed(bare)} or more"):
            filled(bare, length)
    with pytest.raises(CamError, match="no WebP of this site"):
        filled(render.jpeg(RAMP), 80_000)


def test_where_one_needs_too_much_all_of_a_photos_pictures_get_a_lower_quality(monkeypatch):
    """Had each its own, the quality of a picture told whether its map is smooth: its arm."""
    monkeypatch.setattr(encoding, "MOST", 25_000)
    alone, together = encode_alike([RAMP]), encode_alike([RAMP, BUSY])
    assert needed(together[1]) <= 25_000 < needed(encoding._webp(BUSY, 70))
    assert together[0] == encoding._webp(RAMP, 60) != alone[0] == encoding._webp(RAMP, 85)


def test_what_fits_at_no_quality_is_as_long_as_it_is():
    (file,) = encode_alike([NOISE])
    assert file == encoding._webp(NOISE, encoding.QUALITIES[-1])
    assert len(file) > encoding.MOST
    assert common_length(map(needed, encode_alike([RAMP, NOISE]))) >= needed(file)
    assert encode_alike([]) == []


def test_four_pictures_of_photos_as_they_usually_are_take_160_kb():
    assert 4 * common_length([encoding.MOST]) == 160_000
    assert [common_length(needs) for needs in ([], [1], [999, 1000], [1000, 1001])] == [0, 1000, 1000, 2000]


def test_a_file_that_was_cut_off_or_has_more_at_its_end_is_not_whole():
    file = filled(encode_alike([RAMP])[0], 20_000)
    jpeg = render.jpeg(RAMP)
    assert all(map(is_whole, (file, jpeg)))
    assert not any(
        map(is_whole, (file[:-1], file[:-500], file + b"more", b"", b"RIFF", jpeg[:-2], b"7 bytes"))
    )
    assert not is_whole(file[:4] + (len(file) + 2).to_bytes(4, "little") + file[8:])  # says that more follows
    assert not is_whole(file[:4] + (len(file) - 8 + 2).to_bytes(4, "little") + file[8:] + b"xx")
