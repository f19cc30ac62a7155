"""How answers of a trial type stand in files: the part `files` of a `TrialType` (base.py, which has the words that are used here)."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np


@dataclass(frozen=True)
class Rows:
    """Answers as the export reads them, n at a time: columns of one length."""

    arms: Sequence[
        str
    ]  # names of the study's arms, and below of the maps of an attention check, by what stored values say
    check_maps: Sequence[str]
    value: np.ndarray  # (n,) int: stored values
    shown: np.ndarray  # (n,) int: shown values, or UNKNOWN (analysis/table.py) where nobody knows
    check: np.ndarray  # (n,) bool: whether it answers an attention check
    orders: Sequence[str]  # the orders that occur, as `Trial.order` has them; empty: not known
    order: np.ndarray  # (n,) int: which of `orders`
    truth: np.ndarray = field(default_factory=lambda: np.empty(0, int))
    """(n,) int: what is right about the item (`Answers.truth`), UNKNOWN where nothing is; empty: nobody asked."""


@dataclass(frozen=True)
class Cells:
    """A column of n cells with few distinct ones: row i has `values[places[i]]`. None is an empty cell."""

    values: Sequence[str | int | None]
    places: np.ndarray  # (n,) int


@dataclass(frozen=True)
class FileColumn:
    """A column of answers.csv that only studies of this type have."""

    name: str
    type: str  # integer, text or category
    description: str  # for the codebook
    cells: Callable[[Rows], Cells]
    levels: Callable[[Sequence[str], Sequence[str]], Sequence[str]] | None = None
    """Of a category: what its cells may say, by the names of the arms and of the maps of an attention check."""


class Files(ABC):
    """How answers stand in files, and how they come back from one. Called by `exports` alone."""

    column: ClassVar[str]
    """The column of a file to import that holds the answer; it is one of `columns`, so that an export can come back."""

    shown_column: ClassVar[str]
    """The one of `columns` that says what was pressed on screen."""

    columns: ClassVar[Sequence[FileColumn]]
    """After `order` in answers.csv, from left to right. No two types have columns of one name."""

    in_wide: ClassVar[str]
    """What a cell of the wide file says, for the codebook; none has a capital or a stop."""

    @abstractmethod
    def wide_cell(self, value: int, arms: Sequence[str]) -> str | int:
        """A stored value in the wide file: one participant a row, one item a column."""

    @abstractmethod
    def readings(self, arms: Sequence[str]) -> Mapping[str, int]:
        """What a cell of `column` may say, with the stored value that it means."""

    @abstractmethod
    def allowed(self, arms: Sequence[str]) -> str:
        """The same for people, in a complaint about a cell that says something else."""

    @abstractmethod
    def shown_value(self, cell: str) -> int:
        """The shown value that a cell of `shown_column` stands for. Raises ValueError where it is no number."""
