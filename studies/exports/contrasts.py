"""contrasts.csv: what decides, as a table, for programs that put other models beside it."""

from collections.abc import Iterator
from typing import Any

from studies.models import Study
from studies.results import Reading, part_of
from studies.trial_types import trial_type_of

from .columns import BOOL, CATEGORY, NUMBER, TEXT
from .tables import Field, Table

FIELDS = (
    Field("who", CATEGORY, "Whose answers: real, simulated or all.", ("real", "simulated", "all")),
    Field("first", TEXT, "The first arm."),
    Field("second", TEXT, "The second arm. A positive estimate is for the first."),
    Field("estimate", NUMBER, "What decides, in the unit of one photo: a difference of shares, or a mean rating."),
    Field("low", NUMBER, "Lower end of its 95 % interval. Empty: there is none."),
    Field("high", NUMBER, "Upper end of its 95 % interval. Empty: there is none."),
    Field("p", NUMBER, "Two-sided p of zero, from the same t as the interval. Empty: there is none."),
    Field("p_holm", NUMBER, "The same after Holm’s correction over the planned contrasts. Empty: not corrected."),
    Field("planned", BOOL, "TRUE: declared in the protocol."),
)  # fmt: skip


def contrasts(study: Study, who: str | None) -> Table:
    """One contrast a line, as scores.json has them."""

    def rows() -> Iterator[list[Any]]:
        part = part_of(study, who)
        reading = Reading(study, part)
        if not len(reading.answers):
            return
        for row in trial_type_of(study).results.contrast_rows(reading.answers, reading.compared):
            low, high = row.found.interval or (None, None)
            numbers = (row.found.estimate, low, high, row.found.p, row.p_holm)
            yield [part.who, row.first, row.second, *numbers, row.planned]

    return Table("contrasts", FIELDS, rows)
