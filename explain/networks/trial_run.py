"""Try a network before it is added: what it says of a photo, and what its map there looks like."""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings
from PIL import Image as PillowImage

from explain import cam
from explain.cam.loading.names import has_random_weights
from explain.cam.rendering import render
from explain.core.errors import BadInputError
from explain.models import Image
from explain.photos import pixels_of

from .registry import check_crop, description_of, stored_weights

if TYPE_CHECKING:
    from explain.cam.network import Network as LoadedNetwork

METHOD = "grad-cam"
TOP = 5
SAMPLE = "samples/photos/hammer-1.jpg"


@dataclass(frozen=True)
class NetworkTrialRun:
    """`random`: whether nobody has trained its weights. `reads`: how it reads photos, in words. `notes`: what had to be assumed.
    `layers`: every place where the network can be cut, (name, channels, height, width), in the order of running.

    `top`: class name and probability, best first, of the photo `photo`. `picture` is an open JPEG of the map over it.
    """

    layer: str
    layers: list[tuple[str, int, int, int]]
    classes: int
    photo: str
    top: list[tuple[str, float]]
    blank: bool
    random: bool
    reads: str
    notes: list[str]
    picture: io.BytesIO

    def to_json(self) -> dict[str, Any]:
        return {
            "layer": self.layer,
            "layers": self.layers,
            "classes": self.classes,
            "photo": self.photo,
            "top": self.top,
            "blank": self.blank,
            "is_random": self.random,
            "reads": self.reads,
            "notes": self.notes,
        }


def try_network(
    *,
    load: str,
    layer: str | None,
    weights: str | None,
    set_name: str = "",
    described: Mapping[str, Any] | None = None,
) -> NetworkTrialRun:
    """Load a network and run it on the first photo of a set, or on a sample.

    Raises BadInputError or CamError, in one line.
    """
    from explain.cam.layers import layers_of

    stored = stored_weights(load, weights)
    description = description_of(weights, described)
    net = cam.Network.load(load, weights=stored or None, layer=layer, device="cpu", description=description)
    check_crop(load, net)
    name, photo = _check_photo(set_name)
    out = cam.explain(net, net.preprocess(photo)[None], methods=[METHOD])
    probabilities = net.probabilities(out.logits.double())[0]
    values, places = probabilities.topk(min(TOP, len(probabilities)))
    cells = out.maps[METHOD][0].numpy()
    pixels, frame = render.frame_picture(photo), render.frame_box(*photo.size)
    placed = render.place(cells, net.crop_box(*photo.size), frame)
    return NetworkTrialRun(
        layer=net.layer,
        layers=layers_of(net),
        classes=len(net.class_names),
        photo=name,
        top=[
            (net.class_names[int(place)], float(value)) for value, place in zip(values, places, strict=True)
        ],
        blank=not (cells > 0).any(),
        random=not stored and has_random_weights(load),
        reads=in_words(net),
        notes=list(net.notes),
        picture=io.BytesIO(render.jpeg(render.overlay(pixels, placed))),
    )


def in_words(net: "LoadedNetwork") -> str:
    """How a network reads photos and what its scores are: 224 × 224 pixels, in colour …"""
    read = net.preprocessing
    colours = {1: "in grey", 3: "in colour (BGR)" if read.order == "bgr" else "in colour"}
    shown = [", ".join(f"{value:.3g}" for value in values) for values in (read.mean, read.std)]
    said = f"{read.size[0]} × {read.size[1]} pixels, {colours[read.channels]}, mean {shown[0]}, deviation {shown[1]}"
    return f"{said}; each class for itself (sigmoid)" if net.score == "sigmoid" else said


def _check_photo(set_name: str) -> tuple[str, PillowImage.Image]:
    image = Image.objects.filter(image_set__name=set_name).order_by("pk").first() if set_name else None
    if image is not None:
        return image.original_name, pixels_of(image)
    path = settings.BASE_DIR / SAMPLE
    if not path.is_file():
        path = next(iter(sorted((settings.BASE_DIR / "samples/photos").glob("*.jpg"))), path)
    if not path.is_file():
        raise BadInputError("there is no photo to try the network on; bring photos in first")
    return path.name, PillowImage.open(path).convert("RGB")
