"""The end of a head, where features have become vectors: class scores of many changed vectors of one photo."""

from torch import Tensor, nn
from torch.nn import functional as fn

from explain.cam.steps import LINEAR, Step, run_steps

_ACTIVE_SHARE = 0.75


class Tail:
    """The steps that turn vectors (n, H), or (n, H, 1, 1), into class scores (n, classes).

    Where one class is wanted, only its row of the last layer is used. Columns of a layer that every vector leaves
    at zero (behind a ReLU, most of them) are left out: they add nothing.
    """

    def __init__(self, steps: list[Step]) -> None:
        self._last = steps[-1] if steps and steps[-1].kind == LINEAR else None
        self._steps = steps[:-1] if self._last else steps

    def scores(self, vectors: Tensor, target: Tensor | None) -> Tensor:
        """(n,) for the class `target`, or (n, classes) where it is None."""
        for step in self._steps:
            vectors = _sparse(step, vectors) if step.kind == LINEAR else step.run(vectors)
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


def _sparse(step: Step, vectors: Tensor) -> Tensor:
    layer = step.module
    assert isinstance(layer, nn.Linear)
    active = (vectors != 0).any(0)
    if len(vectors) < 32 or int(active.sum()) > _ACTIVE_SHARE * len(active):
        return step.run(vectors)
    columns = active.nonzero()[:, 0]
    return fn.linear(vectors[:, columns], layer.weight[:, columns], layer.bias)
