"""A network cut at one layer: a trunk from photos to features, and a head from features to logits.

The features are the layer's output as it is: cells, channels last, or tokens (see cam/places). The user's module is never
changed. Where the code around the layer can be traced (torch.fx), trunk and head are
two graphs that share the module's parts. Where it cannot, the layer's output is replaced for the length of one
call and the hook is taken away in `finally`. Either way, nothing may go around the cut: a head that also needs
something from before the layer (a residual or dense connection) is refused.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor, fx, nn

from .errors import CutError, UnknownNameError, nearest
from .hooks import hooked
from .sizes import Size, sizes_around

Run = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Cut:
    """trunk(photos) -> the layer's output, head(output) -> logits.

    `graph` is the head as a graph whose one input is the output; None where the network could not be traced.
    `one_size` is whether the head is for photos of the example's size alone.
    """

    layer: str
    trunk: Run
    head: Run
    graph: fx.GraphModule | None
    one_size: bool = False


class _GoesAround(Exception):  # noqa: N818  a finding, not a failure
    """Something reaches the head without passing the layer."""


def cut(module: nn.Module, layer: str, example: Tensor, fits: Callable[[Cut], bool] | None = None) -> Cut:
    """Cut `module` at `layer`; `example` (1, 3, H, W) is a photo to try it on.

    Raises UnknownNameError for a layer that does not exist, CutError where the cut is impossible; both name
    layers that would do. `fits` says of another layer's cut whether it may be named; without it none is looked for.
    """
    names = [name for name, _ in module.named_modules() if name]
    if layer not in names:
        raise UnknownNameError(
            f"layer {layer!r} does not exist in {type(module).__name__}{nearest(layer, names)}"
        )
    try:
        return _cut(module, layer, example)
    except _GoesAround as around:
        other = _nearest_cut(module, layer, example, names, fits) if fits else None
        remedy = f"cut at {other!r} instead" if other else "no layer after it works either; cut earlier"
        raise CutError(
            f"layer {layer!r}: a residual or dense connection goes around it ({around}), so it does not hold"
            f" all that the class scores depend on; {remedy}"
        ) from None


def _cut(module: nn.Module, layer: str, example: Tensor) -> Cut:
    try:
        parts = _cut_by_graph(module, layer, example)
    except (_GoesAround, CutError):
        raise
    except Exception:  # tracing runs the user's code on stand-ins, so it may fail in any way
        parts = _cut_by_hook(module, layer, example)
    output, logits = _check(module, parts, example)
    return parts if _takes_several(parts, output, logits) else _one_by_one(parts)


@torch.no_grad()
def _takes_several(parts: Cut, output: Tensor, logits: Tensor) -> bool:
    """Whether the head gives a photo the same scores in company as alone: some are written for one photo only."""
    try:
        both = parts.head(torch.cat([output, torch.zeros_like(output)]))
    except Exception:  # it is the user's code, so it may fail in any way
        return False
    return len(both) == 2 and _is_close(both[:1], logits, 1e-4)  # sums run in another order


def _one_by_one(parts: Cut) -> Cut:
    """For a network that reads a batch of one and nothing else."""

    def alone(run: Run) -> Run:
        return lambda batch: torch.cat([run(photo[None]) for photo in batch])

    return replace(parts, trunk=alone(parts.trunk), head=alone(parts.head), graph=None)


def _nearest_cut(
    module: nn.Module, layer: str, example: Tensor, names: list[str], fits: Callable[[Cut], bool]
) -> str | None:
    """The smallest part around the layer that can be cut after, else the next part that runs after it."""
    parents = [layer.rsplit(".", n)[0] for n in range(1, layer.count(".") + 1)]
    later = names[names.index(layer) + 1 :]
    for candidate in [*parents, *later]:
        try:
            parts = _cut(module, candidate, example)
        except (_GoesAround, CutError):
            continue
        if fits(parts):
            return candidate
    return None


@torch.no_grad()
def _check(module: nn.Module, parts: Cut, example: Tensor) -> tuple[Tensor, Tensor]:
    """The layer's output and the class scores. The two parts must give what the whole gives, or the cut is worthless."""
    features = parts.trunk(example)
    _check_features(parts.layer, features)
    expected, logits = module(example), parts.head(features.clone())
    if not isinstance(expected, Tensor) or expected.ndim != 2:
        raise CutError(
            f"the network returns {_described(expected)} instead of class scores (B, classes);"
            " wrap it in a module that returns only those"
        )
    if _is_close(logits, expected):
        return features, expected
    if parts.graph is None:  # the head ran on a black photo: what differs did not pass the layer
        raise _GoesAround("with the photo changed before it, the class scores change")
    raise CutError(
        f"layer {parts.layer!r}: the network cut there gives other class scores than the whole;"
        " cut at a layer that runs once"
    )


def _is_close(scores: Tensor, expected: Tensor, share: float = 1e-5) -> bool:
    """Whether scores differ by less than `share` of the largest: what goes around a layer may be that little."""
    scale = float(expected.abs().max().clamp_min(1e-6))
    share = max(share, 10 * torch.finfo(expected.dtype).eps)
    return scores.shape == expected.shape and torch.allclose(scores, expected, atol=share * scale, rtol=0)


def _check_features(layer: str, features: object) -> None:
    if not isinstance(features, Tensor) or features.ndim not in (3, 4):
        raise CutError(
            f"layer {layer!r} gives {_described(features)}, not features (B, K, h, w) or tokens (B, N, K);"
            " choose a convolutional layer or a block before the pooling"
        )


def _described(value: object) -> str:
    return f"shape {tuple(value.shape)}" if isinstance(value, Tensor) else f"a {type(value).__name__}"


# --- by graph ---------------------------------------------------------------------------------------------------


class _Tracer(fx.Tracer):
    """Looks only inside the modules around the layer: everything else stays one step, so little needs to trace."""

    def __init__(self, layer: str) -> None:
        super().__init__(param_shapes_constant=True)
        self.layer = layer

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return not self.layer.startswith(module_qualified_name + ".")


def _cut_by_graph(module: nn.Module, layer: str, example: Tensor) -> Cut:
    graph = _Tracer(layer).trace(module, _defaults(module))
    at = _layer_node(graph, module, layer)
    (output,) = (node for node in graph.nodes if node.op == "output")
    sizes = sizes_around(module, graph, at, example)
    head = _part(module, graph, [output], start=at, sizes=sizes)
    trunk = _part(module, graph, [at], start=None, sizes={})
    return Cut(layer, trunk, head, head, one_size=bool(sizes))


def _defaults(module: nn.Module) -> dict[str, object]:
    """Arguments of forward after the first, fixed at their defaults, so that `if masks is None` traces."""
    parameters = list(inspect.signature(module.forward).parameters.values())[1:]
    return {p.name: p.default for p in parameters if p.default is not p.empty}


def _layer_node(graph: fx.Graph, module: nn.Module, layer: str) -> fx.Node:
    part = module.get_submodule(layer)
    calls = [n for n in graph.nodes if n.op == "call_module" and module.get_submodule(str(n.target)) is part]
    if not calls:
        raise CutError(f"layer {layer!r} does not run in a forward pass; choose one that does")
    return calls[-1]  # a shared activation runs several times: its last run is what the head reads


def _part(
    module: nn.Module, graph: fx.Graph, ends: list[fx.Node], start: fx.Node | None, sizes: dict[fx.Node, Size]
) -> fx.GraphModule:
    """The steps that `ends` need, as a graph of its own; with `start` given, that step becomes the only input.

    `sizes` are steps that are known without running what is before them.
    """
    needed = set(ends)
    for node in reversed(graph.nodes):
        if node in needed and node is not start and node not in sizes:
            needed.update(node.all_input_nodes)
    part = fx.Graph()
    copies: dict[fx.Node, fx.Node] = {}
    if start is not None:
        copies[start] = part.placeholder("features")
        copies |= {node: size.in_graph(part, copies[start]) for node, size in sizes.items() if node in needed}
    for node in graph.nodes:
        if node not in needed or node in copies:
            continue
        if node.op == "placeholder" and start is not None:
            raise _GoesAround(_user(node, needed, graph, start))
        copies[node] = part.node_copy(node, lambda n: copies[n])
    if ends[0].op != "output":
        part.output(copies[ends[0]])
    return fx.GraphModule(module, part)


def _user(source: fx.Node, needed: set[fx.Node], graph: fx.Graph, start: fx.Node) -> str:
    """The first step that reads both from after the layer and from around it, in words."""
    after, around = {start}, {source}
    for node in graph.nodes:
        if node in needed and node is not start:
            inputs = set(node.all_input_nodes)
            if inputs & after and inputs & around:
                return f"it is joined again at {node.name!r}"
            if inputs & after:
                after.add(node)
            elif inputs & around:
                around.add(node)
    return "the head reads the photo itself"


# --- by hook ----------------------------------------------------------------------------------------------------


class _Stop(Exception):  # noqa: N818  it carries the features out of a forward pass
    def __init__(self, features: Tensor) -> None:
        self.features = features


def _cut_by_hook(module: nn.Module, layer: str, example: Tensor) -> Cut:
    part = module.get_submodule(layer)
    runs: list[object] = []
    with torch.no_grad(), hooked([(part, lambda _m, _i, output: runs.append(output))]):
        module(example)
    if len(runs) != 1:
        raise CutError(
            f"layer {layer!r} runs {len(runs)} times in a forward pass; choose one that runs exactly once"
        )
    _check_features(layer, runs[0])

    def trunk(photos: Tensor) -> Tensor:
        def stop(_module: nn.Module, _inputs: object, output: Tensor) -> None:
            raise _Stop(output)

        with hooked([(part, stop)]):
            try:
                module(photos)
            except _Stop as stopped:
                return stopped.features
        raise CutError(f"layer {layer!r} did not run; choose a layer that runs for every photo")

    parts = Cut(layer, trunk, _hook_head(module, part, example), None)
    return _one_by_one(parts) if getattr(module, "one_by_one", False) else parts


def _hook_head(module: nn.Module, part: nn.Module, example: Tensor) -> Run:
    """Runs the whole module on a black photo with the layer's output replaced: a small photo where that works."""

    def head_on(photo: Tensor) -> Run:
        def head(features: Tensor) -> Tensor:
            photos = photo.expand(len(features), -1, -1, -1)
            with hooked([(part, lambda _m, _i, _output: features.clone())]):
                return module(photos)

        return head

    small = head_on(example.new_zeros((1, example.shape[1], *(min(s, 64) for s in example.shape[2:]))))
    full = head_on(torch.zeros_like(example))
    features = torch.zeros_like(_output_of(module, part, example))
    with torch.no_grad():
        try:
            same = torch.equal(small(features), full(features))
        except Exception:  # a network that reads one size only says so in its own way
            same = False
    return small if same else full


@torch.no_grad()
def _output_of(module: nn.Module, part: nn.Module, example: Tensor) -> Tensor:
    seen: list[Tensor] = []
    with hooked([(part, lambda _m, _i, output: seen.append(output))]):
        module(example)
    return seen[0]
