"""Planned looks in words."""

from collections.abc import Sequence

from studies.analysis.sequential import LookBoundary
from studies.protocol import InterimSchedule


def looks_in_words(
    schedule: InterimSchedule, bounds: Sequence[LookBoundary], smallest: float | None = None
) -> list[str]:
    """When the data are judged and how strictly, one sentence a look."""
    return [
        f"Results are judged at {len(bounds)} planned looks and at no other time; α is spent over them by "
        f"{schedule.spending} (Lan and DeMets).",
        *(
            f"Look {number}, after {_percent(share, 0)} of the answers: interval at the level of {_percent(bound.level, 2)}, p at most {1 - bound.level:.4f}."
            for number, (share, bound) in enumerate(zip(schedule.after, bounds, strict=True), start=1)
        ),
        "The study may end at a look at which all that it judges is found."
        if smallest is None
        else "The study may end at a look at which all that it judges is found, be it a difference, or no difference that matters.",
    ]


def _percent(share: float, digits: int) -> str:
    return f"{100 * share:.{digits}f} %"
