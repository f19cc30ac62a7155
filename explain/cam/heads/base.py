"""Class scores from features, and how they change when cells or channels of the features are set to zero.

One interface, `Head`. This class is the general form: it runs the head alone, in chunks, from cached features, and
serves any network. The forms in pooled.py and mlp.py give the same numbers and run less or nothing, where the graph of
the head allows it.
"""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ..cut import Run
from ..scoring.scores import scores_as

Drop = Callable[[Tensor, range], Tensor]

CHUNK_BYTES = 64 * 2**20
"""How much memory the features of one chunk may take."""
CHUNK_MAX = 64


class Head:
    """The general head. Shapes: features (B, K, h, w), targets (B,) int64, logits (B, classes).

    `cell_changes` and `channel_changes` give Z − Z', the class score minus what is left of it when one cell or one
    channel is zero: (B, h·w) or (B, K) for `targets`, or with a last axis of all classes when targets is None.
    """

    kind = "general"

    def __init__(self, run: Run) -> None:
        self._run = run

    def of_photo(self, photo: int) -> "Head":
        """The head for the features of one photo of the batch alone."""
        return self

    @torch.no_grad()
    def logits(self, features: Tensor) -> Tensor:
        return self._run(features.clone())

    def gradient(self, features: Tensor, targets: Tensor, score: str = "logit") -> Tensor:
        """How the score of each photo's target changes with each value of the features: (B, K, h, w)."""
        leaf = features.detach().clone().requires_grad_(True)
        with torch.enable_grad():
            logits = self._run(leaf.clone())  # the clone protects the leaf from an in-place activation
            scores = scores_as(logits, score)
            total = scores.gather(1, targets[:, None]).sum()
            return torch.autograd.grad(total, leaf)[0]

    def cell_changes(self, features: Tensor, targets: Tensor | None) -> Tensor:
        cells = features.shape[2] * features.shape[3]
        return self._changes(features, targets, cells, _drop_cells)

    def channel_changes(self, features: Tensor, targets: Tensor | None) -> Tensor:
        return self._changes(features, targets, features.shape[1], _drop_channels)

    def group_changes(self, features: Tensor, targets: Tensor | None, groups: Tensor) -> Tensor:
        """The change when all channels of a group are zero, for groups (G, K) bool: (B, G), or (B, G, classes)."""

        def drop(photo: Tensor, part: range) -> Tensor:
            return photo * ~groups[part.start : part.stop, :, None, None]

        return self._changes(features, targets, len(groups), drop)

    @torch.no_grad()
    def scores_of_masked(self, features: Tensor, masks: Tensor) -> Iterator[Tensor]:
        """Logits (n, classes), chunk by chunk, of one photo's features (K, h, w) under masks (N, 1, h, w)."""
        for part in _chunks(features, len(masks)):
            yield self._run(features * masks[part.start : part.stop])

    @torch.no_grad()
    def _changes(self, features: Tensor, targets: Tensor | None, count: int, drop: Drop) -> Tensor:
        rows = []
        for photo, whole in enumerate(self.logits(features)):
            run = self.of_photo(photo)._run
            parts = [whole - run(drop(features[photo], part)) for part in _chunks(features[photo], count)]
            changes = torch.cat(parts)
            rows.append(changes if targets is None else changes[:, targets[photo]])
        return torch.stack(rows)


def _chunks(features: Tensor, count: int) -> Iterator[range]:
    """Parts of range(count) as large as memory allows; one photo's parts never depend on the rest of the batch."""
    size = CHUNK_BYTES // (features.numel() * features.element_size())
    size = max(1, min(CHUNK_MAX, size))
    return (range(start, min(start + size, count)) for start in range(0, count, size))


def _drop_cells(features: Tensor, cells: range) -> Tensor:
    """Copies (n, K, h, w) of one photo's features, each with one cell at zero in all channels."""
    copies = features.expand(len(cells), *features.shape).clone()
    width = features.shape[2]
    for copy, cell in zip(copies, cells, strict=True):
        copy[:, cell // width, cell % width] = 0
    return copies


def _drop_channels(features: Tensor, channels: range) -> Tensor:
    """Copies (n, K, h, w) of one photo's features, each with one channel at zero in all cells."""
    copies = features.expand(len(channels), *features.shape).clone()
    copies[range(len(channels)), list(channels)] = 0
    return copies
