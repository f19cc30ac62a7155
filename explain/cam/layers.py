"""The layers that a network can be cut at, and the one that is taken when none is named."""

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn

from .errors import CutError

_POOLS = ("pool", "flatten", "upsample")
_PASSES_THROUGH = ("dropout", "dropblock", "droppath", "stochasticdepth", "identity")


class Loaded(Protocol):
    """What of a `Network` is needed to find its layers."""

    module: nn.Module

    def _example(self) -> Tensor: ...


@dataclass(frozen=True)
class _Run:
    name: str
    part: nn.Module
    output: Tensor

    @property
    def is_leaf(self) -> bool:
        return next(self.part.children(), None) is None

    def is_a(self, words: tuple[str, ...]) -> bool:
        return self.is_leaf and any(word in type(self.part).__name__.lower() for word in words)


def default_layer(module: nn.Module, example: Tensor) -> str:
    """The last convolutional output, with its norm and activation where they are modules.

    The last part that runs and gives maps (B, K, h, w) with more than one cell, pools left out. The 1×1 convolution
    of a network that classifies cell by cell and then averages (SqueezeNet) counts as its classifier. Of several
    names for one output the shortest wins: `layer4`, not `layer4.2.relu`.
    """
    runs = _record(module, example)
    classes = runs[-1].output.shape[-1]
    last_linear = max((n for n, run in enumerate(runs) if isinstance(run.part, nn.Linear)), default=-1)
    deepest = ""
    for group in _same_output(runs[:-1]):
        first, last = group[0], group[-1]
        pooled = first.is_a(_POOLS)
        maps = first.output.ndim == 4 and first.output.shape[2] * first.output.shape[3] > 1
        classifier = first.output.shape[1:2] == (classes,) and runs.index(last) > last_linear
        if maps and not classifier and not pooled:
            deepest = _shortest(group)
    if not deepest:
        raise CutError(
            f"{type(module).__name__} has no layer that gives features (B, K, h, w) with more than one cell;"
            " name a layer= of a convolutional network"
        )
    return deepest


def layers_of(network: Loaded) -> list[tuple[str, int, int, int]]:
    """Every layer that a network can be cut at, as (name, K, h, w), in the order of running: the last is the deepest.

    Layers that give features (B, K, h, w) with more than one cell; of several names for one output the shortest.
    """
    example = network._example()
    shapes: dict[str, tuple[int, int, int]] = {}
    for group in _same_output(_record(network.module, example)[:-1]):
        shape = group[0].output.shape
        if len(shape) == 4 and shape[2] * shape[3] > 1:
            shapes[_shortest(group)] = (shape[1], shape[2], shape[3])
    return [(name, *shape) for name, shape in shapes.items()]


@torch.no_grad()
def _record(module: nn.Module, example: Tensor) -> list[_Run]:
    """Every part that gave a tensor, in the order of finishing; the whole module is the last."""
    runs: list[_Run] = []

    def remember(name: str, part: nn.Module) -> torch.utils.hooks.RemovableHandle:
        def hook(_module: nn.Module, _inputs: object, output: object) -> None:
            if isinstance(output, Tensor):
                runs.append(_Run(name, part, output))

        return part.register_forward_hook(hook)

    handles = [remember(name, part) for name, part in module.named_modules()]
    try:
        module(example)
    finally:
        for handle in handles:
            handle.remove()
    if not runs or runs[-1].part is not module:
        raise CutError(
            "the network returns no tensor; wrap it in a module that returns class scores (B, classes)"
        )
    return runs


def _same_output(runs: list[_Run]) -> list[list[_Run]]:
    """Runs that gave one and the same tensor (an in-place activation, a container), in order of first appearance."""
    groups: dict[int, list[_Run]] = {}
    for run in runs:
        if run.is_a(_PASSES_THROUGH):
            continue
        groups.setdefault(id(run.output), []).append(run)
    return list(groups.values())


def _shortest(group: list[_Run]) -> str:
    leaf = max((n for n, run in enumerate(group) if run.is_leaf), default=0)
    return min(reversed(group[leaf:]), key=lambda run: run.name.count(".")).name
