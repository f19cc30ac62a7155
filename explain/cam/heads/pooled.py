"""Closed forms for heads that average over cells: steps per cell → mean over cells → class scores.

P are the steps before the mean (none in ResNet, ReLU in DenseNet, 1×1 convolution and ReLU in SqueezeNet), D = P(A) −
P(0), n = h·w, and W the part after the mean where it is linear.

    cell ij at zero      Z_c − Z_c' = W_c · D_ij / n
    channel k at zero    Z_c − Z_c' = W_ck · mean_ij(D^k)            where P treats each channel alone
    gradient             W_c / n                                      where there is no P

The change itself is computed, never the difference of two large scores. Where the part after the mean is not linear
(ConvNeXt, MobileNetV3) it runs on the changed means: vectors, not maps. Where P mixes channels by a 1×1 convolution V,
channel k takes V_·k A^k_ij away from the convolution's output at each cell.
"""

from functools import cached_property
from itertools import takewhile

import torch
from torch import Tensor, fx, nn

from .base import Head
from .steps import CELLWISE, CHANNELWISE, LINEAR, POOL, RESHAPE, Step, chain, run_steps
from .tail import Tail

_CHUNK_VALUES = 2**22
"""How many values one chunk of changed vectors or maps may hold."""
_CACHED_VALUES = 2**17
"""How many values fit into the processor's cache."""


def pooled_head(graph: fx.GraphModule) -> "PooledHead | None":
    """The closed form for a head graph, or None where it has another shape."""
    steps = chain(graph)
    if steps is None:
        return None
    before = list(takewhile(lambda step: step.kind in (CHANNELWISE, CELLWISE), steps))
    after = steps[len(before) :]
    if not after or after[0].kind != POOL:
        return None
    mixing = [step for step in before if step.kind == CELLWISE]
    if not mixing:
        return PooledHead(graph, before, after)
    only = mixing[0].module
    leaving = before[before.index(mixing[0]) + 1 :]
    plain = all(step.kind in (POOL, RESHAPE) for step in after) and not any(_has_values(s) for s in leaving)
    if len(mixing) == 1 and isinstance(only, nn.Conv2d) and only.groups == 1 and plain:
        return ConvolvedHead(graph, before, after)
    return None


def _has_values(step: Step) -> bool:
    """Whether a step treats channels differently from one another, as a norm does."""
    return step.module is not None and bool(step.module.state_dict())


class PooledHead(Head):
    """P treats each channel alone."""

    def __init__(self, graph: fx.GraphModule, before: list[Step], after: list[Step]) -> None:
        super().__init__(graph)
        self._before, self._after = before, after
        self._is_linear = all(step.is_affine for step in after)
        self._tail = Tail(after)
        self.kind = "average pool + linear" if self._is_linear else "average pool + vectors"

    @torch.no_grad()
    def gradient(self, features: Tensor, targets: Tensor, score: str = "logit") -> Tensor:
        if self._before or score != "logit" or not self._is_linear:
            return super().gradient(features, targets, score)
        cells = features.shape[2] * features.shape[3]
        return (self._weight[targets] / cells)[:, :, None, None].expand_as(features)

    @torch.no_grad()
    def cell_changes(self, features: Tensor, targets: Tensor | None) -> Tensor:
        shift = self._shift(features)
        cells = shift.flatten(2) / (shift.shape[2] * shift.shape[3])
        if self._is_linear:
            return self._linear_changes(cells, targets)
        means = run_steps(self._before, features).mean((2, 3))
        return self._photo_by_photo(
            targets, lambda n, t: self._moved(means[n], cells[n].T, t), range(len(features))
        )

    @torch.no_grad()
    def channel_changes(self, features: Tensor, targets: Tensor | None) -> Tensor:
        means = self._shift(features).mean((2, 3))
        if self._is_linear and targets is not None:
            return means * self._weight[targets]
        if self._is_linear:
            return means[:, :, None] * self._weight.T
        whole = run_steps(self._before, features).mean((2, 3))
        return self._photo_by_photo(
            targets, lambda n, t: self._dropped(whole[n], means[n], t), range(len(features))
        )

    @torch.no_grad()
    def group_changes(self, features: Tensor, targets: Tensor | None, groups: Tensor) -> Tensor:
        if not self._is_linear:
            return super().group_changes(features, targets, groups)
        by_channel = self.channel_changes(features, targets)  # what is linear adds up
        return torch.einsum("gk,bk...->bg...", groups.to(by_channel), by_channel)

    def _linear_changes(self, cells: Tensor, targets: Tensor | None) -> Tensor:
        if targets is None:
            return (self._weight @ cells).transpose(1, 2)
        return (self._weight[targets][:, None] @ cells)[:, 0]

    @staticmethod
    def _photo_by_photo(targets: Tensor | None, changes, photos: range) -> Tensor:
        return torch.stack([changes(n, None if targets is None else targets[n]) for n in photos])

    def _moved(self, mean: Tensor, moves: Tensor, target: Tensor | None) -> Tensor:
        """How the scores change when `moves` (n, K) are taken from the mean (K,), one after the other."""
        vectors = torch.cat([mean[None], mean - moves])[:, :, None, None]
        scores = self._tail.scores(vectors, target)
        return scores[0] - scores[1:]

    def _dropped(self, mean: Tensor, lost: Tensor, target: Tensor | None) -> Tensor:
        """How the scores change when channel k of the mean loses lost[k], for each k alone."""
        entry, rest = self._entry
        if entry is None:
            size = max(1, _CHUNK_VALUES // len(mean))
            parts = [self._moved(mean, rows, target) for rows in torch.diag(lost).split(size)]
            return torch.cat(parts)
        hidden = run_steps([entry], mean[None])
        whole = rest.scores(hidden, target)
        size = max(1, _CACHED_VALUES // hidden.numel())
        columns = self._columns
        return torch.cat(
            [
                whole - rest.scores(hidden - lost[part, None] * columns[part], target)
                for part in (slice(start, start + size) for start in range(0, len(lost), size))
            ]
        )

    @cached_property
    def _entry(self) -> tuple[Step | None, Tail]:
        """The linear layer that the mean enters first, where there is one, and the steps after it."""
        rest = [step for step in self._after if step.kind not in (POOL, RESHAPE)]
        if rest and rest[0].kind == LINEAR and len(rest) > 1:
            return rest[0], Tail(rest[1:])
        return None, self._tail

    @cached_property
    def _columns(self) -> Tensor:
        """The first linear layer's columns (K, H), side by side in memory."""
        entry = self._entry[0]
        assert entry is not None
        assert isinstance(entry.module, nn.Linear)
        return entry.module.weight.detach().T.contiguous()

    def _shift(self, features: Tensor) -> Tensor:
        """P(A) − P(0): what each value loses when its cell or channel is set to zero."""
        if not self._before:
            return features
        nothing = features.new_zeros((1, features.shape[1], 1, 1))
        return run_steps(self._before, features) - run_steps(self._before, nothing)

    @cached_property
    def _weight(self) -> Tensor:
        """W (classes, K): the linear part of what follows the mean."""
        steps = [step for step in self._after if step.kind not in (POOL, RESHAPE)]
        if len(steps) == 1 and isinstance(steps[0].module, (nn.Linear, nn.Conv2d)):
            return steps[0].module.weight.detach().flatten(1)
        weight = next(value for step in steps if step.module for value in step.module.state_dict().values())
        count = weight.shape[1] if weight.ndim > 1 else weight.shape[0]
        unit = torch.eye(count, dtype=weight.dtype, device=weight.device)[:, :, None, None]
        with torch.no_grad():
            return (run_steps(self._after, unit) - run_steps(self._after, unit[:1] * 0)).T.contiguous()


class ConvolvedHead(PooledHead):
    """P holds one 1×1 convolution to the classes, and nothing but the mean follows (SqueezeNet, network in network)."""

    def __init__(self, graph: fx.GraphModule, before: list[Step], after: list[Step]) -> None:
        super().__init__(graph, before, after)
        at = next(n for n, step in enumerate(before) if step.kind == CELLWISE)
        self._entering, self._leaving = before[:at], before[at + 1 :]
        conv = before[at].module
        assert isinstance(conv, nn.Conv2d)
        self._conv = conv
        self.kind = "1×1 convolution + average pool"

    def gradient(self, features: Tensor, targets: Tensor, score: str = "logit") -> Tensor:
        if score != "logit" or self._entering:
            return super().gradient(features, targets, score)
        rows = [self._gradient(features[n : n + 1], targets[n : n + 1]) for n in range(len(features))]
        return torch.cat(rows)

    def _gradient(self, features: Tensor, target: Tensor) -> Tensor:
        """Through what follows the convolution by autograd, one plane; then V_ck times it for every channel k."""
        with torch.no_grad():
            plane = self._convolved(features, target)
        plane.requires_grad_(True)
        with torch.enable_grad():
            score = run_steps(self._leaving, plane).mean()
            (slope,) = torch.autograd.grad(score, plane)
        return self._conv.weight.detach()[target].view(1, -1, 1, 1) * slope

    @torch.no_grad()
    def cell_changes(self, features: Tensor, targets: Tensor | None) -> Tensor:
        nothing = features.new_zeros((1, features.shape[1], 1, 1))
        cells = []
        for n in range(len(features)):
            rows = None if targets is None else targets[n : n + 1]
            left = self._classes(features[n : n + 1], rows) - self._classes(nothing, rows)
            change = left.flatten(2)[0].T / (features.shape[2] * features.shape[3])
            cells.append(change if targets is None else change[:, 0])
        return torch.stack(cells)

    @torch.no_grad()
    def channel_changes(self, features: Tensor, targets: Tensor | None) -> Tensor:
        return self._photo_by_photo(
            targets, lambda n, t: self._without_channels(features[n], t), range(len(features))
        )

    def group_changes(self, features: Tensor, targets: Tensor | None, groups: Tensor) -> Tensor:
        return Head.group_changes(self, features, targets, groups)

    def _classes(self, features: Tensor, rows: Tensor | None) -> Tensor:
        """P(A) for the classes `rows`, all where None: (B, rows, h, w)."""
        return run_steps(self._leaving, self._convolved(run_steps(self._entering, features), rows))

    def _convolved(self, entered: Tensor, rows: Tensor | None) -> Tensor:
        weight, bias = self._conv.weight, self._conv.bias
        if rows is not None:
            weight, bias = weight[rows], None if bias is None else bias[rows]
        return nn.functional.conv2d(entered, weight, bias)

    def _without_channels(self, features: Tensor, target: Tensor | None) -> Tensor:
        """The change of the scores for each channel of one photo at zero: (K,) or (K, classes)."""
        rows = None if target is None else target[None]
        entered = run_steps(self._entering, features[None])
        lost = (entered - run_steps(self._entering, torch.zeros_like(features[None])))[0].flatten(1)
        whole = self._convolved(entered, rows)[0].flatten(1)
        weight = self._conv.weight.flatten(1) if rows is None else self._conv.weight[rows].flatten(1)
        active = run_steps(self._leaving, whole)
        size = max(1, _CHUNK_VALUES // whole.numel())
        changes = []
        for part in torch.arange(len(lost), device=lost.device).split(size):
            left = whole - weight.T[part][:, :, None] * lost[part][:, None]
            changes.append((active - run_steps(self._leaving, left)).mean(2))
        all_changes = torch.cat(changes)
        return all_changes if target is None else all_changes[:, 0]
