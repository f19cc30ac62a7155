"""What runs in a network, and which of it everything passes: found from one pass that autograd keeps a record of.

The record is a graph from the class scores back to the photo. A layer holds all that the scores depend on if every path of it
goes through the step that made its output: then paths before it times paths after it are all the paths. They are counted modulo
a prime.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ..errors import CutError
from ..hooks import hooked

_PRIME = 2**61 - 1


@dataclass(frozen=True)
class Run:
    """A part that gave a tensor: its name, the output's shape, and the step of autograd's record that made it.

    `same` tells outputs apart: it is equal where two parts gave one and the same (a container and its last part).
    """

    name: str
    part: nn.Module
    shape: tuple[int, ...]
    step: Any
    same: int

    @property
    def is_leaf(self) -> bool:
        return next(self.part.children(), None) is None

    def is_a(self, words: tuple[str, ...]) -> bool:
        return self.is_leaf and any(word in type(self.part).__name__.lower() for word in words)


def find_runs(module: nn.Module, photo: Tensor) -> tuple[list[Run], set[int] | None]:
    """Every part that gave a tensor, in the order of finishing, the whole module last; and what everything passes.

    The second is the numbers of the runs that all paths go through, None where autograd has no record to tell by.
    Raises CutError for a network that returns no tensor.
    """
    try:
        with torch.enable_grad():
            start = photo.detach().clone().requires_grad_(True).clone()
            runs, scores = _recorded(module, start)
    except Exception:  # a network may be written for no_grad alone; it is the user's code, so it may fail in any way
        start = photo
        with torch.no_grad():
            runs, scores = _recorded(module, start)
    if not isinstance(scores, Tensor):
        raise CutError(
            "the network returns no tensor; wrap it in a module that returns class scores (B, classes)"
        )
    passed = _passed_by_all(scores.grad_fn, start.grad_fn)
    if passed is None:
        return runs, None
    return runs, {n for n, run in enumerate(runs) if run.step is not None and run.step in passed}


def _recorded(module: nn.Module, photo: Tensor) -> tuple[list[Run], object]:
    runs: list[Run] = []
    kept: list[Tensor] = []  # so that no two outputs have one address

    def remember(name: str, part: nn.Module) -> Callable[..., None]:
        def hook(_module: nn.Module, _inputs: object, output: object) -> None:
            if isinstance(output, Tensor):
                kept.append(output)
                step = output.grad_fn
                runs.append(Run(name, part, tuple(output.shape), step, id(output if step is None else step)))

        return hook

    with hooked([(part, remember(name, part)) for name, part in module.named_modules()]):
        scores = module(photo)
    return runs, scores


def _passed_by_all(end: Any, start: Any) -> set[Any] | None:
    """The steps that every path from `end` back to `start` goes through; None where there is no path."""
    if end is None or start is None:
        return None
    order = _in_order(end)
    down = {start: 1}  # how many paths lead from a step to the start
    for step in order:
        if step is not start:
            down[step] = sum(down.get(before, 0) for before, _ in step.next_functions) % _PRIME
    up = dict.fromkeys(order, 0)  # how many lead to it from the end
    up[end] = 1
    for step in reversed(order):
        for before, _ in step.next_functions:
            if before is not None:
                up[before] = (up[before] + up[step]) % _PRIME
    total = down[end]
    return {step for step in order if up[step] * down[step] % _PRIME == total} if total else None


def _in_order(end: Any) -> list[Any]:
    """Every step before `end`, each after all that it was made of."""
    order: list[Any] = []
    seen = {end}
    stack = [(end, iter(end.next_functions))]
    while stack:
        step, left = stack[-1]
        for before, _ in left:
            if before is not None and before not in seen:
                seen.add(before)
                stack.append((before, iter(before.next_functions)))
                break
        else:
            order.append(step)
            stack.pop()
    return order
