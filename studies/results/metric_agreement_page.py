"""What the page and the report show of figures beside people's choices."""

from collections.abc import Iterable
from typing import Any

from .answers import Reading
from .metric_agreement import HumansBeside, figures_of
from .part import WHO_IN_WORDS


def humans_context(reading: Reading) -> dict[str, Any]:
    """The part of a template's context that shows figures beside people's choices."""
    from . import charts  # here, because charts draws what this module finds

    comparisons = figures_of(reading)
    drawn = [comparison for comparison in comparisons if len(comparison.groups) > 1]
    return {
        "humans": comparisons,
        "missing": sum({one.protocol: one.not_measured for one in comparisons}.values()),
        "humans_chart": charts.correlations(comparisons),
        "scatters": [(comparison, charts.scatter(comparison)) for comparison in drawn],
        "crowded": any(map(charts.is_crowded, drawn)),
        "sparse": not all(map(charts.is_crowded, drawn)),
        "humans_notes": notes_of(comparisons),
        "who_in_words": WHO_IN_WORDS[reading.part.who],
        "answered": any(comparison.items or comparison.items_without for comparison in comparisons),
    }


def notes_of(comparisons: Iterable[HumansBeside]) -> list[tuple[str, list[str]]]:
    """Each sentence once, with the titles of the figures that it is about."""
    by_note: dict[str, list[str]] = {}
    for comparison in comparisons:
        parts = [comparison.note, *(part.note for part in (comparison.within, comparison.across) if part)]
        for note in dict.fromkeys(filter(None, parts)):
            by_note.setdefault(note, []).append(comparison.title)
    return list(by_note.items())
