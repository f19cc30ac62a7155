"""Functions in the three forms that the field has, as methods.

Case -> maps                            function(case): ours, see cam/case.py; parameters of its own have defaults
attribute(inputs, target=…)             a function, or a class made of the network that has it: MyMethod(module).attribute
explain_func(model, inputs, targets)    as in Quantus: inputs and targets are numpy arrays
"""

import hashlib
import inspect
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from ..case import Case
from ..errors import InputError
from ..method import Method
from ..names.known import Known
from ..names.spec import MethodSpec
from .alone import one_by_one

FORMS = "function(case), attribute(inputs, target=…), or explain_func(model, inputs, targets)"
FORMULA, COST = "its own", "its own"
_PLAIN = (bool, int, float, str)
_NETWORK = ("model", "module", "network", "net")
_INPUTS = ("inputs", "images", "photos", "x", "x_batch", "input")


def as_method(known: Known, function: Callable[..., Any], origin: Mapping[str, str]) -> Method:
    """A function of one of the three forms as a method. Raises InputError where it has none of them."""
    if fault := MethodSpec(known.name).fault():
        raise InputError(f"method {known.name!r} {fault}")
    if not known.citation.strip():
        raise InputError(
            f"method {known.name} has no citation; say whose it is, for reports: register(name, function, citation)"
        )
    if not callable(function):
        raise InputError(f"method {known.name} is a {type(function).__name__}; give a function: {FORMS}")
    run, signature = _in_our_form(known.name, function)
    run = one_by_one(known.name, run)
    run.__signature__ = signature  # type: ignore[attr-defined]  # what Method reads the parameters from
    return Method(
        known.name,
        known.citation,
        FORMULA,
        COST,
        run,
        signed=True,
        origin=dict(origin) or origin_of(function),
    )


def origin_of(function: Callable[..., Any]) -> dict[str, str]:
    """The hash of the file that a function stands in, so that maps of its older text are told apart; empty where none is."""
    try:
        path = inspect.getsourcefile(inspect.unwrap(function))
        return {"file_sha256": hashlib.sha256(Path(path).read_bytes()).hexdigest()} if path else {}
    except (TypeError, OSError):
        return {}


def _in_our_form(name: str, function: Callable[..., Any]) -> tuple[Callable[..., Any], inspect.Signature]:
    """The function as one of a Case, and its signature: `case`, and the parameters that a protocol can set."""
    if inspect.isclass(function):
        if not hasattr(function, "attribute"):
            raise InputError(
                f"method {name}: the class {function.__name__} has no attribute(inputs, target=…)"
            )
        asked = _parameters(getattr(function, "attribute"))[1:]  # noqa: B009  mypy knows no such attribute
        return partial(_by_class, function), _signature(asked)
    parameters = _parameters(function)
    names = [parameter.name for parameter in parameters]
    required = [p for p in parameters if p.default is p.empty and p.kind is not p.KEYWORD_ONLY]
    if names[:1] and names[0] in _INPUTS and "target" in names:
        asks = next((key for key in _NETWORK if key in names), None)
        return partial(_by_attribute, function, asks), _signature(parameters)
    if len(names) > 2 and names[0] in _NETWORK and names[1] in _INPUTS and names[2] in ("targets", "target"):
        return partial(_by_explain_func, function), _signature(parameters)
    if len(required) == 1 and names[0] not in _INPUTS + _NETWORK:
        return function, _signature(parameters)
    raise InputError(f"method {name} takes ({', '.join(names)}); write it as {FORMS}")


def _parameters(function: Callable[..., Any]) -> list[inspect.Parameter]:
    every = inspect.signature(function).parameters.values()
    return [p for p in every if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]


def _signature(parameters: list[inspect.Parameter]) -> inspect.Signature:
    """`case`, and those with a default that a protocol can write: numbers, words, true and false."""
    case = inspect.Parameter("case", inspect.Parameter.POSITIONAL_ONLY)
    plain = [p for p in parameters if isinstance(p.default, _PLAIN) and p.name not in ("target", "targets")]
    return inspect.Signature([case, *(p.replace(kind=p.KEYWORD_ONLY) for p in plain)])


def _by_class(made_of: Callable[..., Any], case: Case, **values: Any) -> Any:
    return made_of(case.module).attribute(_leaf(case), target=case.targets, **values)


def _by_attribute(function: Callable[..., Any], asks: str | None, case: Case, **values: Any) -> Any:
    network = {asks: case.module} if asks else {}
    return function(_leaf(case), target=case.targets, **network, **values)


def _by_explain_func(function: Callable[..., Any], case: Case, **values: Any) -> Any:
    return function(case.module, case.photos.cpu().numpy(), case.targets.cpu().numpy(), **values)


def _leaf(case: Case) -> Any:
    return case.photos.detach().clone().requires_grad_(True)
