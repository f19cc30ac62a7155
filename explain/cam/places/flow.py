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
from .steps import keeps_places

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


@dataclass(frozen=True)
class Flow:
    """runs     every part that gave a tensor, in the order of finishing, the whole module last
    passed      the numbers of the runs that all paths go through; None where autograd has no record to tell by
    in_place    the numbers of the runs whose output is sure to have rows and columns on its last two axes
    """

    runs: list[Run]
    passed: set[int] | None
    in_place: set[int]


def find_flow(module: nn.Module, photo: Tensor) -> Flow:
    """What runs in a network. Raises CutError for a network that returns no tensor."""
    try:
        with torch.enable_grad():
            start = photo.detach().clone().requires_grad_(True).clone()
            runs, scores = _recorded(module, start)
    except (
        Exception
    ):  # a network may be written for no_grad alone; it is the user's code, so it may fail in any way
        start = photo
        with torch.no_grad():
            runs, scores = _recorded(module, start)
    if not isinstance(scores, Tensor):
        raise CutError(
            "the network returns no tensor; wrap it in a module that returns class scores (B, classes)"
        )
    order, down = _paths(scores.grad_fn, start.grad_fn)
    if not down.get(scores.grad_fn):
        return Flow(runs, None, set())
    passed = _passed_by_all(order, down)
    kept = _in_place(order, down, start.grad_fn)
    return Flow(
        runs,
        {n for n, run in enumerate(runs) if run.step in passed},
        {n for n, run in enumerate(runs) if run.step in kept},
    )


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


def _paths(end: Any, start: Any) -> tuple[list[Any], dict[Any, int]]:
    """Every step before `end`, each after all that it was made of, and how many paths lead from it back to the start."""
    if end is None or start is None:
        return [], {}
    order, down = _in_order(end), {start: 1}
    for step in order:
        if step is not start:
            down[step] = sum(down.get(before, 0) for before, _ in step.next_functions) % _PRIME
    return order, down


def _passed_by_all(order: list[Any], down: dict[Any, int]) -> set[Any]:
    """The steps that every path from the last back to the start goes through."""
    up = dict.fromkeys(order, 0)  # how many lead to it from the end
    up[order[-1]] = 1
    for step in reversed(order):
        for before, _ in step.next_functions:
            if before is not None:
                up[before] = (up[before] + up[step]) % _PRIME
    total = down[order[-1]]
    return {step for step in order if up[step] * down[step] % _PRIME == total}


def _in_place(order: list[Any], down: dict[Any, int], start: Any) -> set[Any]:
    """The steps that nothing but steps which keep rows and columns lie before."""
    kept = {start}
    for step in order:
        made_of = [before for before, _ in step.next_functions if down.get(before)]
        if made_of and kept.issuperset(made_of) and keeps_places(step):
            kept.add(step)
    return kept


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
