"""Heads that flatten the features into fully connected layers (VGG, AlexNet): only what changed is added again.

The features pass through windows (max pool, average pool) into U (C, P), which the first linear layer V reads.
One cell at zero touches one position p of U, so 512 of VGG's 25,088 columns; one channel touches P = 49:

    cell ij      V·u − V·u' = Σ_c V[:, c, p] (U − U')[c, p]
    channel k    V·u − V·u' = Σ_p V[:, k, p] (U − U')[k, p]

That is taken from the stored V·u, and only the layers after it run, the last one for the target's row alone.
V is kept a second time as (C, P, H), so that both sums run along memory; that is the price (411 MB for VGG-16).
"""

from functools import cached_property

import torch
from torch import Tensor, fx, nn

from ..scoring.scores import scores_as
from .base import Head
from .steps import CHANNELWISE, LINEAR, RESHAPE, WINDOW, Step, chain, run_steps
from .tail import Tail

_CHUNK_BYTES = 128 * 2**20


def mlp_head(graph: fx.GraphModule, features: Tensor) -> "MlpHead | None":
    """The incremental form for a head graph, or None where it has another shape. `features` are those of one photo."""
    steps = chain(graph)
    if steps is None:
        return None
    first = next((n for n, step in enumerate(steps) if step.kind == LINEAR), None)
    if first is None or first == len(steps) - 1:
        return None
    before, linear, after = steps[:first], steps[first], steps[first + 1 :]
    spatial = [step for step in before if step.kind != RESHAPE]
    if any(step.kind not in (CHANNELWISE, WINDOW) for step in spatial) or len(spatial) == len(before):
        return None
    with torch.no_grad():
        read = run_steps(spatial, features)
        flat = run_steps(before, features)
    if read.ndim != 4 or not torch.equal(read.flatten(1), flat):
        return None
    return MlpHead(graph, spatial, linear, after)


class MlpHead(Head):
    kind = "incremental fully connected"

    def __init__(self, graph: fx.GraphModule, spatial: list[Step], linear: Step, after: list[Step]) -> None:
        super().__init__(graph)
        assert isinstance(linear.module, nn.Linear)
        self._spatial, self._layer, self._tail = spatial, linear.module, Tail(after)
        self._hidden_of: tuple[Tensor, Tensor] | None = None

    @torch.no_grad()
    def logits(self, features: Tensor) -> Tensor:
        return self._tail.all_scores(self._hidden(features).clone())

    def gradient(self, features: Tensor, targets: Tensor, score: str = "logit") -> Tensor:
        """Autograd through the tail and through the windows; the first layer's part is one product with V."""
        hidden = self._hidden(features).detach().clone().requires_grad_(True)
        leaf = features.detach().clone().requires_grad_(True)
        with torch.enable_grad():
            logits = self._tail.all_scores(hidden.clone())
            scores = scores_as(logits, score)
            (slope,) = torch.autograd.grad(scores.gather(1, targets[:, None]).sum(), hidden)
            read = run_steps(self._spatial, leaf.clone())
            pulled = (slope @ self._layer.weight.detach()).view_as(read)
            return torch.autograd.grad(read, leaf, pulled)[0]

    @torch.no_grad()
    def cell_changes(self, features: Tensor, targets: Tensor | None) -> Tensor:
        return self._by_photo(features, targets, self._cell_shifts)

    @torch.no_grad()
    def channel_changes(self, features: Tensor, targets: Tensor | None) -> Tensor:
        return self._by_photo(features, targets, self._channel_shifts)

    def group_changes(self, features: Tensor, targets: Tensor | None, groups: Tensor) -> Tensor:
        return self._by_photo(features, targets, lambda f: groups.to(f) @ self._channel_shifts(f))

    def _by_photo(self, features: Tensor, targets: Tensor | None, shifts) -> Tensor:
        hidden = self._hidden(features)
        rows = []
        for n in range(len(features)):
            target = None if targets is None else targets[n]
            vectors = torch.cat([hidden[n : n + 1], hidden[n] - shifts(features[n : n + 1])])
            scores = self._tail.scores(vectors, target)
            rows.append(scores[0] - scores[1:])
        return torch.stack(rows)

    def _hidden(self, features: Tensor) -> Tensor:
        """V·u + b (B, H), remembered for the features asked last: logits, gradient and changes all start there."""
        last = self._hidden_of
        if last is None or last[0] is not features:
            with torch.no_grad():
                last = features, self._layer(run_steps(self._spatial, features).flatten(1))
            self._hidden_of = last
        return last[1]

    @cached_property
    def _columns(self) -> Tensor:
        """V as (columns, H): the columns of one channel lie together."""
        return self._layer.weight.detach().T.contiguous()

    def _channel_shifts(self, features: Tensor) -> Tensor:
        """V·(u − u') for each channel at zero: (K, H)."""
        read, nothing = (run_steps(self._spatial, f)[0] for f in (features, torch.zeros_like(features)))
        lost = (read - nothing).flatten(1)  # (C, P)
        columns = self._columns.view(*lost.shape, -1)  # (C, P, H)
        return torch.bmm(lost[:, None], columns)[:, 0]

    def _cell_shifts(self, features: Tensor) -> Tensor:
        """V·(u − u') for each cell at zero: (h·w, H)."""
        read = run_steps(self._spatial, features)[0].flatten(1)
        columns = self._columns.view(*read.shape, -1).transpose(0, 1)  # (P, C, H)
        shifts = read.new_zeros((features.shape[2] * features.shape[3], columns.shape[2]))
        if not self._spatial_changes(features):
            return torch.bmm(read.T[:, None], columns)[:, 0]
        lost = self._lost_by_cell(features, read)  # (cells, C, P)
        touched = (lost != 0).any(1)
        for position in range(touched.shape[1]):
            cells = touched[:, position].nonzero()[:, 0]
            shifts[cells] += lost[cells, :, position] @ columns[position]
        return shifts

    def _spatial_changes(self, features: Tensor) -> bool:
        """Whether the windows do anything: VGG's average pool to 7 × 7 leaves 7 × 7 cells as they are."""
        return not torch.equal(run_steps(self._spatial, features), features)

    def _lost_by_cell(self, features: Tensor, read: Tensor) -> Tensor:
        """U − U' for each cell at zero: (h·w, C, P). Most of it is zero: a cell touches few windows."""
        _, _, height, width = features.shape
        size = max(1, _CHUNK_BYTES // (features.numel() * features.element_size()))
        parts = []
        for cells in torch.arange(height * width).split(size):
            copies = features.expand(len(cells), -1, -1, -1).clone()
            copies[torch.arange(len(cells)), :, cells // width, cells % width] = 0
            parts.append(read - run_steps(self._spatial, copies).flatten(2))
        return torch.cat(parts)
