"""A method and its parameters as one word: `captum:Occlusion:stride=8:window=16`. It stands in protocols, commands, rows
and manifests alike, so that whoever meets a method meets its parameters too. No torch here."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from ..errors import InputError

Value = bool | int | float | str
NOTHING = "none"  # where a row has a method’s name: no explanation, the photo itself
LONGEST = 200  # characters of a method with its parameters: what rows can hold
NAME = re.compile(r"(captum:)?[A-Za-z0-9][A-Za-z0-9+._/-]{0,59}")
_KEY = re.compile(r"[a-z][a-z0-9_]*")
_NUMBER = re.compile(r"-?(\d+\.?\d*|\.\d+)(e-?\d+)?")
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")


@dataclass(frozen=True)
class MethodSpec:
    """`name` is the method's own; `parameters` are those that are given, the rest keep their defaults.

    >>> str(MethodSpec.of("captum:Occlusion:window=16:stride=8"))
    'captum:Occlusion:stride=8:window=16'
    """

    name: str
    parameters: Mapping[str, Value] = field(default_factory=dict)

    @classmethod
    def of(cls, text: str) -> "MethodSpec":
        """Read a method's word. Raises InputError."""
        name, *given = re.split(r":(?=[^:=]*=)", text)
        parameters: dict[str, Value] = {}
        for pair in given:
            key, _, value = pair.partition("=")
            if key in parameters:
                raise InputError(f"method {text!r} gives {key} twice; leave one of them out")
            parameters[key] = _read(value)
        spec = cls(name, parameters)
        if fault := spec.fault():
            raise InputError(f"method {text!r} {fault}")
        return spec

    def fault(self) -> str:
        """What is wrong with the name or a parameter, as the end of a sentence; empty where nothing is."""
        if not NAME.fullmatch(self.name):
            return (
                "is no name of a method; a name has letters, digits and +._/- (60 at most), "
                "and parameters follow as name:parameter=value"
            )
        for key, value in self.parameters.items():
            word = isinstance(value, str) and not _WORD.fullmatch(value)
            if word or not _KEY.fullmatch(key) or value != value or value in (float("inf"), -float("inf")):
                return f"has {key} = {value!r}; a parameter is a number, a word, true or false"
        if len(str(self)) > LONGEST:
            return (
                f"has more than {LONGEST} characters with its parameters; leave out those that are defaults"
            )
        return ""

    def __str__(self) -> str:
        pairs = (f":{key}={_written(value)}" for key, value in sorted(self.parameters.items()))
        return self.name + "".join(pairs)


def base_name(text: str) -> str:
    """A method's own name, without its parameters.

    >>> base_name("random:seed=3")
    'random'
    """
    return re.split(r":(?=[^:=]*=)", text)[0]


def _read(text: str) -> Value:
    if text in ("true", "false"):
        return text == "true"
    if _NUMBER.fullmatch(text):
        return int(text) if re.fullmatch(r"-?\d+", text) else float(text)
    return text


def _written(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
