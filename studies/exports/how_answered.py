"""how-answered.csv: how each answer came about, as far as the browser told: one answer a row, in the order of answers.csv."""

from collections.abc import Iterator
from typing import Any

from studies.models import Response, Study
from studies.trials import TELEMETRY

FILE = "how-answered.csv"
MEANINGS = {
    "answer": ("text", "Identifier of the answer: `answer` of the answers’ files."),
    "participant": ("integer", "Number of the participant, from 1."),
    "status": ("text", "As in the answers’ files: scores use counted answers only."),
    **{entry.name: (entry.type, f"{entry.meaning} Empty: not told.") for entry in TELEMETRY},
}


def how_answered(study: Study) -> Iterator[list[Any]]:
    """The header, then a row for each answer. What is stored beyond the list of today is left out."""
    yield list(MEANINGS)
    rows = Response.objects.filter(trial__study=study).order_by("pk")
    columns = ("answer_id", "participant__number", "status", "telemetry")
    for answer, person, status, told in rows.values_list(*columns).iterator(chunk_size=2000):
        yield [answer, person, status, *(_cell(told.get(entry.name, "")) for entry in TELEMETRY)]


def _cell(value: Any) -> Any:
    return "x".join(map(str, value)) if isinstance(value, list) else value
