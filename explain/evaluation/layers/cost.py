"""What the ablation of every cell of one photo costs at a layer, in the exact form that fits there and in the general one.

The general form runs the rest of the network once for each cell. The earlier the layer, the more cells there are and the
longer is the rest: so the cost grows faster than the number of cells. Imports torch when it runs.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from explain.core.machine import load_now, machine, timed
from explain.models import Image, Network
from explain.networks import load_network
from explain.photos import label_target, pixels_of

from .choose import cut_at

if TYPE_CHECKING:
    from explain.cam.network import Network as LoadedNetwork


@dataclass(frozen=True)
class LayerCost:
    """One layer. Times are medians of three in milliseconds, for one photo, beyond its one pass through the network.

    form      the exact form that fits here; "general" where no other does
    closed    all cells in that form; None where it is the general one
    general   all cells in the general form; where `measured` is less than all, so many were run and the time is in proportion
    rest      one pass of the network from this layer on; `whole`: of all of it
    on        the machine, its threads and its load
    """

    layer: str
    channels: int
    height: int
    width: int
    form: str
    closed: float | None
    general: float
    measured: int
    rest: float
    whole: float
    on: dict[str, Any]

    @property
    def cells(self) -> int:
        return self.height * self.width

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"cells": self.cells, "each": self.general / self.cells}


def layer_costs(
    *,
    network: Network,
    image: Image,
    layers: Sequence[str],
    most_measured: int | None = None,
    report: Callable[[int, int], object] = lambda done, total: None,
) -> list[LayerCost]:
    """The cost at each layer, on one photo. `most_measured`: run the general form on so many cells at most."""
    net = load_network(network)
    batch = net.preprocess(pixels_of(image))[None]
    target = label_target(image, network) or 0  # which class it is does not change the time
    costs = []
    report(0, len(layers))
    for number, layer in enumerate(layers):
        costs.append(_cost(net, layer, batch, target, most_measured))
        report(number + 1, len(layers))
    return costs


def _cost(net: "LoadedNetwork", layer: str, batch: Any, target: int, most: int | None) -> LayerCost:
    import torch

    fastest, general = cut_at(net, layer), cut_at(net, layer, head="general")
    features = general.features(batch)
    _, channels, height, width = features.shape
    cells = height * width
    measured = min(cells, most or cells)
    masks = torch.ones(measured, 1, height, width, device=features.device)
    masks.view(measured, cells)[range(measured), range(measured)] = 0
    targets = torch.tensor([target], device=features.device)

    def all_of_them() -> None:
        for _ in general.head.scores_of_masked(features[0], masks):
            pass

    load = load_now()
    _, whole = timed(lambda: net.run(batch))
    _, rest = timed(lambda: general.head.logits(features))
    _, ablated = timed(all_of_them)
    closed = None
    if fastest.head.kind != "general":
        _, closed = timed(lambda: fastest.head.cell_changes(features, targets))
    return LayerCost(
        layer,
        channels,
        height,
        width,
        fastest.head.kind,
        closed,
        ablated * cells / measured,
        measured,
        rest,
        whole,
        machine(load),
    )
