"""What an answer asks of the database, as plain SQL.

A machine full of volunteers runs these few statements all day, and the ORM takes ten times as long to build one as
the database takes to run it. The text is the same on SQLite and on PostgreSQL, but for row locks and in `settle`.
Nothing is decided here: allocation.py and participation/trial_views.py say what is asked, and why.
"""

import json
from collections.abc import Collection, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import chain
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection, models

from explain.models import Image
from studies.core.transactions import in_one_statement, write_transaction
from studies.models import Event, Item, Participant, Response, Study, Trial

# The tables, as the statements name them.
PARTICIPANT, STUDY, TRIAL, RESPONSE, ITEM, EVENT, IMAGE = (
    f'"{model._meta.db_table}"' for model in (Participant, Study, Trial, Response, Item, Event, Image)
)


class HeldTrial(NamedTuple):
    """A trial in a participant's hand, as much of it as a screen needs."""

    position: int
    kind: str
    order: str
    item_id: int
    class_name: str
    prediction: dict[str, Any] | None = None  # what the network says, where trials show it

    @property
    def arms(self) -> list[int]:
        """The numbers of the arms in the order of their places; places of check maps, where it is an attention check."""
        return [int(arm) for arm in self.order.split(",")]


class TrialInHand(NamedTuple):
    """A trial that is to be answered: what never changes of it, and whether the leases of its participant are ageing."""

    trial: Trial
    is_ageing: bool


class ParticipantProgress(NamedTuple):
    """How many trials a participant has answered, their latest answer (its id and status), and what they hold."""

    done: int
    last: UUID | None
    status: str
    hand: list[HeldTrial]


class PastTrial(NamedTuple):
    """A trial that a participant was given, and what became of it."""

    item_id: int
    kind: str
    order: str
    position: int
    state: str


class FreeTrial(NamedTuple):
    """A trial that can be given to someone; `participant_id` and `position` are those of a lease that is over."""

    pk: int
    item_id: int
    order: str
    state: str
    participant_id: int | None
    position: int | None


def participant_of(token_sha256: str) -> Participant | None:
    """The participant whose link it is, with their study. What few pages need is left out until it is asked for."""
    person = _columns(Participant, "p", ("consented_at", "consent_sha256", "finished_at", "external"))
    study = _columns(Study, "s", ("protocol", "code_version", "created_at", "opened_at", "closed_at"))
    tables = f"{PARTICIPANT} p JOIN {STUDY} s ON s.id = p.study_id"
    sql = f"SELECT {person.sql}, {study.sql} FROM {tables} WHERE p.token_sha256 = %s"  # noqa: S608 (names of ours)
    rows = _ask(sql, [token_sha256])
    if not rows:
        return None
    participant = person.instance(rows[0][: len(person.names)])
    participant.study = study.instance(rows[0][len(person.names) :])
    return participant


_PROGRESS = f"""
SELECT given.done, r.answer_id, r.status, t.position, t.kind, t."order", t.item_id, i.class_name, item.prediction
FROM (SELECT count(DISTINCT trial_id) FILTER (WHERE status <> 'undone') AS done, max(id) AS last
      FROM {RESPONSE} WHERE participant_id = %s) given
LEFT JOIN {RESPONSE} r ON r.id = given.last
LEFT JOIN {TRIAL} t ON t.participant_id = %s AND t.state = 'claimed'
LEFT JOIN {ITEM} item ON item.id = t.item_id
LEFT JOIN {IMAGE} i ON i.id = item.image_id
ORDER BY t.position
"""  # noqa: S608 (names of ours)


def participant_progress(participant: int) -> ParticipantProgress:
    """How far a participant is. What they hold comes in the order in which they meet it."""
    rows = _ask(_PROGRESS, [participant, participant])
    done, last, status = rows[0][:3]
    hand = [
        HeldTrial(*row[3:])._replace(prediction=None if row[-1] is None else json.loads(row[-1]))
        for row in rows
        if row[3] is not None
    ]
    return ParticipantProgress(
        done, last if isinstance(last, UUID | None) else UUID(last), status or "", hand
    )


def lock_participant(participant: int) -> str:
    """Make the claims of one participant wait for each other; give the state of their study, "" if they have left."""
    sql = f"""
        SELECT s.state FROM {PARTICIPANT} p JOIN {STUDY} s ON s.id = p.study_id
        WHERE p.id = %s AND p.state = 'active'"""  # noqa: S608 (names of ours)
    rows = _ask(sql + _locking("FOR NO KEY UPDATE OF p"), [participant])
    return rows[0][0] if rows else ""


def lock_study(study: int) -> None:
    """Make what must be done one at a time in a study wait for each other. Before any person of it is locked."""
    sql = f"SELECT id FROM {STUDY} WHERE id = %s"  # noqa: S608 (names of ours)
    _ask(sql + _locking("FOR NO KEY UPDATE"), [study])


def locked_state(participant: int) -> str:
    """The state of a participant, who stays in it until the transaction is over; "" if there is none any more."""
    sql = f"SELECT state FROM {PARTICIPANT} WHERE id = %s"  # noqa: S608 (names of ours)
    rows = _ask(sql + _locking("FOR NO KEY UPDATE"), [participant])
    return rows[0][0] if rows else ""


def met(participant: int) -> tuple[list[PastTrial], list[dict[str, int]]]:
    """What a participant has been given: trials that are theirs, and then what lapsed for them.

    In this order: a trial that goes to someone else in between is in both, and would be in neither the other way round.
    """
    sql = f'SELECT item_id, kind, "order", position, state FROM {TRIAL} WHERE participant_id = %s'  # noqa: S608
    trials = [PastTrial(*row) for row in _ask(sql, [participant])]
    sql = f"SELECT data FROM {EVENT} WHERE participant_id = %s AND kind = 'lapsed'"  # noqa: S608
    return trials, [json.loads(data) for (data,) in _ask(sql, [participant])]


def last_before_the_hand(participant: Participant) -> int:
    """The position after which what a participant holds begins, or what they are given next; 0 before the first."""
    held = participant.trials.filter(state=Trial.State.CLAIMED).aggregate(first=models.Min("position"))[
        "first"
    ]
    if held:
        return held - 1
    return participant.trials.aggregate(last=models.Max("position"))["last"] or 0


# Which trials are free, so that they can be given to someone: as the statements below say it, and as the ORM does.
OPEN, EXPIRED = "state = 'open'", "state = 'claimed' AND lease_until < %s"


def is_free(now: datetime) -> models.Q:
    """Required trials that are open, or whose lease is over at `now`."""
    expired = models.Q(state=Trial.State.CLAIMED, lease_until__lt=now)
    return models.Q(models.Q(state=Trial.State.OPEN) | expired, kind=Trial.Kind.MAIN)


# In the order of the index `trial_open_in_order` (models/trials.py): id, from the first.
_FREE = f"""
SELECT id, item_id, "order", state, participant_id, position FROM {TRIAL}
WHERE study_id = %s AND kind = 'main' AND item_id NOT IN ({{items}}){{orders}} AND {{free}} ORDER BY id * -1 DESC LIMIT %s
"""  # noqa: S608 (names of ours)


def lock_free(
    study: int,
    seen: Collection[int],
    limit: int,
    now: datetime | None = None,
    *,
    orders: Collection[str] | None = None,
) -> list[FreeTrial]:
    """Lock free trials of items that were not `seen`, passing over those that others have locked.

    They are open ones, or with `now` those whose lease is over; with `orders` in these alone.
    """
    among = "" if orders is None else f' AND "order" IN ({_marks(orders)})'
    sql = _FREE.format(items=_marks(seen or [0]), orders=among, free=EXPIRED if now else OPEN)
    moment = [connection.ops.adapt_datetimefield_value(now)] if now else []
    rows = _ask(
        sql + _locking("FOR UPDATE SKIP LOCKED"), [study, *(seen or [0]), *(orders or ()), *moment, limit]
    )
    return [FreeTrial(*row) for row in rows]


def give(participant: int, positions: dict[int, int], lease_until: datetime) -> None:
    """Hand locked trials to a participant: `positions` of trials by their id."""
    cases = " ".join(["WHEN %s THEN %s"] * len(positions))
    sql = f"""
        UPDATE {TRIAL} SET participant_id = %s, state = 'claimed', lease_until = %s, position = CASE id {cases} END
        WHERE id IN ({_marks(positions)})"""  # noqa: S608 (marks for parameters)
    until = connection.ops.adapt_datetimefield_value(lease_until)
    _run(sql, [participant, until, *chain.from_iterable(positions.items()), *positions])


def trial_at(participant: int, position: int, ageing: datetime) -> TrialInHand | None:
    """The trial that a participant holds at a position, without a lock: only what never changes of it.

    With it whether a lease of anything that they hold lasts until before `ageing`.
    """
    sql = f"""
        SELECT id, kind, "order",
          (SELECT min(lease_until) FROM {TRIAL} WHERE participant_id = %s AND state = 'claimed') < %s
        FROM {TRIAL} WHERE participant_id = %s AND position = %s AND state = 'claimed'"""  # noqa: S608 (names of ours)
    moment = connection.ops.adapt_datetimefield_value(ageing)
    for pk, kind, order, is_ageing in _ask(sql, [participant, moment, participant, position]):
        return TrialInHand(Trial(pk=pk, kind=kind, order=order), bool(is_ageing))
    return None


_SETTLE = f"""
UPDATE {TRIAL} SET state = 'answered', lease_until = NULL
WHERE id = %s AND participant_id = %s AND state = 'claimed' RETURNING id
"""  # noqa: S608 (names of ours)


def settle(response: Response) -> bool:
    """Mark the trial of a new answer as answered, if its participant still holds it, and store the answer: both, or
    neither and False. PostgreSQL does it in one statement, where BEGIN and COMMIT would cost two round trips more."""
    held = [response.trial_id, response.participant_id]
    if connection.vendor == "postgresql":
        with in_one_statement():
            return _insert(response, f"WITH held AS ({_SETTLE})", "SELECT {marks} FROM held", held)
    with write_transaction():
        return bool(_ask(_SETTLE, held)) and insert(response)


def insert(row: models.Model) -> bool:
    """As `row.save(force_insert=True)`."""
    return _insert(row, "", "VALUES ({marks})", [])


def _insert(row: models.Model, before: str, values: str, parameters: list[Any]) -> bool:
    """Insert a row, and set its id; False if there was nothing to insert, as `values` says."""
    fields = [field for field in row._meta.concrete_fields if not field.primary_key]
    names = ", ".join(f'"{field.column}"' for field in fields)
    sql = f'{before} INSERT INTO "{row._meta.db_table}" ({names}) {values} RETURNING id'.format(
        marks=_marks(fields)
    )
    new = [field.get_db_prep_save(field.pre_save(row, add=True), connection) for field in fields]
    for (pk,) in _ask(sql, [*parameters, *new]):
        row.pk, row._state.adding, row._state.db = pk, False, connection.alias
        return True
    return False


def _marks(values: Collection[Any]) -> str:
    return ", ".join(["%s"] * len(values))


def _locking(clause: str) -> str:
    """SQLite has no row locks: the transaction itself holds the only write lock (core/transactions.py)."""
    return f" {clause}" if connection.features.has_select_for_update else ""


def _run(sql: str, parameters: Sequence[Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)


def _ask(sql: str, parameters: Sequence[Any]) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()


class _Columns:
    """Columns of a model in a SELECT, and the way from what they hold to an instance."""

    def __init__(self, model: type[models.Model], alias: str, without: Collection[str]):
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
