"""Sizes that a head reads from before the layer: how many photos there are, how high its maps were.

They go around the layer, but hold nothing of what a photo shows. They are read off two passes, of one photo and of two: what is
equal in both is fixed for photos of that size, and what is twice as much counts photos.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, fx, nn


@dataclass(frozen=True)
class Size:
    """A number or a tuple of them; where `per_photo`, a number to be multiplied by the number of photos."""

    value: Any
    per_photo: bool = False

    def in_graph(self, graph: fx.Graph, features: fx.Node) -> Any:
        """The value as an argument of later steps of a head."""
        if not self.per_photo:
            return self.value
        photos = graph.call_method("size", (features, 0))
        return graph.call_function(_times, (photos, self.value))


def _times(photos: int, value: int) -> int:
    return photos * value


@torch.no_grad()
def sizes_around(module: nn.Module, graph: fx.Graph, layer: fx.Node, example: Tensor) -> dict[fx.Node, Size]:
    """The sizes that steps after `layer` read from steps around it; empty where there are none."""
    crossing = _crossing(graph, layer)
    if not crossing:
        return {}
    alone, both = (_values(module, graph, crossing, example.expand(count, -1, -1, -1)) for count in (1, 2))
    return {node: size for node in crossing if (size := _size(alone[node], both[node])) is not None}


def _crossing(graph: fx.Graph, layer: fx.Node) -> list[fx.Node]:
    """The steps that do not come after the layer and that a step after it reads; without weights."""
    after, crossing = {layer}, []
    for node in graph.nodes:
        if node is layer or not after.intersection(node.all_input_nodes):
            continue
        after.add(node)
        crossing += [
            before for before in node.all_input_nodes if before not in after and before.op != "get_attr"
        ]
    return list(dict.fromkeys(crossing))


class _Reader(fx.Interpreter):
    def __init__(self, module: nn.Module, graph: fx.Graph, wanted: list[fx.Node]) -> None:
        super().__init__(fx.GraphModule(module, graph))
        self._wanted = {node.name for node in wanted}
        self.values: dict[str, Any] = {}

    def run_node(self, n: fx.Node) -> Any:
        value = super().run_node(n)
        if n.name in self._wanted:
            self.values[n.name] = value
        return value


def _values(module: nn.Module, graph: fx.Graph, wanted: list[fx.Node], photos: Tensor) -> dict[fx.Node, Any]:
    reader = _Reader(module, graph, wanted)
    reader.run(photos)
    return {node: reader.values[node.name] for node in wanted}


def _size(alone: Any, both: Any) -> Size | None:
    if isinstance(alone, int) and isinstance(both, int):
        if alone == both:
            return Size(alone)
        return Size(alone, per_photo=True) if both == 2 * alone else None
    if isinstance(alone, tuple) and all(isinstance(part, int) for part in alone) and alone == both:
        return Size(tuple(alone))
    return None
