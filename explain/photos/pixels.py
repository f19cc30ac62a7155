"""A photo's pixels, wherever it lies, and the square picture that people are shown."""

import hashlib
from pathlib import Path

from django.conf import settings
from django.core.files.base import ContentFile
from django.db.models.fields.files import FieldFile
from PIL import Image as PillowImage

from explain.cam.rendering import render
from explain.core.errors import BadInputError
from explain.models import Image

from .cleaning import clean_photo


def pixels_of(image: Image) -> PillowImage.Image:
    """The photo, RGB, the right way up. BadInputError where its file is gone or no longer the one that was imported."""
    if image.source_path:
        return _in_place(image)
    try:
        with image.file.open() as file:
            return PillowImage.open(file).convert("RGB")
    except OSError as error:
        raise BadInputError(
            f"{image.original_name}: its file {image.file.name} cannot be read ({error.strerror}); import the photo again"
        ) from error


def _in_place(image: Image) -> PillowImage.Image:
    try:
        content = Path(image.source_path).read_bytes()
    except OSError as error:
        raise BadInputError(
            f"{image.source_path}: cannot be read ({error.strerror}); put the file back, or import the photos again "
            "into another set without --in-place"
        ) from error
    if hashlib.sha256(content).hexdigest() != image.source_sha256:
        raise BadInputError(
            f"{image.source_path}: is no longer the file that was imported; put the old one back, or import it into "
            "another set"
        )
    return clean_photo(name=image.original_name, content=content, max_pixels=settings.MAX_PIXELS).pixels


def sha256_of(file: FieldFile) -> str:
    """SHA-256 of a stored file's bytes, in hexadecimal."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def store_picture(image: Image, pixels: PillowImage.Image) -> None:
    """Write the file of the square frame that staff look at; the row is not saved."""
    content = ContentFile(render.jpeg(render.frame_picture(pixels)))
    image.picture.save("picture.jpg", content, save=False)
