"""A photo's pixels, wherever they lie, and the pictures that people are shown of it and of its maps.

Photos that are used in place have no copies, and no pictures until somebody looks: 50,000 photos with a dozen maps
each would fill a disk with pictures that nobody asks for.
"""

import hashlib
from pathlib import Path

import numpy as np
from django.conf import settings
from django.core.files.base import ContentFile
from django.db.models.fields.files import FieldFile
from PIL import Image as PillowImage

from .cam import render
from .cam.preprocessing import Preprocessing
from .errors import BadInputError
from .models import ExplanationMap, Image, Network
from .photos import clean_photo

MAP_PICTURES = ("overlay", "masked", "heat")


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
    """Write the file of the square frame that people are shown; the row is not saved."""
    content = ContentFile(render.encode(render.frame_picture(pixels)))
    image.picture.save("picture.jpg", content, save=False)


def make_picture(image: Image) -> None:
    """See to it that a photo has its picture."""
    if not image.picture:
        store_picture(image, pixels_of(image))
        image.save(update_fields=["picture"])


def make_map_pictures(row: ExplanationMap) -> None:
    """See to it that a map has its pictures."""
    if row.overlay:
        return
    Frame(pixels_of(row.image), crop_of(row.network, row.image)).store(row, row.array())
    row.save(update_fields=MAP_PICTURES)


def crop_of(network: Network, image: Image) -> render.Box:
    """What the network sees of the photo: (x0, y0, x1, y1) in pixels of the photo."""
    return Preprocessing.from_json(network.preprocessing).crop_box(image.width, image.height)


class Frame:
    """The frame of one photo that people are shown, and the pictures of any map of the network's `crop` in it."""

    def __init__(self, photo: PillowImage.Image, crop: render.Box) -> None:
        self._pixels = render.frame_picture(photo)
        self._frame = render.frame_box(*photo.size)
        self._crop = crop

    def store(self, row: ExplanationMap, cells: np.ndarray) -> list[str]:
        """Write the files of a map's pictures; their names. The row is not saved."""
        placed = render.place(cells, self._crop, self._frame)
        pictures = {kind: render.picture(kind, self._pixels, placed) for kind in MAP_PICTURES}
        for kind, picture in pictures.items():
            getattr(row, kind).save(f"{kind}.jpg", ContentFile(render.encode(picture)), save=False)
        return [getattr(row, kind).name for kind in pictures]
