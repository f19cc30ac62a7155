"""What earlier layers add: their maps, and the figures of the paper's tables over some photos.

The maps are made here and not stored: a stored map is of the layer that its network was added with. Imports torch when it runs.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from explain.core.errors import BadInputError
from explain.models import Image, Network
from explain.networks import load_network
from explain.photos import label_target, pixels_of

from ..intervals import TABLE_FIGURES, Estimate, estimate
from ..protocols import find_protocol
from .choose import cut_at

METHOD, PROTOCOL = "pixel-ablation-cam", "paper"
Report = Callable[[int, int], object]


@dataclass(frozen=True)
class LayerFigures:
    """The figures of the paper's tables at one layer. `figures`: (score, figure) in the order of TABLE_FIGURES."""

    layer: str
    cells: int
    photos: int
    figures: tuple[Estimate | None, ...]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def figures_by_layer(
    *,
    images: Sequence[Image],
    network: Network,
    layers: Sequence[str],
    report: Report = lambda done, total: None,
) -> list[LayerFigures]:
    """The figures of tables 1 and 2 for each layer, over the same photos: those whose class the network knows."""
    known = [image for image in images if label_target(image, network) is not None]
    total, found = len(layers) * len(known), []
    report(0, total)
    for place, layer in enumerate(layers):

        def step(done: int, before: int = place * len(known)) -> None:
            report(before + done, total)

        found.append(_figures(known, network, layer, step))
    return found


def _figures(
    images: Sequence[Image], network: Network, layer: str, report: Callable[[int], object]
) -> LayerFigures:
    from ..measure import PhotoWithMaps, measure_photos

    net, protocol = load_network(network), find_protocol(PROTOCOL)
    maps = maps_at(images, network, layer, report)
    photos = [
        PhotoWithMaps(image.original_name, pixels_of(image), _target(image, network), image.boxes, {METHOD: maps[image.pk]})
        for image in images
    ]  # fmt: skip
    rows = [row[METHOD] for row in measure_photos(net, photos, protocol)]
    columns = {
        name: np.array([row[name] for row in rows], dtype=float)
        for name in ("confidence", "activation", "confidence_left", "activation_left")
    }
    figures = tuple(
        estimate(score, figure, columns[score], columns[f"{score}_left"])
        for score, figure, _ in TABLE_FIGURES
    )
    cells = next(iter(maps.values())).size if maps else 0
    return LayerFigures(layer, cells, len(images), figures)


def maps_at(
    images: Sequence[Image],
    network: Network,
    layer: str,
    report: Callable[[int], object] = lambda done: None,
) -> dict[int, np.ndarray]:
    """The method's raw map (h, w) of each photo at a layer, by primary key."""
    from explain.cam import explain

    net = cut_at(load_network(network), layer)
    maps = {}
    for number, image in enumerate(images):
        batch = net.preprocess(pixels_of(image))[None]
        out = explain(net, batch, [METHOD], targets=[_target(image, network)])
        maps[image.pk] = out.maps[METHOD][0].numpy()
        report(number + 1)
    return maps


def _target(image: Image, network: Network) -> int:
    target = label_target(image, network)
    if target is None:
        raise BadInputError(
            f"{image.original_name}: {network} has no class “{image.class_name}”; name another photo"
        )
    return target
