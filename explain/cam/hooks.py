"""Hooks that stand for the length of one call, and act in the thread that made the call alone.

A module may be used by several threads at once: what one of them replaces for a moment must never reach another, nor a copy that
is made meanwhile.
"""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from typing import TypeVar

from torch import Tensor, nn

Hook = Callable[..., object]
Module = TypeVar("Module", bound=nn.Module)

_CHANGING = threading.Lock()  # no copy is taken while a hook comes or goes


@contextmanager
def hooked(hooks: Iterable[tuple[nn.Module, Hook]]) -> Iterator[None]:
    """Forward hooks (part, hook), taken away at the end whatever happens."""
    mine, standing = threading.get_ident(), [True]

    def own(hook: Hook) -> Hook:
        def run(*given: object) -> object:
            return hook(*given) if standing and threading.get_ident() == mine else None

        return run

    with _CHANGING:
        handles = [part.register_forward_hook(own(hook)) for part, hook in hooks]
    try:
        yield
    finally:
        standing.clear()
        with _CHANGING:
            for handle in handles:
                handle.remove()


def copy_of(module: Module) -> Module:
    """A deep copy, in which no hook of another thread acts. What a part keeps of an earlier pass is copied without its history."""
    with _CHANGING:
        return deepcopy(module, {id(kept): kept.detach().clone() for kept in _kept_by(module)})


def _kept_by(module: nn.Module) -> Iterator[Tensor]:
    """Tensors with a history that parts keep as attributes (a cache of biases): they cannot be copied as they are."""
    for part in module.modules():
        for value in vars(part).values():
            several = (
                value.values()
                if isinstance(value, dict)
                else value
                if isinstance(value, list | tuple)
                else [value]
            )
            yield from (kept for kept in several if isinstance(kept, Tensor) and not kept.is_leaf)
