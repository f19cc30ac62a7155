"""Closed forms for heads that average over cells: convolution-like steps per cell → mean over cells → class scores.

With d_ij = P(A_ij) − P(0), where P are the steps before the mean (none in ResNet, ReLU in DenseNet), and W the
linear part after it (h·w = n cells):

    cell ij at zero        Z_c − Z_c' = W_c · d_ij / n
    channel k at zero      Z_c − Z_c' = W_ck · mean_ij(d_k)           (P acts on each channel alone)
    gradient               W_c / n                                    (no P)

The change itself is computed, never the difference of two large scores. Where the part after the mean is not linear
(ConvNeXt, MobileNetV3) it is run on the changed means: vectors, not maps.
"""

from collections.abc import Callable

import torch
from torch import Tensor, fx

from explain.cam.head import Head
from explain.cam.steps import CELLWISE, CHANNELWISE, POOL, RESHAPE, Step, chain, run_steps


def pooled_head(graph: fx.GraphModule) -> "PooledHead | None":
    """The closed form for a head graph, or None where it has another shape."""
    steps = chain(graph)
    if steps is None:
        return None
    at = next((n for n, step in enumerate(steps) if step.kind == POOL), None)
    if at is None:
        return None
    before, after = steps[:at], steps[at:]
    if not all(step.kind == CHANNELWISE for step in before):
        return None
    if not all(step.is_affine for step in after):
        return None
    return PooledHead(graph, before, after)


class PooledHead(Head):
    kind = "average pool + linear"

    def __init__(self, run: Callable[[Tensor], Tensor], before: list[Step], after: list[Step]) -> None:
        super().__init__(run)
        self._before = before
        self._after = after
        self._weight: Tensor | None = None

    @torch.no_grad()
    def gradient(self, features: Tensor, targets: Tensor, score: str = "logit") -> Tensor:
        if self._before or score != "logit":
            return super().gradient(features, targets, score)
        cells = features.shape[2] * features.shape[3]
        return (self._linear(features)[targets] / cells)[:, :, None, None].expand_as(features)

    @torch.no_grad()
    def cell_changes(self, features: Tensor, targets: Tensor | None) -> Tensor:
        shift, weight = self._shift(features), self._linear(features)
        cells = shift.flatten(2) / (shift.shape[2] * shift.shape[3])
        if targets is None:
            return (weight @ cells).transpose(1, 2)
        return (weight[targets][:, None] @ cells)[:, 0]

    @torch.no_grad()
    def channel_changes(self, features: Tensor, targets: Tensor | None) -> Tensor:
        means, weight = self._shift(features).mean((2, 3)), self._linear(features)
        if targets is None:
            return means[:, :, None] * weight.T
        return means * weight[targets]

    def _shift(self, features: Tensor) -> Tensor:
        """P(A) − P(0): what each value loses when its cell or channel is set to zero."""
        if not self._before:
            return features
        nothing = features.new_zeros((1, features.shape[1], 1, 1))
        return run_steps(self._before, features) - run_steps(self._before, nothing)

    def _linear(self, features: Tensor) -> Tensor:
        """W (classes, K): the linear part of what follows the mean."""
        if self._weight is None:
            steps = [step for step in self._after if step.kind not in (POOL, RESHAPE)]
            if len(steps) == 1 and steps[0].module is not None and steps[0].kind != CHANNELWISE:
                self._weight = steps[0].module.get_parameter("weight").detach().flatten(1)
            else:
                count = features.shape[1]
                unit = torch.eye(count, dtype=features.dtype, device=features.device)[:, :, None, None]
                nothing = run_steps(self._after, torch.zeros_like(unit[:1]))
                self._weight = (run_steps(self._after, unit) - nothing).T.contiguous()
        return self._weight


__all__ = ["CELLWISE", "PooledHead", "pooled_head"]
