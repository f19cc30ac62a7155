"""The layers that a network can be cut at, where their features lie on the photo, and which is taken when none is named."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn

from .cut import Cut, cut
from .errors import CutError, UnknownNameError
from .hooks import hooked
from .places import Answers, Doubt, Flow, Layout, Run, find_flow, possible_layouts, strips
from .places.patches import DRAWS

_POOLS = ("pool", "flatten", "upsample")
_PASSES_THROUGH = ("dropout", "dropblock", "droppath", "stochasticdepth", "identity")
_AT_ONCE = 4  # layers that are looked at in one go, from the deepest
EARLIEST = 0.1  # of a network's layers with weights: an earlier cut is never taken unasked


class Loaded(Protocol):
    """What of a `Network` is needed to find its layers."""

    module: nn.Module

    def _example(self) -> Tensor: ...


@dataclass(frozen=True)
class Placed:
    """A cut whose features have a place on the photo, and how its output is read as cells."""

    cut: Cut
    layout: Layout


@dataclass(frozen=True)
class _Layer:
    """Parts that give one output, under the shortest of their names."""

    name: str
    part: nn.Module
    shape: tuple[int, ...]
    is_last: bool  # neither a pool nor the part that classifies cell by cell
    in_place: bool  # nothing before it moves rows and columns
    weighted: tuple[int, int]  # how many parts with weights ran until then, and of how many


def place(module: nn.Module, layer: str | None, example: Tensor) -> Placed:
    """Cut `module` at `layer`, or at the deepest that will do, and find out where its cells lie on the photo.

    A layer will do where all that the class scores depend on passes it, where what answers in its features moves with a
    patch that is moved over the photo, and where the class scores read its cells. Pools, and the 1×1 convolution of a
    network that classifies cell by cell and then averages (SqueezeNet), are never taken unasked.

    Raises UnknownNameError for a layer that does not exist, CutError for one that will not do, and, where none is named, for a
    network whose deepest comes too early to say what the network has found (EARLIEST).
    """
    if layer is None:
        deepest, placed = _deepest(module, example)
        _check_depth(module, deepest)
        return placed
    _check_scores(module, example)
    flow = find_flow(module, example)
    parts = cut(module, layer, example, lambda other: _fits(other, example, flow))
    try:
        return _placed(parts, example, flow)
    except Doubt as doubt:
        raise CutError(f"layer {layer!r}: {doubt}; {_remedy(module, example)}") from None


def default_layer(module: nn.Module, example: Tensor) -> str:
    """The layer that is taken when none is named: see `place`. Of several names for one output the shortest."""
    return place(module, None, example).cut.layer


def layers_of(network: Loaded) -> list[tuple[str, int, int, int]]:
    """Every layer that a network can be cut at, as (name, K, h, w), in the order of running: the last is the deepest.

    Layers whose cells have a place on the photo; of several names for one output the shortest.
    """
    example, module = network._example(), network.module
    layers = _layers(module, example)
    layouts = _layouts(module, example, layers)
    last = _deepest(module, example)[0].name
    names = [layer.name for layer in layers]
    after = set(names[names.index(last) + 1 :])
    found = []
    for layer in layers:
        layout = layouts.get(layer.name)
        if layout and (layer.name not in after or _will_do(module, layer.name, example)):
            found.append((layer.name, layer.shape[layout.channels], *layout.cells))
    return found


def _will_do(module: nn.Module, layer: str, example: Tensor) -> bool:
    try:
        place(module, layer, example)
    except (CutError, UnknownNameError):
        return False
    return True


@torch.no_grad()
def _check_scores(module: nn.Module, example: Tensor) -> None:
    """Raise CutError for a network that says the same of every photo: nothing could be explained."""
    scores = module(example)
    if isinstance(scores, Tensor) and torch.equal(scores, module(1 - example)):
        raise CutError(
            f"{type(module).__name__} gives the same class scores for every photo: the weights of its last layer may all be"
            " 0, as some networks begin; give trained weights"
        )


def _fits(parts: Cut, example: Tensor, flow: Flow) -> bool:
    try:
        _placed(parts, example, flow)
    except Doubt:
        return False
    return True


def _check_depth(module: nn.Module, layer: _Layer) -> None:
    """Raise CutError for a layer that next to nothing has run before, as in networks whose later parts pass tuples on."""
    before, of = layer.weighted
    if of and before < EARLIEST * of:
        raise CutError(
            f"{type(module).__name__} has no layer of its later part whose features have a sure place on the photo: the last"
            f" that has is {layer.name!r}, after {before} of {of} layers with weights, so maps would say what the photo looks like and not what"
            f" the network found. Bring maps of your own from files, or take it all the same by layer={layer.name!r}"
        )


def _deepest(module: nn.Module, example: Tensor) -> tuple[_Layer, Placed]:
    _check_scores(module, example)
    layers = [layer for layer in reversed(_layers(module, example)) if layer.is_last]
    if not layers:
        raise CutError(
            f"{type(module).__name__} has no layer that gives features (B, K, h, w) or tokens with more than one cell;"
            " name a layer= of a convolutional network or a transformer"
        )
    for start in range(0, len(layers), _AT_ONCE):
        some = layers[start : start + _AT_ONCE]
        layouts = _layouts(module, example, some)
        for layer in some:
            if layer.name not in layouts:
                continue
            try:
                parts = cut(module, layer.name, example)
                return layer, _read_by_scores(parts, layouts[layer.name], example)
            except (CutError, Doubt):
                continue
    raise CutError(
        f"{type(module).__name__} has no layer whose features have a sure place on the photo: what answers does not move"
        " with a patch that is moved over the photo; name a layer= that keeps the photo’s rows and columns, or bring maps of"
        " your own from files"
    )


def _remedy(module: nn.Module, example: Tensor) -> str:
    try:
        return f"cut at {_deepest(module, example)[0].name!r} instead"
    except CutError:
        return "no other layer of this network will do; bring maps of your own from files"


# --- which layers there are ---------------------------------------------------------------------------------------


def _layers(module: nn.Module, example: Tensor) -> list[_Layer]:
    """The layers that everything passes and whose output may hold cells, in the order of running."""
    flow = find_flow(module, example)
    runs, passed = flow.runs, flow.passed
    classes = runs[-1].shape[-1] if runs and runs[-1].part is module else 0
    last_linear = max((n for n, run in enumerate(runs) if isinstance(run.part, nn.Linear)), default=-1)
    last_runs = {id(run.part): n for n, run in enumerate(runs)}
    weighted = [n for n, run in enumerate(runs) if run.is_leaf and [*run.part.parameters(recurse=False)]]
    layers = []
    for numbers in _same_output(runs):
        group = [runs[n] for n in numbers]
        shape, named = group[0].shape, _shortest(group)
        if passed is not None and not passed.intersection(numbers):
            continue
        if named.part is module or last_runs[id(named.part)] not in numbers:
            continue
        if not possible_layouts(shape, example.shape[2:]):
            continue
        classifies = len(shape) == 4 and shape[1] == classes and numbers[-1] > last_linear
        is_last = not (group[0].is_a(_POOLS) or classifies)
        in_place = len(shape) == 4 and not flow.in_place.isdisjoint(numbers)
        before = sum(n <= numbers[-1] for n in weighted)
        layers.append(_Layer(named.name, named.part, shape, is_last, in_place, (before, len(weighted))))
    return layers


def _same_output(runs: list[Run]) -> list[list[int]]:
    """Numbers of runs that gave one and the same tensor (a container and its last part), in order of first appearance."""
    groups: dict[int, list[int]] = {}
    for number, run in enumerate(runs):
        if not run.is_a(_PASSES_THROUGH):
            groups.setdefault(run.same, []).append(number)
    return list(groups.values())


def _shortest(group: list[Run]) -> Run:
    leaf = max((n for n, run in enumerate(group) if run.is_leaf), default=0)
    return min(reversed(group[leaf:]), key=lambda run: run.name.count("."))


# --- where their cells lie ----------------------------------------------------------------------------------------


@torch.no_grad()
def _layouts(module: nn.Module, example: Tensor, layers: Sequence[_Layer]) -> dict[str, Layout]:
    """How each layer's output is read; without those that are in doubt. From passes of the whole network, where it is not certain."""
    found = {layer.name: _plain(layer.shape) for layer in layers if layer.in_place}
    found = {name: layout for name, layout in found.items() if layout.cells != (1, 1)}
    layers = [layer for layer in layers if not layer.in_place]
    if not layers:
        return found

    def outputs_for(photo: Tensor) -> dict[str, Tensor]:
        seen: dict[str, Tensor] = {}

        def keep(name: str):
            def hook(_module: nn.Module, _inputs: object, output: object) -> None:
                if isinstance(output, Tensor):
                    seen[name] = output.clone()  # what runs later may change it in place

            return hook

        with hooked([(layer.part, keep(layer.name)) for layer in layers]):
            module(photo)
        return seen

    plain = outputs_for(example)
    answers = {layer.name: Answers(layer.shape, example.shape[2:]) for layer in layers if layer.name in plain}
    left = list(answers)
    for draw in range(DRAWS):
        changed = [outputs_for(photo) for photo in strips(example, draw)] if left else []
        for name in list(left):
            answers[name].add(plain[name], [outputs[name] for outputs in changed])
            try:
                found[name] = answers[name].layout()
                left.remove(name)
            except Doubt as doubt:
                if not doubt.is_near:
                    left.remove(name)
    return found


def _plain(shape: Sequence[int]) -> Layout:
    return Layout((shape[2], shape[3]))


@torch.no_grad()
def _placed(parts: Cut, example: Tensor, flow: Flow) -> Placed:
    """Where the cells of a cut lie; from passes of its trunk, where that is not certain. Raises Doubt."""
    plain = parts.trunk(example).clone()
    answers = Answers(tuple(plain.shape), example.shape[2:])
    numbers = [n for n, run in enumerate(flow.runs) if run.name == parts.layer]
    certain = plain.ndim == 4 and numbers and numbers[-1] in flow.in_place
    if not possible_layouts(answers.shape, answers.photo) or (certain and plain[0, 0].numel() == 1):
        raise Doubt(f"its output {answers.shape} has no more than one cell")
    if certain:
        return _read_by_scores(parts, _plain(plain.shape), example)
    for draw in range(DRAWS):
        answers.add(plain, [parts.trunk(photo).clone() for photo in strips(example, draw)])
        try:
            layout = answers.layout()
            break
        except Doubt as doubt:
            if not doubt.is_near or draw + 1 == DRAWS:
                raise
    return _read_by_scores(parts, layout, example)


@torch.no_grad()
def _read_by_scores(parts: Cut, layout: Layout, example: Tensor) -> Placed:
    """The cut, if the class scores change when all its cells are 0. Raises Doubt: a class token may be all that they read."""
    output = parts.trunk(example).clone()
    rest = layout.rest_of(output)
    nothing = layout.output_of(torch.zeros_like(layout.of_cells(output)), rest)
    if torch.equal(parts.head(nothing), parts.head(output)):
        what = (
            "the class token alone is read after it" if layout.apart else "they stay as they are without it"
        )
        raise Doubt(f"the class scores do not depend on its cells ({what}), so every map would be empty")
    return Placed(parts, layout)
