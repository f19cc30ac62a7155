"""contrasts.csv: what decides, as a table, for programs that put other models beside it."""

from collections.abc import Iterator
from typing import Any

from studies.models import Study
from studies.results import Reading, part_of
from studies.trial_types import ContrastRow, trial_type_of

from .columns import BOOL, CATEGORY, NUMBER, TEXT
from .tables import Field, Table

SIZES = {
    "superiority": "Of choices and pairs: the share of those who picked one of the two that picked the first. Of ratings: the share of ratings for the "
    "first arm, and half of the zeros. Of best and worst, and of rankings: the share of answers in which the first stands before the second, and half "
    "of those in which neither does.",
    "odds": "Of choices and pairs: how many times as often the first was picked as the second.",
    "dz": "Of ratings, of best and worst, and of rankings: the mean, or the mean difference, in standard deviations of single answers.",
}
ENDS = {
    "": "Empty: there is none.",
    "_low": "Lower end of its 95 % interval; empty: none, or no bound.",
    "_high": "Upper end of its 95 % interval; empty: none, or no bound.",
}
FIELDS = (
    Field("who", CATEGORY, "Whose answers: real, simulated or all.", ("real", "simulated", "all")),
    Field("decided_by", CATEGORY, "Whose answers these are: everybody’s, or those of the people whom the protocol’s rules keep.", ("everybody", "kept")),
    Field("first", TEXT, "The first arm."),
    Field("second", TEXT, "The second arm. A positive estimate is for the first."),
    Field("estimate", NUMBER, "What decides, in the unit of one photo: a difference of shares, of preferences, of best minus worst, or of mean ranks, or a mean rating."),
    Field("low", NUMBER, "Lower end of its 95 % interval. Empty: there is none."),
    Field("high", NUMBER, "Upper end of its 95 % interval. Empty: there is none."),
    Field("p", NUMBER, "Two-sided p of zero, from the same t as the interval. Empty: there is none."),
    Field("p_holm", NUMBER, "The same after Holm’s correction over the planned contrasts. Empty: not corrected."),
    Field("planned", BOOL, "TRUE: declared in the protocol."),
    Field("smallest_effect", NUMBER, "The smallest estimate that matters, as declared. Empty: none is."),
    Field("low_90", NUMBER, "Lower end of the 90 % interval of the estimate. Empty: no smallest effect is declared, or there is none."),
    Field("high_90", NUMBER, "Upper end of the 90 % interval of the estimate. Empty: no smallest effect is declared, or there is none."),
    Field("p_equivalence", NUMBER, "The larger p of two one-sided tests (TOST) of the estimate against −smallest_effect and smallest_effect."),
    Field("p_equivalence_holm", NUMBER, "The same after Holm’s correction over the planned contrasts. Empty: nothing declared is judged by it."),
    *(
        Field(f"{name}{end}", NUMBER, f"{meaning} {which}")
        for name, meaning in SIZES.items()
        for end, which in ENDS.items()
    ),
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
            yield [
                part.who,
                reading.plan.decided_by,
                row.first,
                row.second,
                *numbers,
                row.planned,
                *_beside(row),
                *_sizes(row),
            ]

    return Table("contrasts", FIELDS, rows)


def _beside(row: ContrastRow) -> list[float | None]:
    """The smallest effect that matters, and what is said of it."""
    found = row.sized.equivalence
    if found is None:
        return [None] * 5
    return [found.smallest, *found.interval, found.p, row.sized.p_holm]


def _sizes(row: ContrastRow) -> list[float | None]:
    cells: list[float | None] = []
    for name in SIZES:
        size = row.sized.sizes.get(name)
        cells += [size.estimate, *(size.interval or (None, None))] if size else [None] * 3
    return cells
