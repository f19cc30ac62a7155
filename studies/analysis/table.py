"""The table of answers that every statistic takes: columns of one length, checked once, when the table is made.

`Choices` and `Ratings` say what a value is. What several statistics need (who answered about what, how often each answer was
given, draws from a seed) is worked out once and stays with the table, which nobody can change.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from functools import cached_property, wraps
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from .answers import check_labels, choices_of, column, labels, ratings_of

UNKNOWN = -128  # what was on screen, where nobody knows


class Remembering:
    """Something that never changes, so that what was computed of it holds for good: see `remembered`."""

    @cached_property
    def _remembered(self) -> dict[Any, Any]:
        return {}


Basis = TypeVar("Basis", bound=Remembering)
Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def remembered(
    compute: Callable[Concatenate[Basis, Arguments], Result],
) -> Callable[Concatenate[Basis, Arguments], Result]:
    """Compute once for the same table and the same arguments; the result is kept as long as the table."""

    @wraps(compute)
    def recall(basis: Basis, *args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        key = (compute, args, frozenset(kwargs.items()))
        if key not in basis._remembered:
            basis._remembered[key] = compute(basis, *args, **kwargs)
        return basis._remembered[key]

    return recall


@dataclass(frozen=True, eq=False)
class Units:
    """Who answered about what: what is drawn anew for an interval. Names are in order; 0, 1, 2 … is their place."""

    item_names: np.ndarray  # (m,) labels
    item: np.ndarray  # (n,) int: 0 … m − 1
    person_names: np.ndarray  # (p,) labels
    person: np.ndarray  # (n,) int: 0 … p − 1
    pool: dict[Any, Any] = field(default_factory=dict)  # draws that were made: see resampling.draws_of

    @property
    def items(self) -> int:
        return len(self.item_names)

    @property
    def people(self) -> int:
        return len(self.person_names)

    @cached_property
    def with_same_item(self) -> np.ndarray:
        """(n,) int: how many answers there are about the item of each answer."""
        return np.bincount(self.item)[self.item]

    @property
    def per_item(self) -> np.ndarray:
        """(n,) weights with which every item counts once."""
        return 1 / self.with_same_item / self.items

    @property
    def per_person(self) -> np.ndarray:
        """(n,) weights with which every person counts once."""
        return 1 / np.bincount(self.person)[self.person] / self.people


def _not_given() -> np.ndarray:
    return NOT_GIVEN


NOT_GIVEN = np.empty(0)
ELSE = {
    "truths": UNKNOWN,
    "shown": UNKNOWN,
    "confidence": UNKNOWN,
    "response_ms": np.nan,
    "versions": 1,
    "simulated": False,
    "imported": False,
}


@dataclass(frozen=True, eq=False, kw_only=True)
class Answers(Remembering):
    """n answers, row by row. Columns cannot be written to; those that are not given hold “not known”.

    Raises AnswersError for a column of another length, or with a label that is not a number. There may be no rows: what
    cannot be computed of none says so when it is asked for.
    """

    items: np.ndarray  # (n,) any labels: about which item
    participants: np.ndarray  # (n,) any labels: by whom
    values: np.ndarray  # (n,) what was answered
    ids: np.ndarray = field(default_factory=_not_given)  # (n,) int, rising in the order of storing
    shown: np.ndarray = field(default_factory=_not_given)  # (n,) int: as on screen, or UNKNOWN
    confidence: np.ndarray = field(default_factory=_not_given)  # (n,) int: how sure they were, or UNKNOWN
    orders: np.ndarray = field(default_factory=_not_given)  # (n, k) int: the arm at each place, or -1
    response_ms: np.ndarray = field(default_factory=_not_given)  # (n,) float; nan: not measured
    versions: np.ndarray = field(default_factory=_not_given)  # (n,) int: of the protocol
    simulated: np.ndarray = field(default_factory=_not_given)  # (n,) bool: no person gave it
    imported: np.ndarray = field(default_factory=_not_given)  # (n,) bool: collected elsewhere
    truths: np.ndarray = field(
        default_factory=_not_given
    )  # (n,) int: what is right about the item, or UNKNOWN

    def __post_init__(self) -> None:
        n = len(column(self.items, "items"))
        for name in ("items", "participants"):
            self._set(name, check_labels(column(getattr(self, name), name, n), name))
        self._set("values", self._checked(n))
        self._set("ids", np.arange(n) if self.ids is NOT_GIVEN else column(self.ids, "ids", n))
        for name, unknown in ELSE.items():
            values = getattr(self, name)
            self._set(name, np.broadcast_to(unknown, n) if values is NOT_GIVEN else column(values, name, n))
        self._set("orders", np.full((n, 0), -1) if self.orders is NOT_GIVEN else self.orders)

    @classmethod
    def of(cls, items: ArrayLike, participants: ArrayLike, values: ArrayLike, **other_columns: Any) -> Self:
        """A table of columns that are lists, ranges or arrays."""
        columns = map(np.asarray, (items, participants, values))
        return cls(**dict(zip(("items", "participants", "values"), columns, strict=True)), **other_columns)

    def _checked(self, n: int) -> np.ndarray:
        """The values, or AnswersError where one of them is not allowed in this table."""
        return check_labels(column(self.values, "values", n), "values")

    def _set(self, name: str, array: np.ndarray) -> None:
        array = array.view()
        array.flags.writeable = False
        self.__dict__[name] = array

    def __len__(self) -> int:
        return len(self.values)

    @cached_property
    def units(self) -> Units:
        """Who answered about what. Raises AnswersError where there are no answers."""
        return Units(*labels(self.items, "items"), *labels(self.participants, "participants"), self._pool)

    @cached_property
    def _pool(self) -> dict[Any, Any]:
        """Draws by their number of people or items. They do not depend on which these are, so parts of a table share them."""
        return {}

    def only(self, rows: np.ndarray) -> Self:
        """Some of the rows: a mask, or places. All of them are this table itself, with all that it remembers."""
        if rows.dtype == bool and rows.all():
            return self
        return self._with({column.name: getattr(self, column.name)[rows] for column in _columns(self)})

    def first(self, count: int) -> Self:
        """The first `count` answers, in the order of storing."""
        in_order = np.argsort(self.ids, kind="stable")[:count]
        return self if np.array_equal(in_order, np.arange(len(self))) else self.only(in_order)

    def with_values(self, values: np.ndarray) -> Self:
        """The same people about the same items, and what else they said."""
        copy = self._with({"values": values})
        copy._set("values", copy._checked(len(self)))
        copy.__dict__["units"] = self.units
        return copy

    def _with(self, columns: dict[str, np.ndarray]) -> Self:
        """A copy with other columns. What was checked stays good, in part or in another order."""
        copy = object.__new__(type(self))
        copy.__dict__.update({field.name: self.__dict__[field.name] for field in fields(self)})
        copy.__dict__["_pool"] = self._pool
        for name, array in columns.items():
            copy._set(name, array)
        return copy


def _columns(answers: Answers) -> list[Any]:
    return [field for field in fields(answers) if isinstance(getattr(answers, field.name), np.ndarray)]


@dataclass(frozen=True, eq=False, kw_only=True)
class Choices(Answers):
    """Values are an arm's index (0 … arms − 1), or -1 for “same”; `shown` is the place that was picked, or -1."""

    arms: int

    def _checked(self, n: int) -> np.ndarray:
        return choices_of(self.values, self.arms, n)

    @cached_property
    def by_item(self) -> np.ndarray:
        """(m, arms + 1) float64: how often each answer was given about each item; the last column is “same”."""
        kinds = self.arms + 1
        cells = np.bincount(self.units.item * kinds + self.values % kinds, minlength=self.units.items * kinds)
        return cells.reshape(self.units.items, kinds).astype(float)


@dataclass(frozen=True, eq=False, kw_only=True)
class Ratings(Answers):
    """Values are from −2 to 2, positive: the first arm is better; `shown` is positive for the right side."""

    def _checked(self, n: int) -> np.ndarray:
        ratings_of(self.values, n)
        return np.asarray(self.values)

    @cached_property
    def numbers(self) -> np.ndarray:
        """(n,) the values as float64."""
        return self.values.astype(np.float64)
