"""One photo at a time, on a copy of the network, with chance of its own; and what came of it checked."""

import hashlib
import random
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import wraps
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..case import Case
from ..errors import CamError, InputError
from ..hooks import copy_of
from ..scoring.output import SIGMOID

SHAPES = "a tensor (B, h, w), or (B, C, h, w) to be summed over its channels"


def one_by_one(name: str, function: Callable[..., Any]) -> Callable[..., Tensor]:
    """`function` for a batch: called for each photo with a Case of that photo alone, whose module is a copy."""

    @wraps(function)
    def run(case: Case, **values: Any) -> Tensor:
        maps = [_run(name, function, case, photo, values) for photo in range(case.asked)]
        filling = [torch.zeros_like(maps[0])] * (len(case.photos) - case.asked)
        if len({cells.shape for cells in maps}) > 1:
            raise InputError(
                f"method {name} gives maps of different sizes for photos of one size; return one size for all"
            )
        return torch.stack(maps + filling)

    return run


def _run(name: str, function: Callable[..., Any], case: Case, photo: int, values: dict[str, Any]) -> Tensor:
    alone = case.of_photo(photo)
    alone = replace(alone, module=_explained(case))
    try:
        with torch.enable_grad(), _own_chance(alone.photos, int(values.get("seed", 0))), _quiet():
            result = function(alone, **values)
    except CamError as problem:
        if name in str(problem):
            raise
        raise InputError(f"{name}: {problem}") from problem
    except Exception as problem:  # it is somebody else's code, so it may fail in any way
        line = (str(problem).splitlines() or [""])[0][:200]
        raise InputError(
            f"method {name} failed with {type(problem).__name__}: {line}; try it by itself on a photo, and mend its function"
        ) from problem
    return _checked(name, result).to(alone.features)


def _explained(case: Case) -> nn.Module:
    """A copy of the network that gives the score which is explained: whatever is done to it is gone with it.

    Its activations change nothing in place, or a gradient may find what it needs overwritten.
    """
    if case.module is None:
        raise InputError("this case has no network; call explain(net, …)")
    copy = copy_of(case.module).eval()
    for part in copy.modules():
        if getattr(part, "inplace", False):
            setattr(part, "inplace", False)  # noqa: B010  mypy knows no such attribute
    if case.score == "logit":
        return copy
    return nn.Sequential(copy, nn.Sigmoid() if case.score == SIGMOID else nn.Softmax(1))


@contextmanager
def _own_chance(photo: Tensor, seed: int) -> Iterator[None]:
    """Chance by a seed and the photo, in torch, numpy and random, given back afterwards as it was."""
    key = hashlib.sha256(photo.detach().cpu().double().contiguous().numpy().tobytes()).digest()
    drawn = np.random.SeedSequence([seed & (2**63 - 1), int.from_bytes(key[:8], "big")]).generate_state(2)
    devices = [photo.device] if photo.device.type == "cuda" else []
    of_numpy, of_python = np.random.get_state(), random.getstate()
    try:
        with torch.random.fork_rng(devices=devices):
            torch.manual_seed(int(drawn[0]))
            np.random.seed(int(drawn[1]))
            random.seed(int(drawn[0]))
            yield
    finally:
        np.random.set_state(of_numpy)
        random.setstate(of_python)


@contextmanager
def _quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of hooks that come and go with the copy
        yield


def _checked(name: str, result: object) -> Tensor:
    """One photo's map (h, w). Raises InputError for anything that is no map."""
    if isinstance(result, np.ndarray):
        try:
            result = torch.from_numpy(np.ascontiguousarray(result))
        except TypeError:
            raise InputError(f"method {name} gives an array of {result.dtype}; return floats") from None
    if not isinstance(result, Tensor):
        raise InputError(f"method {name} gives a {type(result).__name__}; return {SHAPES}")
    if not result.is_floating_point():
        kind = str(result.dtype).removeprefix("torch.")
        raise InputError(f"method {name} gives {kind}; return floats, for example by .float()")
    shape = tuple(result.shape)
    if result.ndim not in (3, 4) or shape[0] != 1:
        raise InputError(
            f"method {name} gives shape {shape} for a batch of one photo; return {SHAPES}, B = 1"
        )
    cells = result.detach().sum(1) if result.ndim == 4 else result.detach()
    if not cells.numel():
        raise InputError(f"method {name} gives a map without cells, shape {shape}; return {SHAPES}")
    bad = int((~cells.isfinite()).sum())
    if bad:
        raise InputError(
            f"method {name} gives {bad} values of {cells.numel()} that are no finite numbers; look for a division by zero in it"
        )
    return cells[0]
