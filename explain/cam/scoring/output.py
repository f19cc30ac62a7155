"""From what a module returns to class scores (B, classes): one of several outputs, and one logit as a class and its opposite."""

import inspect
from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass, fields, is_dataclass
from functools import wraps
from typing import Any

import torch
from torch import Tensor, nn

from ..errors import CamError, nearest, shortened

Pick = Callable[[Any], Tensor]
SIGMOID, SOFTMAX = "sigmoid", "softmax"
_ENDS = {
    "SigmoidBackward0": "a sigmoid",
    "SoftmaxBackward0": "a softmax",
    "LogSoftmaxBackward0": "a logarithmic softmax",
}
_PASSED = ("View", "Squeeze", "Unsqueeze", "Clone", "Select", "Slice", "Alias", "Reshape", "ToCopy")


@dataclass(frozen=True)
class Scored:
    """A module that returns class scores (B, classes), and how they become probabilities: softmax or sigmoid.

    is_single  whether they were one score, which now stands behind its opposite
    ends_in    the step that turns scores into probabilities inside the module, in words; empty where there is none
    """

    module: nn.Module
    score: str
    is_single: bool = False
    ends_in: str = ""


def scored(module: nn.Module, example: Tensor, *, output: str = "", score: str = "", remedy: str) -> Scored:
    """`module` as it is where it returns class scores; else a module of the same parts that does. Nothing of the user's is changed.

    output   which of several outputs: a key, an attribute, or a place, counted from 0
    score    softmax, sigmoid, or empty: sigmoid for one score, else softmax
    remedy   what to do about photos that it cannot read, for the error
    Raises CamError, in one line.
    """
    _check_inputs(module)
    returned = _returned(module, example, remedy)
    scores = _pick(returned, output)
    if not isinstance(scores, Tensor):
        raise CamError(_no_scores(returned, output))
    is_flat = scores.ndim == 1 and len(scores) == len(example)
    is_single = is_flat or (scores.ndim == 2 and scores.shape[1] == 1)
    if is_single and score == SOFTMAX:
        raise CamError("it gives one class score, and a softmax of one is always 1; say score = “sigmoid”")
    ends_in = _end_of(scores)
    score = score or (SIGMOID if is_single else SOFTMAX)
    if ends_in == "a sigmoid" and score == SIGMOID:
        raise CamError(
            "its last step is a sigmoid, so what it returns are probabilities and not class scores; give it without that step"
        )
    if not (output or is_single):
        return Scored(module, score, ends_in=ends_in)

    def pick(returned: Any) -> Tensor:
        scores = _pick(returned, output)
        scores = scores[:, None] if is_flat else scores
        return torch.cat([-scores, scores], 1) if is_single else scores

    return Scored(_with_output(module, pick), score, is_single, ends_in)


def _with_output(module: nn.Module, pick: Pick) -> nn.Module:
    """Another object over the same parts, weights and names, whose forward goes through `pick`."""
    kind = type(module)
    plain = kind.forward

    @wraps(plain)
    def forward(self: nn.Module, *given: Any, **named: Any) -> Tensor:
        return pick(plain(self, *given, **named))

    other = copy(module)
    other.__class__ = type(kind.__name__, (kind,), {"forward": forward, "__module__": kind.__module__})
    return other


def _check_inputs(module: nn.Module) -> None:
    needed = [
        p.name
        for p in inspect.signature(module.forward).parameters.values()
        if p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
    ]
    if len(needed) > 1:
        raise CamError(
            f"it reads {len(needed)} inputs ({', '.join(needed)}), and here it is given a photo alone; wrap it in a module that"
            " fills the others in"
        )


def _returned(module: nn.Module, example: Tensor, remedy: str) -> Any:
    """What it returns for a photo, with the history of its last steps where it has one."""
    try:
        with torch.enable_grad():
            return module(example.clone())
    except CamError:
        raise
    except (
        Exception
    ) as first:  # the user's code may fail in any way; weights of inference mode have no history
        try:
            with torch.no_grad():
                return module(example.clone())
        except Exception:
            line = (str(first).strip() or type(first).__name__).splitlines()[0]
            raise CamError(
                f"it cannot read a photo as it is given here ({tuple(example.shape)}: {line[:200]}); {remedy}"
            ) from first


def _pick(returned: Any, output: str) -> Any:
    if not output:
        return returned
    parts = _parts(returned)
    if output not in parts:
        close = nearest(output, parts)
        raise CamError(f"it returns no {output!r}{close or '; it returns ' + _listed(parts)}")
    return parts[output]


def _parts(returned: Any) -> dict[str, Any]:
    """The outputs of a module that returns several, by key, attribute or place."""
    if isinstance(returned, Tensor):
        return {}
    if isinstance(returned, Mapping):
        return {str(key): value for key, value in returned.items()}
    if isinstance(returned, tuple | list):
        named = dict(zip(getattr(returned, "_fields", ()), returned, strict=False))
        return {**{str(place): value for place, value in enumerate(returned)}, **named}
    if is_dataclass(returned):
        return {field.name: getattr(returned, field.name) for field in fields(returned)}
    return {
        name: value for name, value in getattr(returned, "__dict__", {}).items() if not name.startswith("_")
    }


def _no_scores(returned: Any, output: str) -> str:
    kind = type(returned).__name__
    parts = _parts(returned)
    if output:
        return f"its output {output!r} is a {type(_pick(returned, output)).__name__}, not class scores (B, classes); it returns {_listed(parts)}"
    if not parts:
        return f"the network returns a {kind} instead of class scores (B, classes); wrap it in a module that returns only those"
    return f"the network returns a {kind} instead of class scores (B, classes); say which of these they are by output =: {_listed(parts)}"


def _listed(parts: Mapping[str, Any]) -> str:
    words = [
        f"{name} {tuple(value.shape)}" if isinstance(value, Tensor) else f"{name} ({type(value).__name__})"
        for name, value in parts.items()
    ]
    return shortened(words, 6) or "one tensor"


def _end_of(scores: Tensor) -> str:
    """The step that made probabilities of scores, as the history of the last steps tells; empty where there is none."""
    step = scores.grad_fn
    while step is not None:
        name = step.name()
        if name in _ENDS:
            return _ENDS[name]
        if not name.startswith(_PASSED) or not step.next_functions:
            return ""
        step = step.next_functions[0][0]
    return ""
