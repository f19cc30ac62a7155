"""What other rooms hand to the parts of a trial type, and get from them: see base.py."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np


class OptionReader(Protocol):
    """What takes options out of a protocol's table and notes what is wrong with them (protocol/parser.py)."""

    def one_of(self, key: str, choices: Sequence[Any], default: Any = ...) -> Any: ...
    def flag(self, key: str, default: bool = False) -> bool: ...
    def texts(self, key: str) -> list[str]: ...


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


@dataclass(frozen=True, eq=False)
class Before:
    """What is known when a round is chosen.

    columns: of the answers that count, as `Results.table` takes them: items, participants, values, shown, orders. asked_items (n,) and
    asked_orders (n, shown): of all trials laid out before, answered or not. compete: the arms that are still asked about.
    """

    columns: Mapping[str, np.ndarray]
    asked_items: np.ndarray
    asked_orders: np.ndarray
    arms: int
    items: int
    compete: Sequence[int]
