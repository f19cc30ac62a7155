"""Any picture's pixels as a browser shows them: sRGB, 8 bits, on white. No Django here."""

import io
from typing import Any

import numpy as np
from PIL import Image, ImageCms

# What a colour profile says it is for, and the mode of the pixels that it fits.
_MODES = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK", "Lab": "LAB"}


class NoColoursError(ValueError):
    """Pixels that are numbers without a colour. The words fit after a file's name."""


def as_shown(picture: Image.Image, *, white_is_zero: bool = False) -> Image.Image:
    """`picture` in mode RGB: 16 bits scaled, colours of its own profile converted, clear parts white.

    `white_is_zero`: whether a TIFF counts its greys from white, which Pillow heeds in those of 8 bits alone.
    Raises NoColoursError where its numbers are no colours, and what decoders raise where it is damaged.
    """
    profile = picture.info.get("icc_profile")
    picture = _eight_bits(picture, white_is_zero)
    if not picture.has_transparency_data:
        return _in_srgb(_plain(picture), profile)
    layer = picture.convert("RGBA")
    grey = picture.mode in ("L", "LA", "La")
    layer_rgb = _in_srgb(layer.convert("L" if grey else "RGB"), profile)
    layer_rgb.putalpha(layer.getchannel("A"))
    return Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer_rgb).convert("RGB")


def _eight_bits(picture: Image.Image, white_is_zero: bool) -> Image.Image:
    """Numbers of 16 bits scaled to 8: convert() would cut them off. What is said of the picture stays."""
    if picture.mode == "F":
        raise NoColoursError("holds fractions, not colours; save it with 8 or 16 bits a colour")
    if not picture.mode.startswith("I"):
        return _with_clear_colour_of_eight_bits(picture)
    numbers = np.asarray(picture).astype(np.int64)
    if numbers.min() < 0 or numbers.max() > 0xFFFF:
        raise NoColoursError("holds numbers of 32 bits, not colours; save it with 8 or 16 bits a colour")
    clear = picture.info.get("transparency")
    grey = Image.fromarray(((0xFFFF - numbers if white_is_zero else numbers) >> 8).astype(np.uint8))
    if clear is None:
        return grey
    grey.putalpha(Image.fromarray(np.where(numbers == clear, 0, 255).astype(np.uint8)))
    return grey


def _with_clear_colour_of_eight_bits(picture: Image.Image) -> Image.Image:
    """A PNG of 16 bits a colour names its clear colour in 16 bits; its pixels are read as 8."""
    clear = picture.info.get("transparency")
    if picture.mode == "RGB" and isinstance(clear, tuple) and max(clear) > 0xFF:
        picture.info["transparency"] = tuple(value >> 8 for value in clear)
    return picture


def _plain(picture: Image.Image) -> Image.Image:
    """In a mode that a profile may be for."""
    if picture.mode in _MODES.values():
        return picture
    return picture.convert("L" if picture.mode == "1" else "RGB")


def _in_srgb(picture: Image.Image, profile: bytes | None) -> Image.Image:
    """Colours of the picture's own profile (Adobe RGB, Display P3, a printer's) in sRGB; as they are if it cannot be read."""
    source = _profile(picture, profile)
    if source is None:
        return picture.convert("RGB")
    mode = _MODES.get(source.profile.xcolor_space.strip())
    if mode == "RGB" and picture.mode == "L":
        picture = picture.convert("RGB")  # programs keep the profile of a colour photo that is made grey
    if mode != picture.mode:
        return picture.convert("RGB")
    try:
        flags = (
            ImageCms.Flags.HIGHRESPRECALC if mode == "L" else ImageCms.Flags.NONE
        )  # else dark greys are 7 off
        converted = ImageCms.profileToProfile(picture, source, _SRGB, outputMode="RGB", flags=flags)
        return converted or picture.convert("RGB")
    except (ImageCms.PyCMSError, OSError):
        return picture.convert("RGB")


_SRGB = ImageCms.createProfile("sRGB")


def _profile(picture: Image.Image, profile: bytes | None) -> Any:
    """The colour profile that the picture's numbers are in, if it is known."""
    if profile:
        try:
            return ImageCms.ImageCmsProfile(io.BytesIO(profile))
        except (ImageCms.PyCMSError, OSError):
            return None
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")) if picture.mode == "LAB" else None
