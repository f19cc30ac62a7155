"""Every trial type there is. A new one gets its entry here."""

from collections.abc import Mapping
from typing import Any, Protocol

from .base import TrialType
from .best_worst import BEST_WORST
from .choice import CHOICE
from .distinguish import DISTINGUISH
from .pair import PAIR
from .rank import RANK
from .rating import RATING
from .single import SINGLE
from .verify import VERIFY

_TYPES = {
    entry.name: entry for entry in (CHOICE, RATING, PAIR, BEST_WORST, RANK, SINGLE, VERIFY, DISTINGUISH)
}


class HasTask(Protocol):
    """A study, or the plan of one: `task` names its trial type."""

    @property
    def task(self) -> Any: ...

    # And what a protocol of the type asks, where that differs from study to study: `wording`. A row without it asks what is usual.


def trial_types() -> list[TrialType]:
    """All of them, in the order in which people are offered them."""
    return list(_TYPES.values())


def trial_type(name: str) -> TrialType:
    """The type with this name, as a protocol has it.

    Raises:
        ValueError: there is none.
    """
    if name not in _TYPES:
        raise ValueError(f"{name!r} is no trial type; there is {', '.join(_TYPES)}.")
    return _TYPES[name]


def trial_type_of(study: HasTask) -> TrialType:
    """What a study asks in each trial."""
    kind = trial_type(study.task)
    return kind if kind.asking is None else kind.asking(getattr(study, "wording", {}))


def trial_type_in(source: Mapping[str, Any]) -> TrialType:
    """The type that a protocol names, whole or not; the one that is offered first where it names none that there is."""
    return next((entry for entry in trial_types() if entry.name == source.get("task")), trial_types()[0])


def answer_columns() -> list[str]:
    """The columns of `Response` that hold answers, each once; every row has a value in one of them."""
    return list(dict.fromkeys(entry.answers.column for entry in trial_types()))
