"""What a method may use: one batch of photos, cut at the layer, and what several methods share, computed once."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from .heads.base import Head
from .scoring.output import SIGMOID
from .scoring.scores import scores_as, sigmoid_drops

if TYPE_CHECKING:
    from .network import Network

Changes = Callable[[Head, Tensor, Tensor | None], Tensor]
"""Of a head, features (B, K, h, w) and targets (B,), or None for all classes: changes of the scores (B, n), or (B, n, classes)."""


@dataclass
class Case:
    """photos (B, 3, H, W), features A (B, K, h, w), logits (B, classes), targets (B,), and the score Y explained.

    `classify` runs the whole network: photos -> logits. Methods of masked_passes.py need it.
    `module` is the whole network for methods that are not ours: a copy, which gives the score that is explained; `net` is
    where it came from. Of the photos the first `wanted` are asked for, and the rest fill the batch up; None: all are.
    """

    photos: Tensor
    features: Tensor
    head: Head
    targets: Tensor
    logits: Tensor
    classify: Callable[[Tensor], Tensor]
    score: str = "logit"
    module: nn.Module | None = None
    net: "Network | None" = None
    wanted: int | None = None

    @property
    def asked(self) -> int:
        """How many of the photos are asked for."""
        return len(self.photos) if self.wanted is None else self.wanted

    def of_photo(self, photo: int) -> "Case":
        """The case of one photo alone, with nothing computed yet."""
        alone = slice(photo, photo + 1)
        return replace(
            self,
            photos=self.photos[alone],
            features=self.features[alone],
            head=self.head.of_photo(photo),
            targets=self.targets[alone],
            logits=self.logits[alone],
            wanted=None,
        )

    @property
    def cells(self) -> tuple[int, int]:
        """(h, w)"""
        return self.features.shape[2], self.features.shape[3]

    @cached_property
    def gradient(self) -> Tensor:
        """dY/dA (B, K, h, w), through the head alone."""
        return self.head.gradient(self.features, self.targets, self.score)

    @cached_property
    def cell_drops(self) -> Tensor:
        """(Y − Y_ij) / |Y| for every cell set to zero in all channels: (B, h, w)."""
        return self.drops(lambda head, *given: head.cell_changes(*given)).view(-1, *self.cells)

    @cached_property
    def channel_drops(self) -> Tensor:
        """(Y − Y_k) / |Y| for every channel set to zero in all cells: (B, K)."""
        return self.drops(lambda head, *given: head.channel_changes(*given))

    def drops(self, changes: Changes) -> Tensor:
        """Changes of the score as shares of it: (B, n). A score of exactly 0 is divided by 1."""
        if self.score == "logit":
            whole = self.scores_of(self.logits, self.targets)[:, None].abs()
            return changes(self.head, self.features, self.targets) / torch.where(whole == 0, 1.0, whole)
        if self.score == SIGMOID:
            own = self.logits.gather(1, self.targets[:, None])
            return sigmoid_drops(own, changes(self.head, self.features, self.targets))
        rows = [
            probability_drops(
                self.logits[n],
                changes(self.head.of_photo(n), self.features[n : n + 1], None)[0],
                int(self.targets[n]),
            )
            for n in range(len(self.features))
        ]
        return torch.stack(rows)

    def scores_of(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Y (n,) from logits (n, classes)."""
        return scores_as(logits, self.score).gather(1, targets[:, None])[:, 0]


def probability_drops(logits: Tensor, changes: Tensor, target: int) -> Tensor:
    """(p − p') / p for one photo, from the changes (n, classes) of its logits, without subtracting probabilities.

    log p' − log p = −Δ_c − log Σ_j p_j exp(−Δ_j), and the drop is −expm1 of it. The sum is near 1 where little
    changes, so its logarithm is log1p of Σ_j p_j expm1(−Δ_j).
    """
    spread = torch.log1p((logits.softmax(0) * torch.expm1(-changes)).sum(1))
    return -torch.expm1(-changes[:, target] - spread)
