"""What other rooms hand to the parts of a trial type, and get from them: see base.py."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol


class OptionReader(Protocol):
    """What takes options out of a protocol's table and notes what is wrong with them (protocol/parser.py)."""

    def one_of(self, key: str, choices: Sequence[Any], default: Any = ...) -> Any: ...
    def flag(self, key: str, default: bool = False) -> bool: ...


class Named(NamedTuple):
    """The class that a trial names, and with which probability, where that is shown."""

    class_name: str
    probability: float | None = None


class Stated(Protocol):
    """What is stated beforehand of simulated people; `Preference` in `simulation` says what each means."""

    @property
    def shares(self) -> Mapping[str, float]: ...
    @property
    def mean(self) -> float: ...
    @property
    def spread(self) -> float: ...
    @property
    def concentration(self) -> float: ...
