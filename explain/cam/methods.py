"""METHODS: every way to make a map, each one function and one entry.

A function takes a Case (one batch of photos, cut at the layer, with its targets) and gives maps (B, h, w) before
the final ReLU. Whatever two methods share, a gradient or the ablation of all cells, the Case computes once.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from explain.cam.errors import UnknownNameError, nearest
from explain.cam.head import Head


@dataclass
class Case:
    """What a method may use: A = features (B, K, h, w), the head, the targets (B,), and the score that is explained."""

    features: Tensor
    head: Head
    targets: Tensor
    logits: Tensor
    score: str = "logit"

    @cached_property
    def gradient(self) -> Tensor:
        """dY/dA (B, K, h, w), computed through the head alone."""
        return self.head.gradient(self.features, self.targets, self.score)

    @cached_property
    def cell_drops(self) -> Tensor:
        """(Y − Y_ij) / |Y| for every cell set to zero in all channels: (B, h, w)."""
        return self._drops(self.head.cell_changes).view(len(self.features), *self.features.shape[2:])

    @cached_property
    def channel_drops(self) -> Tensor:
        """(Y − Y_k) / |Y| for every channel set to zero in all cells: (B, K)."""
        return self._drops(self.head.channel_changes)

    def _drops(self, changes: Callable[[Tensor, Tensor | None], Tensor]) -> Tensor:
        if self.score == "logit":
            whole = self.logits.gather(1, self.targets[:, None]).abs()
            return changes(self.features, self.targets) / torch.where(whole == 0, 1.0, whole)
        photos = range(len(self.features))
        rows = [
            _probability_drops(
                self.logits[n], changes(self.features[n : n + 1], None)[0], int(self.targets[n])
            )
            for n in photos
        ]
        return torch.stack(rows)


def _probability_drops(logits: Tensor, changes: Tensor, target: int) -> Tensor:
    """(p − p') / p for one photo, from the changes (n, classes) of its logits, without subtracting probabilities.

    log p' − log p = −Δ_c − log Σ_j p_j exp(−Δ_j), and the drop is −expm1 of it.
    """
    spread = torch.log1p((logits.softmax(0) * torch.expm1(-changes)).sum(1))
    return -torch.expm1(-changes[:, target] - spread)


@dataclass(frozen=True)
class Method:
    """A registry entry. `cost` says what it needs beyond one pass of the trunk."""

    name: str
    citation: str
    formula: str
    cost: str
    function: Callable[[Case], Tensor]


def grad_cam(case: Case) -> Tensor:
    weights = case.gradient.mean((2, 3))
    return torch.einsum("bk,bkhw->bhw", weights, case.features)


def ablation_cam(case: Case) -> Tensor:
    return torch.einsum("bk,bkhw->bhw", case.channel_drops, case.features)


def pixel_ablation_cam(case: Case) -> Tensor:
    return case.cell_drops * case.features.sum(1)


METHODS: dict[str, Method] = {
    method.name: method
    for method in (
        Method(
            "grad-cam",
            "Selvaraju et al., Grad-CAM, ICCV 2017",
            "ReLU(Σ_k mean_ij(∂Y/∂A^k_ij) · A^k)",
            "gradient of the head",
            grad_cam,
        ),
        Method(
            "ablation-cam",
            "Desai and Ramaswamy, Ablation-CAM, WACV 2020",
            "ReLU(Σ_k (Y − Y_k)/|Y| · A^k)",
            "one head score for each channel",
            ablation_cam,
        ),
        Method(
            "pixel-ablation-cam",
            "Pixel Ablation-CAM, equation 5",
            "ReLU((Y − Y_ij)/|Y| · Σ_k A^k_ij)",
            "one head score for each cell",
            pixel_ablation_cam,
        ),
    )
}


def find_methods(names: list[str]) -> list[Method]:
    """The entries of `names`. Raises UnknownNameError with the list of names."""
    for name in names:
        if name not in METHODS:
            raise UnknownNameError(
                f"method {name!r} does not exist{nearest(name, METHODS)} Choose from {', '.join(METHODS)}"
            )
    return [METHODS[name] for name in names]
