"""Networks for methods with rules of their own at each activation (guided backpropagation, DeepLift).

Such rules hang on modules: on one that runs twice, or on an activation that is a function and no module, they are wrong in
silence. So the network is traced, and every run of an activation becomes a module of its own that changes nothing in place.
"""

from copy import deepcopy

import torch
from torch import fx, nn
from torch.nn import functional as fn

from ..errors import InputError

_FUNCTIONS = {
    fn.relu: nn.ReLU,
    torch.relu: nn.ReLU,
    torch.relu_: nn.ReLU,
    fn.silu: nn.SiLU,
    torch.sigmoid: nn.Sigmoid,
    torch.tanh: nn.Tanh,
}
_TENSOR_METHODS = {"relu": nn.ReLU, "relu_": nn.ReLU, "sigmoid": nn.Sigmoid, "tanh": nn.Tanh}


def with_own_activations(module: nn.Module, method: str, needs: tuple[type[nn.Module], ...]) -> nn.Module:
    """The network as a graph in which each activation is a module that runs once.

    Raises InputError where it cannot be traced, or has none of the activations that the method `needs`.
    """
    try:
        graph = fx.symbolic_trace(module)
    except Exception as problem:  # tracing runs the user's code on stand-ins, so it may fail in any way
        raise InputError(
            f"{method} has a rule for each activation, and this network cannot be traced to find them all; "
            "use captum:Saliency or captum:IntegratedGradients"
        ) from problem
    seen: set[int] = set()
    for number, node in enumerate(list(graph.graph.nodes)):
        kind = _activation(graph, node, seen)
        if kind is None:
            continue
        name = f"activation_{number}"
        graph.add_submodule(name, kind)
        with graph.graph.inserting_after(node):
            own = graph.graph.call_module(name, (node.args[0],))
        node.replace_all_uses_with(own)
        graph.graph.erase_node(node)
    graph.recompile()
    if needs and not any(isinstance(part, needs) for part in graph.modules()):
        kinds = ", ".join(kind.__name__ for kind in needs)
        raise InputError(
            f"{method} changes what goes back through {kinds}, and this network has none: its map would be the plain gradient; "
            "use captum:Saliency"
        )
    return graph


def _activation(graph: fx.GraphModule, node: fx.Node, seen: set[int]) -> nn.Module | None:
    """The module that a step becomes; None where it is no activation, or one that runs here alone."""
    if node.op == "call_function" and node.target in _FUNCTIONS:
        return _FUNCTIONS[node.target]()
    if node.op == "call_method" and node.target in _TENSOR_METHODS:
        return _TENSOR_METHODS[str(node.target)]()
    if node.op != "call_module":
        return None
    part = graph.get_submodule(str(node.target))
    if id(part) not in seen:
        seen.add(id(part))
        return None
    has_values = any(True for _ in (*part.parameters(), *part.buffers()))
    return None if has_values else deepcopy(part)
