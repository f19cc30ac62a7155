"""Files of phones, scanners, cameras and the web: each gives the right picture, or one sentence with what to do."""

import base64
import io
import random
import sys

import numpy as np
import pytest
from PIL import Image

from explain.core.errors import BadInputError
from explain.photos.cleaning import clean_photo, read_header
from explain.photos.kinds import EXTENSIONS, READ_KINDS, kind_of
from tests.explain import colour_files
from tests.explain.photo_files import photo_bytes

LEFT, RIGHT = (200, 40, 30), (20, 60, 190)
# 64 × 64, LEFT and RIGHT: no encoder of HEIC ships with anything that is installed here
HEIC = base64.b64decode(
    "AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAVZtZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAAAAAAACJpbG9jAAAAAERA"
    "AAEAAQAAAAABegABAAAAAAAAAC4AAAAjaWluZgAAAAAAAQAAABVpbmZlAgAAAAABAABodmMxAAAAAA5waXRtAAAAAAABAAAA1mlwcnAAAAC3aXBjbwAA"
    "AHhodmNDAQNwAAAAkAAAAAAAHvAA/P34+AAADwNgAAEAGEABDAH//wNwAAADAJAAAAMAAAMAHroCQGEAAQArQgEBA3AAAAMAkAAAAwAAAwAeoCCBBZbq"
    "SSmubgIaDAgAAAMAyAAAAwAIQGIAAQAHRAHBcrAiQAAAABNjb2xybmNseAABAA0ABoAAAAAUaXNwZQAAAAAAAABAAAAAQAAAABBwaXhpAAAAAAMICAgA"
    "AAAXaXBtYQAAAAAAAAABAAEEgQIDBAAAADZtZGF0AAAAKigBrwT4QTJp2//Au///+yjHZf2bSoYQf2ljz7/Irh//6/k+d2m2e/jD/g=="
)


def two_halves() -> Image.Image:
    picture = Image.new("RGB", (64, 64), LEFT)
    picture.paste(RIGHT, (32, 0, 64, 64))
    return picture


def saved(picture: Image.Image, kind: str, **save) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **save)
    return file.getvalue()


def cleaned(name: str, content: bytes):
    return clean_photo(name=name, content=content, max_pixels=10**6)


def refused(name: str, content: bytes) -> str:
    said = []
    for look in (clean_photo, read_header):
        with pytest.raises(BadInputError) as caught:
            look(name=name, content=content, max_pixels=10**6)
        said.append(str(caught.value))
    assert said[0] == said[1]
    assert "\n" not in said[0]
    return said[0]


OTHER = Image.new("RGB", (64, 64), (0, 200, 0))
PALETTE = two_halves().quantize(4)
CLEAR = two_halves().convert("RGBA")
CLEAR.paste((0, 255, 0, 0), (0, 0, 32, 64))
WHITE = (255, 255, 255)
GOOD = {
    "jpeg called jfif": ("a.jfif", saved(two_halves(), "JPEG", quality=95), LEFT, ""),
    "progressive jpeg": ("a.jpe", saved(two_halves(), "JPEG", quality=95, progressive=True), LEFT, ""),
    "jpeg called png": ("a.png", saved(two_halves(), "JPEG", quality=95), LEFT, ""),
    "two pictures of a camera (MPO)": ("a.jpg", saved(two_halves(), "MPO", save_all=True, append_images=[OTHER.copy()], quality=95), LEFT, ""),
    "no ending": ("photos/3", saved(two_halves(), "PNG"), LEFT, ""),
    "palette": ("a.png", saved(PALETTE, "PNG"), LEFT, ""),
    "palette with a clear colour": ("a.png", saved(PALETTE, "PNG", transparency=PALETTE.getpixel((5, 5))), WHITE, ""),
    "clear parts": ("a.png", saved(CLEAR, "PNG"), WHITE, ""),
    "interlaced": ("a.png", saved(two_halves(), "PNG", interlace=1), LEFT, ""),
    "moving png": ("a.apng", saved(two_halves(), "PNG", save_all=True, append_images=[OTHER.copy()]), LEFT, "frames"),
    "gif": ("a.gif", saved(two_halves(), "GIF"), LEFT, ""),
    "moving gif": ("a.gif", saved(two_halves(), "GIF", save_all=True, append_images=[OTHER.copy()]), LEFT, "frames"),
    "moving webp": ("a.webp", saved(two_halves(), "WEBP", save_all=True, append_images=[OTHER.copy()], lossless=True), LEFT, "frames"),
    "bmp": ("a.bmp", saved(two_halves(), "BMP"), LEFT, ""),
    "bmp with a palette": ("a.dib", saved(PALETTE, "BMP"), LEFT, ""),
    "tiff": ("a.tif", saved(two_halves(), "TIFF", compression="tiff_lzw"), LEFT, ""),
    "scan of several pages": ("a.TIFF", saved(two_halves(), "TIFF", save_all=True, append_images=[OTHER.copy(), OTHER.copy()]), LEFT, "pages"),
    "tiff of a fax": ("a.tif", saved(two_halves().convert("L").point(lambda grey: 255 * (grey > 70)).convert("1"), "TIFF", compression="group4"), WHITE, ""),
    "jpeg in a tiff": ("a.tif", saved(two_halves(), "TIFF", compression="jpeg", quality=95), LEFT, ""),
    "avif": ("a.avif", saved(two_halves(), "AVIF", quality=95), LEFT, ""),
    "moving avif": ("a.avif", saved(two_halves(), "AVIF", save_all=True, append_images=[OTHER.copy()], quality=95), LEFT, "frames"),
    "heic": ("IMG_0001.HEIC", HEIC, LEFT, ""),
}  # fmt: skip


@pytest.mark.parametrize("kind", GOOD)
def test_a_picture_comes_in_as_it_is_shown(kind):
    if "heic" in kind:
        pytest.importorskip("pi_heif")
    name, content, colour, first_of = GOOD[kind]
    photo = cleaned(name, content)
    assert (photo.pixels.mode, photo.pixels.size, photo.pixels.info) == ("RGB", (64, 64), {})
    assert np.abs(np.subtract(photo.pixels.getpixel((8, 32)), colour)).max() <= 16
    assert photo.first_of == first_of
    assert read_header(name=name, content=content, max_pixels=10**6).size == (64, 64)
    assert read_header(name=name, content=content, max_pixels=10**6).first_of == first_of


ARROW = (
    np.random.default_rng(1).integers(0, 255, (3, 2, 3), np.uint8).repeat(16, 0).repeat(16, 1)
)  # 32 wide, 48 high
# EXIF's orientation: how the upright picture is made of what is stored
UPRIGHT = {
    1: lambda a: a, 2: lambda a: a[:, ::-1], 3: lambda a: a[::-1, ::-1], 4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1), 6: lambda a: np.rot90(a, -1), 7: lambda a: a[::-1, ::-1].swapaxes(0, 1), 8: np.rot90,
}  # fmt: skip


@pytest.mark.parametrize("orientation", UPRIGHT)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_every_way_of_holding_a_camera_is_upright_and_its_size_known_before(kind, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    lossless = {"JPEG": {"quality": 100, "subsampling": 0}, "WEBP": {"lossless": True}, "AVIF": {"quality": 100, "subsampling": "4:4:4"}}  # fmt: skip
    content = saved(Image.fromarray(ARROW), kind, exif=exif, **lossless.get(kind, {}))
    photo = cleaned("a", content)
    wanted = UPRIGHT[orientation](ARROW).astype(int)
    assert np.asarray(photo.pixels).shape == wanted.shape
    assert np.abs(np.asarray(photo.pixels) - wanted).mean() < 6
    assert read_header(name="a", content=content, max_pixels=10**6).size == photo.pixels.size


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.jpg", b"", "a.jpg: is an empty file, not a photo; copy the photo again"),
        ("a.jpg", b"dear diary", "a.jpg: not a picture that is read here"),
        ("a.jpg", b"<!DOCTYPE html><html>", "a.jpg: is a web page, not a photo; save the photo itself"),
        ("a.jpg", b"version https://git-lfs.github.com/spec/v1\n", "is a place-holder of Git LFS"),
        ("a.svg", b"<?xml version='1.0'?>\n<svg xmlns='x'>", "a.svg: is an SVG drawing"),
        ("a.pdf", b"%PDF-1.7", "a.pdf: is a PDF"),
        ("a.psd", b"8BPS\0\1", "a.psd: is a Photoshop file"),
        ("a.jpg", b"\0\0\0\x0cjP  \r\n\x87\n", "a.jpg: is a JPEG 2000 picture"),
        ("a.jxl", b"\xff\x0a\xfa\x7f", "a.jxl: is a JPEG XL picture"),
        ("a.CR2", b"II*\0\x10\0\0\0CR\2\0", "a.CR2: is a raw file of a camera"),
        ("a.nef", saved(two_halves(), "TIFF"), "a.nef: is a raw file of a camera"),
        ("a.jpg", b"PK\3\4", "a.jpg: is a ZIP, not a photo; unpack it first"),
        ("a.mov", b"\0\0\0\x14ftypqt  \0\0\0\0", "a.mov: is a film"),
        ("a.jpg", saved(two_halves(), "ICO"), "a.jpg: not a picture that is read here"),
        ("a.eps", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "a.eps: is an EPS file"),
    ],
)
def test_what_is_no_photo_is_called_what_it_is(name, content, words):
    assert words in refused(name, content)


def test_heic_without_its_reader_says_what_to_do(monkeypatch):
    monkeypatch.setitem(sys.modules, "pi_heif", None)
    line = refused("IMG_1.HEIC", HEIC)
    assert line.startswith(
        "IMG_1.HEIC: is a HEIC photo of a phone, which this host does not read; save it as JPEG"
    )
    assert "requirements-heic.txt" in line


CUT_OFF = {
    "progressive jpeg": photo_bytes(1, (400, 300), progressive=True, quality=95),
    "jpeg": photo_bytes(1, (400, 300), quality=95),
    "png": photo_bytes(1, (400, 300), "PNG"),
    "gif": photo_bytes(1, (400, 300), "GIF"),
    "bmp": photo_bytes(1, (400, 300), "BMP"),
    "tiff": photo_bytes(1, (400, 300), "TIFF"),
    "avif": photo_bytes(1, (400, 300), "AVIF"),
    "webp": photo_bytes(1, (400, 300), "WEBP"),
}


@pytest.mark.parametrize("kind", CUT_OFF)
def test_a_picture_whose_end_is_missing_is_damaged_and_no_half_comes_in(kind):
    content = CUT_OFF[kind]
    with pytest.raises(BadInputError, match=r"^a\.x: the picture is damaged .*; replace it or leave it out$"):
        cleaned("a.x", content[: len(content) * 2 // 3])


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "AVIF", "GIF", "TIFF", "BMP"])
def test_every_kind_is_measured_by_its_header_before_a_pixel_is_decoded(kind, monkeypatch):
    content = photo_bytes(1, (400, 300), kind)

    def decode(*_):
        raise AssertionError("decoded")

    monkeypatch.setattr(Image.Image, "convert", decode)
    with pytest.raises(BadInputError, match="400 × 300 pixels is over the limit"):
        clean_photo(name="a", content=content, max_pixels=400 * 300 - 1)


def test_only_decoders_that_are_needed_are_ever_asked():
    """Pillow has some forty, EPS and its Ghostscript among them."""
    for content in (
        b"%!PS-Adobe-3.0 EPSF-3.0",
        saved(two_halves(), "TGA"),
        saved(two_halves(), "PPM"),
        saved(two_halves(), "PCX"),
    ):
        assert kind_of(content) not in READ_KINDS
    for kind, content in {kind: photo_bytes(1, kind=kind) for kind in READ_KINDS if kind != "HEIF"}.items():
        assert kind_of(content) == kind
    assert kind_of(HEIC) == "HEIF"
    assert {".jpg", ".jfif", ".heic", ".avif", ".tif", ".bmp", ".gif"} <= EXTENSIONS


@pytest.mark.parametrize("kind", ["HEIC", "CLEAR", *(kind for kind in READ_KINDS if kind != "HEIF")])
def test_whatever_is_wrong_with_a_file_it_is_told_in_one_line(kind):
    special = {"HEIC": HEIC, "CLEAR": colour_files.png(np.zeros((8, 8), np.uint16), 0, tRNS=b"\0\0")}
    content = special.get(kind) or photo_bytes(1, (40, 30), kind)
    chance = random.Random(kind)
    for _ in range(60):
        damaged = bytearray(content)
        for _ in range(chance.randint(1, 8)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        damaged = damaged[: chance.choice([len(damaged), chance.randrange(len(damaged))])]
        for look in (clean_photo, read_header):
            try:
                look(name="a.x", content=bytes(damaged), max_pixels=10**6)
            except BadInputError as error:
                assert str(error).startswith("a.x: ")  # noqa: PT017
