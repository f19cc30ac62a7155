"""Colours are those that a browser shows, held against the textbook (tests/explain/colour_files.py), not against littleCMS."""

import io

import numpy as np
import pytest
from PIL import Image, ImageCms

from explain.core.errors import BadInputError
from explain.photos.cleaning import clean_photo
from tests.explain import colour_files as made

SWATCHES = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255], [200, 120, 40], [30, 90, 160], [128, 128, 128], [255, 255, 255]])  # fmt: skip
INKS = {(0, 0, 0, 0): (100, 0, 0), (1, 0, 0, 0): (55, -37, -50), (0, 1, 0, 0): (48, 74, -3), (0, 0, 1, 0): (89, -5, 93),
        (1, 0, 1, 0): (50, -65, 27), (0, 1, 1, 0): (47, 68, 48), (1, 1, 0, 0): (24, 22, -46)}  # fmt: skip


def pixels_of(content: bytes, name: str = "a.png") -> np.ndarray:
    return np.asarray(clean_photo(name=name, content=content, max_pixels=10**6).pixels).astype(int)


def saved(pixels: np.ndarray, mode: str, kind: str = "PNG", **save) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8), mode).save(file, kind, **save)
    return file.getvalue()


def assert_close(pixels: np.ndarray, wanted: np.ndarray, within: float = 1.5) -> None:
    assert np.abs(pixels.reshape(wanted.shape) - wanted).max() <= within


@pytest.mark.parametrize(
    ("primaries", "gamma"), [(made.ADOBE_RGB, 563 / 256), (made.DISPLAY_P3, 2.2), (made.SRGB, 1.0)]
)
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP", "AVIF"])
def test_colours_of_a_profile_become_srgb(primaries, gamma, kind):
    profile = made.rgb_profile(primaries, gamma)
    lossless = {"WEBP": {"lossless": True}, "AVIF": {"quality": 100, "subsampling": "4:4:4"}}.get(kind, {})
    wide = np.repeat(np.repeat(SWATCHES[None], 8, 0), 8, 1)
    pixels = pixels_of(saved(wide, "RGB", kind, icc_profile=profile, **lossless))[4, 4::8]
    wanted = made.srgb_of((SWATCHES / 255) ** gamma @ made.to_xyz(primaries).T)
    assert_close(pixels, wanted, 16 if kind == "AVIF" else 1.5)
    assert np.abs(wanted - SWATCHES).max() > 15  # without a conversion it would be seen


def test_clear_parts_keep_their_colours_on_white():
    profile = made.rgb_profile(made.ADOBE_RGB, 563 / 256)
    layer = np.dstack([SWATCHES[None], np.full((1, len(SWATCHES)), 128)])
    srgb = made.srgb_of((SWATCHES / 255) ** (563 / 256) @ made.to_xyz(made.ADOBE_RGB).T)
    wanted = srgb * 128 / 255 + 127
    assert_close(pixels_of(saved(layer, "RGBA", icc_profile=profile)), wanted, 2)


@pytest.mark.parametrize("mode", ["L", "LA"])
def test_grey_of_a_grey_profile_becomes_srgb(mode):
    greys = np.arange(0, 256, 5)
    pixels = greys[None] if mode == "L" else np.dstack([greys[None], np.full((1, len(greys)), 255)])
    wanted = made.srgb_of((greys / 255)[:, None] * made.D65)
    assert_close(pixels_of(saved(pixels, mode, icc_profile=made.grey_profile(1.0))), wanted)


def test_grey_under_the_profile_of_a_colour_photo_is_seen_through_it():
    """Programs keep the profile when a photo is made grey."""
    greys = np.arange(0, 256, 5)
    wanted = made.srgb_of(((greys / 255) ** 1.0)[:, None] * made.D65)
    assert_close(pixels_of(saved(greys[None], "L", icc_profile=made.rgb_profile(made.SRGB, 1.0))), wanted)


@pytest.mark.parametrize("kind", ["TIFF", "JPEG"])
def test_inks_are_those_of_the_printers_profile(kind):
    inks = 255 * np.array(list(INKS))
    wide = np.repeat(np.repeat(inks[None], 16, 0), 16, 1)
    save = {"quality": 100, "subsampling": 0} if kind == "JPEG" else {}
    pixels = pixels_of(saved(wide, "CMYK", kind, icc_profile=made.cmyk_profile(INKS), **save))[8, 8::16]
    wanted = np.array([made.srgb_of_lab(lab) for lab in INKS.values()])
    assert_close(pixels, wanted, 4)
    plain = 255 - inks[:, :3]
    assert np.abs(wanted - plain).max() > 60


def test_inks_without_a_profile_are_mixed_as_browsers_do():
    inks = np.array([[[0, 0, 0, 0], [255, 0, 0, 0], [0, 0, 255, 0], [0, 0, 0, 255]]])
    assert pixels_of(saved(inks, "CMYK", "TIFF")).tolist() == [
        [[255] * 3, [0, 255, 255], [255, 255, 0], [0, 0, 0]]
    ]


def test_lab_is_converted():
    lab = [(53, 60, 40), (70, -40, 40), (45, 5, -30), (60, 0, 0)]
    stored = np.array([[[round(level * 2.55), a % 256, b % 256] for level, a, b in lab]])
    assert_close(pixels_of(saved(stored, "LAB", "TIFF")), np.array([made.srgb_of_lab(one) for one in lab]), 3)


@pytest.mark.parametrize("profile", [b"no profile", made.cmyk_profile(INKS)])
def test_a_profile_that_does_not_fit_is_left_aside(profile):
    assert_close(pixels_of(saved(SWATCHES[None], "RGB", icc_profile=profile)), SWATCHES, 0)


def test_a_profile_of_srgb_itself_changes_nothing():
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert_close(pixels_of(saved(SWATCHES[None], "RGB", icc_profile=profile)), SWATCHES, 1)


RAMP = np.arange(0, 0x10000, 257, dtype=np.uint16)[None]  # v * 257 is v in 8 bits


@pytest.mark.parametrize(
    "content",
    [
        made.png(RAMP, 0),
        made.png(np.dstack([RAMP] * 3), 2),
        made.png(np.dstack([RAMP, np.full_like(RAMP, 0xFFFF)]), 4),
        made.grey_tiff(RAMP),
        made.grey_tiff(RAMP, order=">"),
        made.grey_tiff(RAMP.astype(np.uint32)),
        made.grey_tiff(0xFFFF - RAMP, photometric=0),
        made.grey_tiff((255 - np.arange(256, dtype=np.uint8))[None], photometric=0),
    ],
    ids=["grey", "rgb", "grey+alpha", "tiff", "big-endian", "in 32", "white is zero", "white is zero, 8 bits"],
)  # fmt: skip
def test_sixteen_bits_are_scaled_not_cut(content):
    name = "a.png" if content.startswith(b"\x89PNG") else "a.tif"
    assert_close(pixels_of(content, name), np.repeat(np.arange(256)[:, None], 3, 1), 0)


def test_the_clear_colour_of_a_png_of_sixteen_bits_is_white():
    grey = np.array([[0x1234, 0x8080]], np.uint16)
    assert pixels_of(made.png(grey, 0, tRNS=b"\x12\x34"))[0, :, 0].tolist() == [255, 128]
    colour = np.dstack([grey, grey, grey])
    assert pixels_of(made.png(colour, 2, tRNS=b"\x12\x34" * 3))[0, :, 0].tolist() == [255, 128]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (made.grey_tiff(np.full((4, 4), 0.5, np.float32), sample=3), "a.tif: holds fractions, not colours"),
        (made.grey_tiff(np.full((4, 4), 2**20, np.uint32)), "a.tif: holds numbers of 32 bits, not colours"),
        (
            made.grey_tiff(np.full((4, 4), -5, np.int16), sample=2),
            "a.tif: holds numbers of 32 bits, not colours",
        ),
    ],
)
def test_numbers_that_are_no_colours_are_refused_with_what_to_do(content, words):
    with pytest.raises(BadInputError) as caught:
        pixels_of(content, "a.tif")
    assert str(caught.value).startswith(words)
    assert str(caught.value).endswith("save it with 8 or 16 bits a colour")
