"""The pictures that people are shown of a photo's maps.

Maps of photos that are used in place have no pictures until somebody looks: 50,000 photos with a dozen maps each would
fill a disk with pictures that nobody asks for.
"""

import numpy as np
from django.core.files.base import ContentFile
from PIL import Image as PillowImage

from explain.cam.preprocessing import Preprocessing
from explain.cam.rendering import render
from explain.models import ExplanationMap, Image, MapPicture, Network
from explain.photos import pixels_of


def make_map_pictures(row: ExplanationMap) -> None:
    """Make a map's pictures and save its row, unless it has them already."""
    if row.overlay:
        return
    Frame(pixels_of(row.image), crop_of(row.network, row.image)).store(row, row.array())
    row.save(update_fields=MapPicture.values)


def crop_of(network: Network, image: Image) -> render.Box:
    """What the network sees of the photo: (x0, y0, x1, y1) in pixels of the photo."""
    return Preprocessing.from_json(network.preprocessing).crop_box(image.width, image.height)


class Frame:
    """The part of one photo that people are shown. It makes the pictures of maps that cover `crop` of the photo."""

    def __init__(self, photo: PillowImage.Image, crop: render.Box) -> None:
        self._pixels = render.frame_picture(photo)
        self._frame = render.frame_box(*photo.size)
        self._crop = crop

    def store(self, row: ExplanationMap, cells: np.ndarray) -> list[str]:
        """Write the files of a map's pictures and return their names. The row is not saved."""
        placed = render.place(cells, self._crop, self._frame)
        pictures = {kind: render.picture(kind, self._pixels, placed) for kind in MapPicture.values}
        for kind, picture in pictures.items():
            getattr(row, kind).save(f"{kind}.jpg", ContentFile(render.encode(picture)), save=False)
        return [getattr(row, kind).name for kind in pictures]
