"""One file -> one clean photo. The header is checked before a single pixel is decoded. No Django here."""

import importlib
import io
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageOps
from PIL.TiffImagePlugin import PHOTOMETRIC_INTERPRETATION, TiffImageFile

from blindsight.places import how_to_install
from explain.core.errors import BadInputError

from .colours import NoColoursError, as_shown
from .kinds import HEAD, READ_KINDS, is_raw, kind_of, why_not_read

# What Pillow's decoders raise on damaged files.
DAMAGE = (
    OSError, SyntaxError, ValueError, EOFError, LookupError, TypeError, ArithmeticError, AttributeError, RuntimeError,
    struct.error, zlib.error,
)  # fmt: skip
_ORIENTATION = 0x0112
_ON_ITS_SIDE = (5, 6, 7, 8)


@dataclass(frozen=True)
class Photo:
    """A checked photo: RGB pixels the right way up, without metadata. `first_of`: what it is the first of, if of more."""

    pixels: Image.Image
    first_of: str = ""

    def png(self) -> bytes:
        """The same pixels as a PNG: a network must see exactly the pixels that the file held."""
        file = io.BytesIO()
        self.pixels.save(file, "PNG", compress_level=3)
        return file.getvalue()


@dataclass(frozen=True)
class Header:
    """What is known of a photo before it is decoded: (width, height) the right way up."""

    size: tuple[int, int]
    first_of: str = ""


def clean_photo(*, name: str, content: bytes, max_pixels: int) -> Photo:
    """Check `content`, decode it and turn it the right way up. Raises BadInputError with one line that starts with `name`."""
    with _damage_in_words(name):
        opened = _open(name, content, max_pixels)
        first_of = _first_of(opened)
        from_white = isinstance(opened, TiffImageFile) and opened.tag_v2.get(PHOTOMETRIC_INTERPRETATION) == 0
        pixels = as_shown(ImageOps.exif_transpose(opened), white_is_zero=from_white)
        return Photo(Image.fromarray(np.asarray(pixels)), first_of)  # a new picture: no metadata comes along


def read_header(*, name: str, content: bytes, max_pixels: int) -> Header:
    """Check all that the header says. Raises what clean_photo() raises of it."""
    with _damage_in_words(name):
        opened = _open(name, content, max_pixels)
        width, height = opened.size
        if opened.format != "TIFF" and opened.getexif().get(_ORIENTATION) in _ON_ITS_SIDE:
            width, height = height, width
        return Header((width, height), _first_of(opened))


@contextmanager
def _damage_in_words(name: str) -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns of sizes and odd EXIF; our own limit is what counts
        try:
            yield
        except NoColoursError as error:
            raise BadInputError(f"{name}: {error}") from error
        except DAMAGE as error:
            raise BadInputError(
                f"{name}: the picture is damaged ({error}); replace it or leave it out"
            ) from error


def _open(name: str, content: bytes, max_pixels: int) -> Image.Image:
    """Read the header only."""
    kind = kind_of(content[:HEAD])
    if kind not in READ_KINDS or is_raw(name):
        raise BadInputError(f"{name}: {why_not_read(name, content[:HEAD])}")
    if kind == "HEIF":
        _make_heif_known(name)
    try:
        opened = Image.open(io.BytesIO(content), formats=(kind,))
    except Image.DecompressionBombError as error:
        raise BadInputError(
            f"{name}: far over the limit of {max_pixels / 1e6:g} megapixels; resize it or raise MAX_PIXELS"
        ) from error
    width, height = opened.size
    if width * height > max_pixels:
        raise BadInputError(
            f"{name}: {width:,} × {height:,} pixels is over the limit of {max_pixels / 1e6:g} megapixels; "
            "resize it or raise MAX_PIXELS"
        )
    return opened


def _make_heif_known(name: str) -> None:
    """HEIC is read by a package of its own that a site may do without (requirements-heic.txt)."""
    try:
        importlib.import_module("pi_heif").register_heif_opener()
    except ImportError as error:
        raise BadInputError(
            f"{name}: is a HEIC photo of a phone, which this host does not read; save it as JPEG, or have the host "
            f"{how_to_install('heic')}"
        ) from error


def _first_of(opened: Image.Image) -> str:
    """What else is in the file: pages of a scan, or frames that move."""
    if opened.format != "TIFF":
        return "frames" if getattr(opened, "is_animated", False) and opened.format != "MPO" else ""
    try:
        opened.seek(1)  # the number of pages would take a look at each, and there may be millions
    except DAMAGE:
        return ""
    finally:
        opened.seek(0)
    return "pages"
