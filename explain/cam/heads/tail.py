"""The end of a head, where features have become vectors: class scores of many changed vectors of one photo."""

import torch
from torch import Tensor, nn

from .steps import LINEAR, Step, run_steps

_MANY = 128
"""From this many vectors on it pays to look for columns that are zero in all of them."""
_ACTIVE_SHARE = 0.75
_CHUNK_VALUES = 2**19
"""How many values of the vectors are worked on at a time: few enough to stay in the processor's cache."""


class Tail:
    """The steps that turn vectors (n, H), or (n, H, 1, 1), into class scores (n, classes).

    Where one class is wanted, only its row of the last layer is used. Columns of a layer that every vector leaves
    at zero (behind a ReLU, most of them) are left out: they add nothing.
    """

    def __init__(self, steps: list[Step]) -> None:
        self._last = steps[-1] if steps and steps[-1].kind == LINEAR else None
        self._steps = steps[:-1] if self._last else steps
        self._turned: dict[int, Tensor] = {}

    def scores(self, vectors: Tensor, target: Tensor | None) -> Tensor:
        """(n,) for the class `target`, or (n, classes) where it is None."""
        if any(step.kind == LINEAR for step in self._steps):
            return self._scores(vectors, target)
        size = max(1, _CHUNK_VALUES // vectors[0].numel())
        return torch.cat([self._scores(part, target) for part in vectors.split(size)])

    def _scores(self, vectors: Tensor, target: Tensor | None) -> Tensor:
        for number, step in enumerate(self._steps):
            many = step.kind == LINEAR and len(vectors) >= _MANY
            vectors = self._sparse(number, step, vectors) if many else step.run(vectors)
        if self._last is None:
            vectors = vectors.flatten(1)
            return vectors if target is None else vectors[:, target]
        if target is None:
            return self._last.run(vectors)
        last = self._last.module
        assert isinstance(last, nn.Linear)
        bias = 0 if last.bias is None else last.bias[target]
        return vectors @ last.weight[target] + bias

    def all_scores(self, vectors: Tensor) -> Tensor:
        """(n, classes), without leaving anything out: what autograd goes through."""
        return run_steps([*self._steps, *([self._last] if self._last else [])], vectors)

    def _sparse(self, number: int, step: Step, vectors: Tensor) -> Tensor:
        layer = step.module
        assert isinstance(layer, nn.Linear)
        active = (vectors != 0).any(0)
        if int(active.sum()) > _ACTIVE_SHARE * len(active):
            return step.run(vectors)
        columns = active.nonzero()[:, 0]
        if number not in self._turned:  # a column of the weights is then one piece of memory
            self._turned[number] = layer.weight.detach().T.contiguous()
        weights = self._turned[number].index_select(0, columns)
        kept = vectors.index_select(1, columns)
        return kept @ weights if layer.bias is None else torch.addmm(layer.bias, kept, weights)
