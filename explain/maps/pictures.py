"""The pictures that people are shown of a photo's maps: drawn for each study when it gets ready, or for staff who look.

No worker draws any when it computes maps: 50,000 photos with a dozen maps each would fill a disk with pictures that nobody
asks for.
"""

from collections.abc import Iterable

import numpy as np
from PIL import Image as PillowImage

from explain.cam.names import NOTHING
from explain.cam.preprocessing import Preprocessing
from explain.cam.rendering import render
from explain.core.errors import BadInputError
from explain.models import ExplanationMap, Image, Network
from explain.photos import pixels_of


def crop_of(network: Network, image: Image) -> render.Box:
    """What the network sees of the photo: (x0, y0, x1, y1) in pixels of the photo."""
    return Preprocessing.from_json(network.preprocessing).crop_box(image.width, image.height)


def draw_pictures(
    image: Image,
    kind: str,
    maps: Iterable[tuple[ExplanationMap, render.Box | None]],
    *,
    with_photo: bool = False,
    cells: int | None = None,
) -> list[np.ndarray]:
    """The pictures of a photo's maps, (H, W, 3) uint8, in their order; the photo's own before them if it is asked for.

    Asks no database, so it may run in any thread. Raises BadInputError where the photo or a map's array cannot be read.

    Args:
        kind: how the maps are shown, one of `MapPicture`.
        maps: each with the part of the photo that its array covers; None of one that came as a finished picture.
        cells: to how many cells a side the maps are averaged first; None: each as it is.
    """
    photo = pixels_of(image)
    pixels, frame = render.frame_picture(photo), render.frame_box(*photo.size)
    pictures = [pixels] if with_photo else []
    for row, extent in maps:
        if row.method == NOTHING:
            pictures.append(pixels)
        elif extent is None:
            pictures.append(_finished(row, kind))
        else:
            pictures.append(
                render.picture(kind, pixels, render.place(row.array(), extent, frame, smooth=cells))
            )
    return pictures


def _finished(row: ExplanationMap, kind: str) -> np.ndarray:
    """A picture that came as one, at the size of all others."""
    file = getattr(row, kind)
    try:
        with file.open("rb") as opened:
            picture = PillowImage.open(opened).convert("RGB")
    except (OSError, ValueError) as error:
        raise BadInputError(
            f"{row}: its picture {file.name or kind} cannot be read; restore it from a backup, or bring the pictures in again"
        ) from error
    side = (render.PICTURE, render.PICTURE)
    return np.asarray(
        picture if picture.size == side else picture.resize(side, PillowImage.Resampling.LANCZOS)
    )
