"""What the page and the report show of figures beside people's choices."""

from collections.abc import Iterable
from typing import Any

from .answers import Reading
from .metric_agreement import HumansBeside, figures_of
from .part import WHO_IN_WORDS


def humans_context(reading: Reading) -> dict[str, Any]:
    """What the page and the report show."""
    from . import charts  # here, because charts draws what this module finds

    found = figures_of(reading)
    drawn = [one for one in found if len(one.groups) > 1]
    return {
        "humans": found,
        "humans_chart": charts.correlations(found),
        "scatters": [(one, charts.scatter(one)) for one in drawn],
        "crowded": any(map(charts.is_crowded, drawn)),
        "sparse": not all(map(charts.is_crowded, drawn)),
        "humans_notes": notes_of(found),
        "who_in_words": WHO_IN_WORDS[reading.part.who],
        "answered": any(one.items or one.items_without for one in found),
    }


def notes_of(found: Iterable[HumansBeside]) -> list[tuple[str, list[str]]]:
    """Each sentence once, with the titles of the figures that it is about."""
    by_note: dict[str, list[str]] = {}
    for one in found:
        parts = [one.note, *(part.note for part in (one.within, one.across) if part)]
        for note in dict.fromkeys(filter(None, parts)):
            by_note.setdefault(note, []).append(one.title)
    return list(by_note.items())
