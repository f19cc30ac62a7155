"""What earlier layers add for people's eyes: the same photos with the maps of each layer. Imports torch when it runs.

The maps are made here: a stored map is of the layer that its network was added with.
"""

from collections.abc import Sequence

import numpy as np

from explain.cam.rendering import render
from explain.maps import crop_of
from explain.models import Image, Network
from explain.photos import pixels_of

from ..figure4 import picture_of
from ..layers import METHOD, maps_at
from .page import Block, Figure, Panel, PanelRow

SIDE = 256


def by_layer(images: Sequence[Image], network: Network, layers: Sequence[str]) -> Figure:
    """Photos as rows, the same method's maps at each layer as columns."""
    maps = {layer: maps_at(images, network, layer) for layer in layers}
    sizes = {layer: next(iter(of_layer.values())).shape for layer, of_layer in maps.items()}
    heads = [f"{layer}: {height} × {width} cells" for layer, (height, width) in sizes.items()]
    rows = tuple(
        PanelRow(
            (
                Panel(
                    picture_of(render.frame_picture(pixels_of(image), SIDE), _words(image)), image.class_name
                ),
                *(_panel(image, network, layer, maps[layer][image.pk]) for layer in layers),
            )
        )
        for image in images
    )
    return Figure(
        title=f"{METHOD} at layers from the last to earlier ones",
        notes=(
            f"{network.name} ({network.load}, SHA-256 {network.weights_sha256[:12]}…); the photo’s label is explained. Photos of "
            f"{images[0].image_set}: {', '.join(image.original_name for image in images)}.",
            "Red is a map’s own maximum in the frame, blue zero.",
        ),
        blocks=(Block(("Photo", *heads), rows),),
    )


def _panel(image: Image, network: Network, layer: str, cells: np.ndarray) -> Panel:
    frame = render.frame_box(image.width, image.height)
    placed = render.place(cells, crop_of(network, image), frame, SIDE)
    photo = render.frame_picture(pixels_of(image), SIDE)
    words = f"heat map of {image.class_name} by {METHOD}, {network.name}, layer {layer}"
    return Panel(picture_of(render.overlay(photo, placed), words))


def _words(image: Image) -> str:
    return f"{image.class_name} ({image.original_name})"
