"""What an answer asks of the database, as plain SQL.

A machine full of volunteers runs these few statements all day, and the ORM takes ten times as long to build one as
the database takes to run it. The text is the same on SQLite and on PostgreSQL. Nothing is decided here: allocation.py
and pages.py say what is asked, and why.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from django.db import connection, models

from .models import Participant, Study

Row = TypeVar("Row", bound=models.Model)


class Held(NamedTuple):
    """A trial in a participant's hand, as much of it as a screen needs."""

    position: int
    kind: str
    order: str
    title: str
    is_ageing: bool


class Progress(NamedTuple):
    """How many trials a participant has answered, and their latest answer: its id and its status."""

    done: int
    last: UUID | None
    status: str


class Settled(NamedTuple):
    """The trial that an answer has just settled."""

    trial: int
    kind: str
    order: str


def participant_of(token_sha256: str) -> Participant | None:
    """The participant whose link it is, with their study. The study's protocol is left out until it is asked for."""
    person, study = _columns(Participant, "p"), _columns(Study, "s", ("protocol",))
    tables = "studies_participant p JOIN studies_study s ON s.id = p.study_id"
    sql = f"SELECT {person.sql}, {study.sql} FROM {tables} WHERE p.token_sha256 = %s"  # noqa: S608 (names of ours)
    found = _ask(sql, [token_sha256])
    if not found:
        return None
    participant = person.instance(found[0][: len(person.names)])
    participant.study = study.instance(found[0][len(person.names) :])
    return participant


_HAND = """
SELECT t.position, t.kind, t."order", i.class_name, t.lease_until IS NULL OR t.lease_until < %s
FROM studies_trial t JOIN studies_item ON studies_item.id = t.item_id JOIN explain_image i ON i.id = studies_item.image_id
WHERE t.participant_id = %s AND t.state = 'claimed' ORDER BY t.position
"""


def hand(participant: int, ageing: datetime) -> list[Held]:
    """The trials that a participant holds, in the order in which they meet them; those with a lease until before
    `ageing` are ageing."""
    moment = connection.ops.adapt_datetimefield_value(ageing)
    found = _ask(_HAND, [moment, participant])
    return [Held(position, kind, order, title, bool(old)) for position, kind, order, title, old in found]


_PROGRESS = """
SELECT (SELECT count(DISTINCT trial_id) FROM studies_response WHERE participant_id = %s AND status <> 'undone'),
       answer_id, status
FROM studies_response WHERE participant_id = %s ORDER BY id DESC LIMIT 1
"""


def progress(participant: int) -> Progress:
    for done, last, status in _ask(_PROGRESS, [participant, participant]):
        return Progress(done, last if isinstance(last, UUID) else UUID(last), status)
    return Progress(0, None, "")


_SETTLE = """
UPDATE studies_trial SET state = 'answered', lease_until = NULL
WHERE participant_id = %s AND position = %s AND state = 'claimed' RETURNING id, kind, "order"
"""


def settle(participant: int, position: int) -> Settled | None:
    """Lock a trial that is held and mark it as answered, in one step; None where it is not held (any more)."""
    for row in _ask(_SETTLE, [participant, position]):
        return Settled(*row)
    return None


def insert(row: Row) -> Row:
    """As `row.save(force_insert=True)`: one INSERT, and its new id."""
    fields = [field for field in row._meta.concrete_fields if not field.primary_key]
    names = ", ".join(f'"{field.column}"' for field in fields)
    values = [field.get_db_prep_save(field.pre_save(row, add=True), connection) for field in fields]
    marks = ", ".join(["%s"] * len(fields))
    sql = f'INSERT INTO "{row._meta.db_table}" ({names}) VALUES ({marks}) RETURNING id'  # noqa: S608 (names of ours)
    row.pk = _ask(sql, values)[0][0]
    row._state.adding, row._state.db = False, connection.alias
    return row


def _ask(sql: str, parameters: Sequence[Any]) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()


class _Columns:
    """Columns of a model in a SELECT, and the way from what they hold to an instance."""

    def __init__(self, model: type[models.Model], alias: str, without: Iterable[str]):
        fields = [field for field in model._meta.concrete_fields if field.name not in without]
        self.model, self.names = model, [field.attname for field in fields]
        self.sql = ", ".join(f'{alias}."{field.column}"' for field in fields)
        # (place, converter, column) for what the database does not hand over as the model has it.
        self.converters = [
            (place, convert, column)
            for place, column in enumerate(field.get_col(alias) for field in fields)
            for convert in connection.ops.get_db_converters(column) + column.get_db_converters(connection)
        ]

    def instance(self, row: Sequence[Any]) -> Any:
        values = list(row)
        for place, convert, column in self.converters:
            values[place] = convert(values[place], column, connection)
        return self.model.from_db(connection.alias, self.names, values)


@lru_cache
def _columns(model: type[models.Model], alias: str, without: tuple[str, ...] = ()) -> _Columns:
    return _Columns(model, alias, without)
