"""Maps from the attention of a transformer: attention rollout, and Chefer's relevance.

Attention is read where it is computed (a softmax over all tokens, or PyTorch's fused form, which is then written out), so no name
of a network or part matters. It is read only where every token attends to every token in each layer, and where the network is cut
at these tokens: windows (Swin), pooled tokens (PiT, Hiera, LeViT) and separate class attention (CaiT) are refused.
"""

import math
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as fn
from torch.overrides import TorchFunctionMode

from .brought.alone import one_by_one
from .case import Case
from .errors import InputError
from .method import Method
from .names.attention import ATTENTION

_SOFTMAX = {fn.softmax, torch.softmax, Tensor.softmax}


def attention_method(name: str) -> Method:
    """One of ATTENTION as a method."""
    function, formula, cost = {
        "attention-rollout": (
            rollout,
            "rows of Π_l (mean_heads A_l + I) / 2 that the class scores read",
            "one pass and one gradient of the whole network",
        ),
        "attention-relevance": (
            relevance,
            "rows of R that the class scores read, R ← R + mean_heads(ReLU(∂Y/∂A_l ⊙ A_l)) R from R = I",
            "one pass and one gradient of the whole network",
        ),
    }[name]
    return Method(name, ATTENTION[name].citation, formula, cost, one_by_one(name, function))


def rollout(case: Case) -> Tensor:
    """The map of one photo (1, h, w): how much of each cell's token reaches the tokens that the class scores are read from."""
    layers, gradients = _read("attention-rollout", case)
    one = torch.eye(layers[0].shape[-1]).to(layers[0])
    flow = one
    for attention in layers:
        flow = (attention[0].mean(0) + one) / 2 @ flow
    return _cells("attention-rollout", case, flow, gradients[-1])


def relevance(case: Case) -> Tensor:
    """The map of one photo (1, h, w): the same, with each head weighted by how fast the score changes with it."""
    layers, gradients = _read("attention-relevance", case)
    flow = torch.eye(layers[0].shape[-1]).to(layers[0])
    for attention, gradient in zip(layers, gradients, strict=True):
        flow = flow + (gradient * attention)[0].clamp_min(0).mean(0) @ flow
    return _cells("attention-relevance", case, flow, gradients[-1])


def _read(name: str, case: Case) -> tuple[list[Tensor], list[Tensor]]:
    """Each layer's attention (1, heads, N, N) and the score's gradient for it. Raises InputError where there is none to read."""
    assert case.module is not None
    assert case.net is not None
    layout, reader = case.net.layout, _Reader()
    with torch.enable_grad(), reader:
        score = case.module(case.photos.detach().clone().requires_grad_(True)).gather(
            1, case.targets[:, None]
        )
    count = layout.cells[0] * layout.cells[1] + layout.apart
    shapes = {tuple(attention.shape[2:]) for attention in reader.layers}
    if not shapes:
        raise InputError(
            f"{name} reads the attention of a transformer, and this network has none; use grad-cam"
        )
    if not layout.tokens or shapes != {(count, count)}:
        raise InputError(
            f"{name} needs layers in which all {count} tokens that the network is cut at attend to each other, and this network"
            f" has attention of {' and '.join(f'{a} × {b}' for a, b in sorted(shapes)[:3])}; use grad-cam"
        )
    gradients = torch.autograd.grad(score.sum(), reader.layers, allow_unused=True)
    return (
        [attention.detach() for attention in reader.layers],
        [
            torch.zeros_like(attention) if gradient is None else gradient
            for attention, gradient in zip(reader.layers, gradients, strict=True)
        ],
    )


def _cells(name: str, case: Case, flow: Tensor, last: Tensor) -> Tensor:
    """The mean of the rows of `flow` that the class scores read, at the cells. Which they are, the last layer's gradient tells."""
    assert case.net is not None
    rows = (last[0] != 0).any(2).any(0)
    if not rows.any():
        raise InputError(f"{name}: the class scores do not change with the last attention; use grad-cam")
    layout = case.net.layout
    share = flow[rows].mean(0)
    return share[layout.before : len(share) - layout.after].view(1, *layout.cells)


class _Reader(TorchFunctionMode):
    """Keeps every attention (B, heads, N, M) that is computed while it stands."""

    def __init__(self) -> None:
        super().__init__()
        self.layers: list[Tensor] = []

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func is fn.scaled_dot_product_attention:
            return self._attend(*args, **kwargs)
        output = func(*args, **kwargs)
        if func in _SOFTMAX and output.ndim == 4:
            self.layers.append(output)
        return output

    def _attend(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        attn_mask: Tensor | None = None,
        dropout_p: float = 0.0,
        is_causal: bool = False,
        scale: float | None = None,
        enable_gqa: bool = False,
    ) -> Tensor:
        """softmax(QKᵀ · scale + mask) V, written out. The network is in eval mode: no dropout."""
        if is_causal or enable_gqa:
            raise InputError("attention with a causal mask or shared heads is not read; use grad-cam")
        products = (
            query @ key.transpose(-2, -1) * (1 / math.sqrt(query.shape[-1]) if scale is None else scale)
        )
        if attn_mask is not None:
            masked = attn_mask.dtype == torch.bool
            products = products.masked_fill(~attn_mask, -torch.inf) if masked else products + attn_mask
        attention = products.softmax(-1)
        self.layers.append(attention)
        return attention @ value
