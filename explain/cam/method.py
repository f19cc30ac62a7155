"""Method: an entry of METHODS, whoever brought it."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from torch import Tensor

from .case import Case
from .errors import InputError
from .names.known import SIGNS
from .names.parameters import SIGN, check_value
from .names.spec import Value


@dataclass(frozen=True)
class Method:
    """A registry entry.

    cost      what it needs beyond one pass of the trunk
    function  Case and parameters -> maps (B, h, w), before the sign rule
    signed    its maps may have values below zero: the parameter `sign` says what of them is kept. Else ReLU is its last step
    origin    of a method that is not ours: its package and version, or the hash of its file
    given     parameters that its word gave, in place of the defaults
    """

    name: str
    citation: str
    formula: str
    cost: str
    function: Callable[..., Tensor]
    signed: bool = False
    origin: Mapping[str, str] = field(default_factory=dict)
    given: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def parameters(self) -> dict[str, Any]:
        """The parameters and their values: those given, else the defaults."""
        parameters = list(inspect.signature(self.function).parameters.values())[1:]
        defaults = {parameter.name: parameter.default for parameter in parameters}
        return {**defaults, **({SIGN: SIGNS[0]} if self.signed else {}), **self.given}

    @property
    def source(self) -> dict[str, str]:
        """Who made a method that is not ours, and which text of it this is: for manifests."""
        return {"citation": self.citation, **self.origin}

    def with_parameters(self, word: str, values: Mapping[str, Value]) -> "Method":
        """The method under a word that gives these parameters. Raises InputError."""
        self.check(values)
        return replace(self, name=word, given=dict(values))

    def check(self, values: Mapping[str, Any]) -> None:
        """Raise InputError for a parameter that there is not, or a value of another kind than its default."""
        for key, value in values.items():
            if key not in self.parameters:
                known = ", ".join(self.parameters) or "none"
                raise InputError(f"{self.name} has no parameter {key!r}; it has: {known}")
            check_value(self.name, key, value, self.parameters[key])
        if values.get(SIGN, SIGNS[0]) not in SIGNS:
            raise InputError(f"{self.name}: sign is {values[SIGN]!r}; choose from {', '.join(SIGNS)}")

    def maps(self, case: Case, values: Mapping[str, Any]) -> Tensor:
        """The maps (B, h, w), none of whose values is below zero. `values` go before the parameters."""
        parameters = {**self.parameters, **values}
        sign = parameters.pop(SIGN, SIGNS[0])
        return _shown(self.function(case, **parameters), sign)


def _shown(maps: Tensor, sign: str) -> Tensor:
    if sign == "absolute":
        return maps.abs()
    if sign == "as-is":
        return maps - maps.amin((1, 2), keepdim=True)
    return maps.clamp_min(0)


METHODS: dict[str, Method] = {}
"""By name: our own, and those that were registered or asked for in this process."""
