"""One file -> one clean photo. The header is checked before a single pixel is decoded. No Django here."""

import io
import struct
import warnings
import zlib
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageCms, ImageOps

from explain.core.errors import BadInputError

FORMATS = ("PNG", "JPEG", "WEBP")
EXTENSIONS = {".png", ".jpg", ".jpeg", ".webp"}
# What Pillow's decoders raise on damaged files.
DAMAGE = (OSError, SyntaxError, ValueError, EOFError, IndexError, struct.error, zlib.error)


@dataclass(frozen=True)
class Photo:
    """A checked photo: RGB pixels the right way up, without metadata."""

    pixels: Image.Image

    def png(self) -> bytes:
        """The same pixels as a PNG: a network must see exactly the pixels that the file held."""
        file = io.BytesIO()
        self.pixels.save(file, "PNG", compress_level=3)
        return file.getvalue()


def clean_photo(*, name: str, content: bytes, max_pixels: int) -> Photo:
    """Check `content`, decode it and turn it the right way up. Raises BadInputError with one line that starts with `name`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns of sizes and odd EXIF; our own limit is what counts
        opened = _open(name, content, max_pixels)
        try:
            pixels = _rgb(ImageOps.exif_transpose(opened))
        except DAMAGE as error:
            raise BadInputError(
                f"{name}: the picture is damaged ({error}); replace it or leave it out"
            ) from error
    return Photo(pixels=Image.fromarray(np.asarray(pixels)))  # a new picture: no metadata can come along


def _open(name: str, content: bytes, max_pixels: int) -> Image.Image:
    """Read the header only."""
    try:
        opened = Image.open(io.BytesIO(content), formats=FORMATS)
    except Image.DecompressionBombError as error:
        raise BadInputError(
            f"{name}: far over the limit of {max_pixels / 1e6:g} megapixels; resize it or raise MAX_PIXELS"
        ) from error
    except DAMAGE as error:
        raise BadInputError(
            f"{name}: not a PNG, JPEG or WebP picture, whatever its name says; convert it or leave it out"
        ) from error
    width, height = opened.size
    if width * height > max_pixels:
        raise BadInputError(
            f"{name}: {width:,} × {height:,} pixels is over the limit of {max_pixels / 1e6:g} megapixels; "
            "resize it or raise MAX_PIXELS"
        )
    return opened


def _rgb(picture: Image.Image) -> Image.Image:
    """8-bit sRGB on white: what a browser would show."""
    if picture.mode.startswith("I;16") or picture.mode == "I":  # a 16-bit PNG: convert() would clip it
        picture = Image.fromarray((np.asarray(picture).astype(np.uint32) >> 8).astype(np.uint8))
    profile = picture.info.get("icc_profile")
    if profile and picture.mode == "RGB":
        picture = _to_srgb(picture, profile)
    if picture.has_transparency_data:
        layer = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)
    return picture.convert("RGB")


def _to_srgb(picture: Image.Image, profile: bytes) -> Image.Image:
    """Colours of a camera's own profile (Adobe RGB, Display P3) in sRGB; as they are if it cannot be read."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        return ImageCms.profileToProfile(picture, source, ImageCms.createProfile("sRGB")) or picture
    except (ImageCms.PyCMSError, OSError):
        return picture
