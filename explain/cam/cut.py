"""A network cut at one layer: a trunk from photos to features, and a head from features to logits.

The user's module is never changed. Where the code around the layer can be traced (torch.fx), trunk and head are
two graphs that share the module's parts. Where it cannot, the layer's output is replaced for the length of one
call and the hook is taken away in `finally`. Either way, nothing may go around the cut: a head that also needs
something from before the layer (a residual or dense connection) is refused.
"""

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, fx, nn

from .errors import CutError, UnknownNameError, nearest

Run = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Cut:
    """trunk(photos) -> features, head(features) -> logits.

    `graph` is the head as a graph whose one input is the features; None where the network could not be traced.
    """

    layer: str
    trunk: Run
    head: Run
    graph: fx.GraphModule | None


class _GoesAround(Exception):  # noqa: N818  a finding, not a failure
    """Something reaches the head without passing the layer."""


def cut(module: nn.Module, layer: str, example: Tensor) -> Cut:
    """Cut `module` at `layer`; `example` (1, 3, H, W) is a photo to try it on.

    Raises UnknownNameError for a layer that does not exist, CutError where the cut is impossible; both name
    layers that would do.
    """
    names = [name for name, _ in module.named_modules() if name]
    if layer not in names:
        raise UnknownNameError(
            f"layer {layer!r} does not exist in {type(module).__name__}{nearest(layer, names)}"
        )
    try:
        return _cut(module, layer, example)
    except _GoesAround as around:
        other = _nearest_cut(module, layer, example, names)
        remedy = f"cut at {other!r} instead" if other else "no layer after it works either; cut earlier"
        raise CutError(
            f"layer {layer!r}: a residual or dense connection goes around it ({around}), so it does not hold"
            f" all that the class scores depend on; {remedy}"
        ) from None


def _cut(module: nn.Module, layer: str, example: Tensor) -> Cut:
    try:
        parts = _cut_by_graph(module, layer)
    except (_GoesAround, CutError):
        raise
    except Exception:  # tracing runs the user's code on stand-ins, so it may fail in any way
        parts = _cut_by_hook(module, layer, example)
    _check(module, parts, example)
    return parts


def _nearest_cut(module: nn.Module, layer: str, example: Tensor, names: list[str]) -> str | None:
    """The smallest part around the layer that can be cut after, else the next part that runs after it."""
    parents = [layer.rsplit(".", n)[0] for n in range(1, layer.count(".") + 1)]
    later = names[names.index(layer) + 1 :]
    for candidate in [*parents, *later]:
        try:
            _cut(module, candidate, example)
        except (_GoesAround, CutError):
            continue
        return candidate
    return None


@torch.no_grad()
def _check(module: nn.Module, parts: Cut, example: Tensor) -> None:
    """The two parts must give what the whole gives, or the cut is worthless."""
    features = parts.trunk(example)
    _check_features(parts.layer, features)
    expected, logits = module(example), parts.head(features.clone())
    if not isinstance(expected, Tensor) or expected.ndim != 2:
        raise CutError(
            f"the network returns {_described(expected)} instead of class scores (B, classes);"
            " wrap it in a module that returns only those"
        )
    scale = expected.abs().max().clamp_min(1e-6)
    if torch.allclose(logits, expected, atol=1e-4 * float(scale), rtol=0):
        return
    if parts.graph is None:  # the head ran on a black photo: what differs did not pass the layer
        raise _GoesAround("with the photo changed before it, the class scores change")
    raise CutError(
        f"layer {parts.layer!r}: the network cut there gives other class scores than the whole;"
        " cut at a layer that runs once"
    )


def _check_features(layer: str, features: object) -> None:
    if not isinstance(features, Tensor) or features.ndim != 4:
        raise CutError(
            f"layer {layer!r} gives {_described(features)}, not features (B, K, h, w);"
            " choose a convolutional layer before the pooling"
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


def _cut_by_graph(module: nn.Module, layer: str) -> Cut:
    graph = _Tracer(layer).trace(module, _defaults(module))
    at = _layer_node(graph, module, layer)
    (output,) = (node for node in graph.nodes if node.op == "output")
    head = _part(module, graph, [output], start=at)
    trunk = _part(module, graph, [at], start=None)
    return Cut(layer, trunk, head, head)


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


def _part(module: nn.Module, graph: fx.Graph, ends: list[fx.Node], start: fx.Node | None) -> fx.GraphModule:
    """The steps that `ends` need, as a graph of its own; with `start` given, that step becomes the only input."""
    needed = set(ends)
    for node in reversed(graph.nodes):
        if node in needed and node is not start:
            needed.update(node.all_input_nodes)
    part = fx.Graph()
    copies: dict[fx.Node, fx.Node] = {}
    if start is not None:
        copies[start] = part.placeholder("features")
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


@contextmanager
def _hooked(part: nn.Module, hook: Callable[..., object]) -> Iterator[None]:
    handle = part.register_forward_hook(hook)
    try:
        yield
    finally:
        handle.remove()


def _cut_by_hook(module: nn.Module, layer: str, example: Tensor) -> Cut:
    part = module.get_submodule(layer)
    runs: list[object] = []
    with torch.no_grad(), _hooked(part, lambda _m, _i, output: runs.append(output)):
        module(example)
    if len(runs) != 1:
        raise CutError(
            f"layer {layer!r} runs {len(runs)} times in a forward pass; choose one that runs exactly once"
        )
    _check_features(layer, runs[0])

    def trunk(photos: Tensor) -> Tensor:
        def stop(_module: nn.Module, _inputs: object, output: Tensor) -> None:
            raise _Stop(output)

        with _hooked(part, stop):
            try:
                module(photos)
            except _Stop as stopped:
                return stopped.features
        raise CutError(f"layer {layer!r} did not run; choose a layer that runs for every photo")

    head = _hook_head(module, part, example)
    if getattr(module, "one_by_one", False):
        return Cut(layer, _one_by_one(trunk), _one_by_one(head), None)
    return Cut(layer, trunk, head, None)


def _one_by_one(run: Run) -> Run:
    """For a program that reads a batch of one and nothing else."""
    return lambda batch: torch.cat([run(photo[None]) for photo in batch])


def _hook_head(module: nn.Module, part: nn.Module, example: Tensor) -> Run:
    """Runs the whole module on a black photo with the layer's output replaced: a small photo where that works."""

    def head_on(photo: Tensor) -> Run:
        def head(features: Tensor) -> Tensor:
            photos = photo.expand(len(features), -1, -1, -1)
            with _hooked(part, lambda _m, _i, _output: features.clone()):
                return module(photos)

        return head

    small = head_on(example.new_zeros((1, example.shape[1], *(min(s, 64) for s in example.shape[2:]))))
    full = head_on(torch.zeros_like(example))
    features = torch.zeros_like(_output_of(module, part, example))
    with torch.no_grad():
        try:
            same = torch.equal(small(features), full(features))
        except (RuntimeError, ValueError):  # a network that reads one size only
            same = False
    return small if same else full


@torch.no_grad()
def _output_of(module: nn.Module, part: nn.Module, example: Tensor) -> Tensor:
    seen: list[Tensor] = []
    with _hooked(part, lambda _m, _i, output: seen.append(output)):
        module(example)
    return seen[0]
