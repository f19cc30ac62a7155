"""What tells an arm without its map is found by measuring pictures, and nothing is found where they differ by maps alone."""

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

from explain.cam.rendering import encoding, render
from explain.cam.rendering.traits import BORDER, LETTERS, differences, looks_of, traits_of

SIDE = 224
PHOTOS = 10


def photo(number: int) -> np.ndarray:
    """Blobs and fine grain, as photos have."""
    random = np.random.default_rng(number)
    soft = Image.fromarray(random.integers(0, 255, (9, 9, 3), dtype=np.uint8)).resize(
        (SIDE, SIDE), Image.Resampling.BICUBIC
    )
    return np.clip(np.asarray(soft) + random.normal(0, 12, (SIDE, SIDE, 3)), 0, 255).astype(np.uint8)  # fmt: skip


def overlay(number: int, arm: int) -> Image.Image:
    cells = np.random.default_rng([number, arm]).random((7, 7))
    return Image.fromarray(
        render.overlay(photo(number), render.place(cells, (0, 0, 1, 1), (0, 0, 1, 1), SIDE))
    )


def as_shown(picture: Image.Image) -> np.ndarray:
    """After the study's encoder."""
    (file,) = encoding.encode_alike([np.asarray(picture)])
    return np.asarray(Image.open(io.BytesIO(file)).convert("RGB"))


def border(picture):
    ImageDraw.Draw(picture).rectangle((0, 0, SIDE - 1, SIDE - 1), outline=(200, 30, 30), width=4)
    return picture


def wide(picture):
    """As a panel of another shape is laid into a square."""
    square = Image.new("RGB", (SIDE, SIDE), "white")
    square.paste(picture.resize((SIDE, SIDE // 2)), (0, SIDE // 4))
    return square


def caption(picture):
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 0, SIDE, 36), fill="white")
    draw.text((4, 2), "Grad-CAM: hammer 0.98", fill="black", font_size=14)
    draw.text((4, 18), "target class 587 layer4", fill="black", font_size=14)
    return picture


PLANTED = {
    "border": (border, "has a plain border left or right on 100% of the photos"),
    "shape": (wide, "has a plain border above or below on 100% of the photos"),
    "writing": (caption, "seems to hold writing on"),
    "grey": (lambda picture: picture.convert("L").convert("RGB"), "has other colours than the others"),
    "dark": (lambda picture: ImageEnhance.Brightness(picture).enhance(0.5), "has other colours than the others"),
    "soft": (lambda picture: picture.filter(ImageFilter.GaussianBlur(3)), "times softer than the others"),
}  # fmt: skip


@pytest.fixture(scope="module")
def plain():
    return {f"arm {arm}": [traits_of(as_shown(overlay(n, arm))) for n in range(PHOTOS)] for arm in (0, 1)}


@pytest.mark.parametrize("planted", PLANTED)
def test_what_is_planted_is_found(plain, planted):
    plant, words = PLANTED[planted]
    odd = [traits_of(as_shown(plant(overlay(number, 2)))) for number in range(PHOTOS)]
    found = differences({**plain, "odd": odd}, ["odd"])
    assert any(words in line for line in found), found
    assert all(line.startswith("odd ") for line in found)


def test_nothing_is_found_where_only_the_maps_differ(plain):
    odd = [traits_of(as_shown(overlay(number, 2))) for number in range(PHOTOS)]
    assert differences({**plain, "odd": odd}, ["odd"]) == []
    assert all(traits.border < BORDER and traits.letters < LETTERS for traits in odd)


def test_what_a_photo_has_by_itself_tells_no_arm(plain):
    """A black sky, or a sign: all arms have it."""
    every = {
        arm: [replace(traits, above=0.3, letters=0.1) for traits in pictures]
        for arm, pictures in plain.items()
    }
    assert differences({**every, "odd": every["arm 1"]}, ["odd"]) == []


def test_an_arm_without_the_border_of_all_others_is_told_too(plain):
    every = {arm: [replace(traits, above=0.3) for traits in pictures] for arm, pictures in plain.items()}
    (found,) = differences({**every, "odd": plain["arm 1"]}, ["odd"])
    assert found == "odd has no border above or below, and the others have one on 100% of the photos"


def test_several_maps_side_by_side_are_looked_at_beside_their_photo():
    """Such a picture is larger than its photo: a study of them could not be opened."""
    one = as_shown(overlay(0, 2))
    sheet = np.concatenate([np.concatenate([one, one], axis=1)] * 2)
    assert looks_of([sheet], one).shape == looks_of([one], one).shape
    assert looks_of([one, one], one) == pytest.approx(0)
