"""The head as a chain of steps, each with what is known of it: what may be computed in closed form is read off here.

A step has one of these kinds:
    channelwise  each value depends on that value alone, by a rule of its channel (ReLU, batch norm, dropout in eval)
    cellwise     each cell depends on that cell alone, in all its channels (1×1 convolution, layer norm over channels)
    pool         the mean over all cells
    window       each output cell depends on a few input cells, channel by channel (max pool, average pool)
    reshape      the same values in another shape
    linear       a fully connected layer
    other        anything else
"""

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.nn import functional as fn

CHANNELWISE, CELLWISE, POOL, RESHAPE = "channelwise", "cellwise", "pool", "reshape"
WINDOW, LINEAR, OTHER = "window", "linear", "other"


@dataclass(frozen=True)
class Step:
    kind: str
    run: Callable[[Tensor], Tensor]
    module: nn.Module | None = None
    is_affine: bool = False


def run_steps(steps: list[Step], values: Tensor) -> Tensor:
    for step in steps:
        values = step.run(values)
    return values


def chain(head: fx.GraphModule) -> list[Step] | None:
    """The steps of a head, in order; None when it branches or takes more than one input."""
    steps: list[Step] = []
    current: fx.Node | None = None
    for node in head.graph.nodes:
        if node.op == "placeholder":
            if current is not None:
                return None
            current = node
        elif node.op == "output":
            return steps if node.args == (current,) else None
        else:
            if node.op == "get_attr" or node.all_input_nodes != [current] or current is None:
                return None
            steps += _steps_of(node, current, head)
            current = node
    return None


def _steps_of(node: fx.Node, source: fx.Node, owner: nn.Module) -> list[Step]:
    if node.op == "call_module":
        return _module_steps(owner.get_submodule(str(node.target)))
    return [_call_step(node, source)]


_CHANNELWISE_MODULES: tuple[type[nn.Module], ...] = (
    nn.ReLU, nn.ReLU6, nn.Hardswish, nn.SiLU, nn.GELU, nn.ELU, nn.LeakyReLU, nn.Mish, nn.Sigmoid, nn.Tanh,
    nn.Hardsigmoid, nn.Hardtanh, nn.Softplus,
)  # fmt: skip
_TRIVIAL_MODULES = (nn.Identity, nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.AlphaDropout)
_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)


def _module_steps(module: nn.Module) -> list[Step]:
    if type(module) in _CHANNELWISE_MODULES:
        return [Step(CHANNELWISE, _safe(module), module)]
    if type(module) in _TRIVIAL_MODULES:
        return []
    if type(module) in _NORMS and module.track_running_stats:
        return [Step(CHANNELWISE, module, module, is_affine=True)]
    if type(module) is nn.Linear:
        return [Step(LINEAR, module, module, is_affine=True)]
    if type(module) is nn.Conv2d and _is_one_by_one(module):
        return [Step(CELLWISE, module, module, is_affine=True)]
    if type(module) is nn.Flatten and (module.start_dim, module.end_dim) == (1, -1):
        return [Step(RESHAPE, module, module, is_affine=True)]
    if type(module) is nn.AdaptiveAvgPool2d and module.output_size in (1, (1, 1), [1, 1]):
        return [Step(POOL, module, module, is_affine=True)]
    if type(module) in (nn.AdaptiveAvgPool2d, nn.AvgPool2d, nn.MaxPool2d, nn.AdaptiveMaxPool2d):
        return [Step(WINDOW, module, module)]
    if type(module).__name__ == "LayerNorm2d":  # torchvision's and timm's: over the channels of each cell
        return [Step(CELLWISE, module, module)]
    return _inside(module)


def _inside(module: nn.Module) -> list[Step]:
    """The steps of a module made of others, or the module as one opaque step."""
    opaque = [Step(OTHER, module, module)]
    if next(module.children(), None) is None:
        return opaque
    if isinstance(module, nn.Sequential) and type(module).forward is nn.Sequential.forward:
        return [step for part in module for step in _module_steps(part)]
    try:
        traced = fx.GraphModule(module, _Shallow(param_shapes_constant=True).trace(module))
    except Exception:  # tracing runs foreign code on stand-ins, so it may fail in any way
        return opaque
    steps = chain(traced)
    return opaque if steps is None else steps


class _Shallow(fx.Tracer):
    """Traces one module; the modules in it stay single steps and are looked into one by one."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return True


def _safe(module: nn.Module) -> Callable[[Tensor], Tensor]:
    """An activation that never writes into its input."""
    if getattr(module, "inplace", False):
        return lambda values: module(values.clone())
    return module


def _is_one_by_one(conv: nn.Conv2d) -> bool:
    return conv.kernel_size == (1, 1) and conv.stride == (1, 1) and conv.padding in ((0, 0), "valid")


_CHANNELWISE_CALLS = {
    fn.relu, fn.relu6, fn.hardswish, fn.silu, fn.gelu, fn.elu, fn.leaky_relu, fn.mish, torch.relu, torch.sigmoid, torch.tanh,
    fn.hardtanh, fn.softplus, "relu", "relu_", "sigmoid", "tanh",
}  # fmt: skip
_RESHAPES = {torch.flatten, torch.squeeze, "flatten", "squeeze", "view", "reshape"}
_TRIVIAL_CALLS = {fn.dropout, fn.dropout2d, "contiguous"}


def _call_step(node: fx.Node, source: fx.Node) -> Step:
    def run(values: Tensor) -> Tensor:
        def place(argument: Any) -> Any:
            return values.clone() if writes else values if argument is source else argument

        args = fx.node.map_aggregate(node.args, lambda a: place(a) if isinstance(a, fx.Node) else a)
        kwargs = fx.node.map_aggregate(node.kwargs, lambda a: place(a) if isinstance(a, fx.Node) else a)
        if node.op == "call_method":
            return getattr(args[0], str(node.target))(*args[1:], **kwargs)
        return function(*args, **kwargs)

    function: Any = node.target
    writes = bool(node.kwargs.get("inplace")) or str(node.target).endswith("_")
    return Step(*_kind_of_call(node, run))


def _kind_of_call(node: fx.Node, run: Callable[[Tensor], Tensor]) -> tuple[str, Any, None, bool]:
    target = node.target
    if target in _CHANNELWISE_CALLS:
        return CHANNELWISE, run, None, False
    if target in _TRIVIAL_CALLS and not node.kwargs.get("training"):
        return RESHAPE, run, None, True
    if target in _RESHAPES:
        return RESHAPE, run, None, True
    if target is fn.adaptive_avg_pool2d and node.args[1] in (1, (1, 1), [1, 1]):
        return POOL, run, None, True
    if target in (torch.mean, "mean") and _dims(node) in ((2, 3), (-2, -1), (-1, -2), (3, 2)):
        return POOL, run, None, True
    if target in (operator.mul, operator.truediv) and not isinstance(node.args[1], fx.Node):
        return CHANNELWISE, run, None, True
    return OTHER, run, None, False


def _dims(node: fx.Node) -> tuple[int, ...]:
    dims = node.args[1] if len(node.args) > 1 else node.kwargs.get("dim", ())
    return tuple(dims) if isinstance(dims, (tuple, list)) else ()
