"""how-answered: how each answer came about, as far as the browser told: one answer a row, in the order of the answers."""

from collections.abc import Iterator
from typing import Any

from studies.models import Response, Study
from studies.trials import TELEMETRY

from .columns import CATEGORY, INT, TEXT
from .tables import Field, Table

NAME = "how-answered"
TIMES = "x"  # between the width and the height of a window
FIELDS = [
    Field("answer", TEXT, "Identifier of the answer: `answer` of the answers’ files."),
    Field("participant", INT, "Number of the participant, from 1."),
    Field(
        "status",
        CATEGORY,
        "As in the answers’ files: scores use counted answers only.",
        Response.Status.values,
    ),
    *(
        Field(
            entry.name, TEXT if entry.type == "integers" else entry.type, f"{entry.meaning} Empty: not told."
        )
        for entry in TELEMETRY
    ),
]


def how_answered(study: Study) -> Table:
    """A row for each answer. What is stored beyond the list of today is left out."""

    def rows() -> Iterator[list[Any]]:
        answers = Response.objects.filter(trial__study=study).order_by("pk")
        columns = ("answer_id", "participant__number", "status", "telemetry")
        for answer, person, status, told in answers.values_list(*columns).iterator(chunk_size=2000):
            yield [str(answer), person, status, *(_cell(told.get(entry.name)) for entry in TELEMETRY)]

    return Table(NAME, FIELDS, rows)


def telemetry_of(cells: dict[str, str]) -> dict[str, Any]:
    """What the cells of a row tell, as it was stored; a cell that cannot be read stays text, which no entry keeps."""
    return {entry.name: _read(entry.type, cell) for entry in TELEMETRY if (cell := cells.get(entry.name, ""))}


def _cell(value: Any) -> Any:
    return TIMES.join(map(str, value)) if isinstance(value, list) else value


def _read(kind: str, cell: str) -> Any:
    try:
        match kind:
            case "integer":
                return int(cell)
            case "integers":
                return [int(number) for number in cell.split(TIMES)]
            case "true or false":
                return {"TRUE": True, "FALSE": False}.get(cell, cell)
            case "number":
                return int(cell) if cell.lstrip("-").isdecimal() else float(cell)
    except ValueError:
        pass
    return cell
