"""Every row of the site as plain values, out of one database and into another: for backups and for moving.

Values are written by SQL and not by `save()`: an answer keeps its time stamp and its number. Sessions, failed logins and
migrations stay behind: they belong to one site at one time.
"""

import base64
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time
from decimal import Decimal
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID, uuid4

import dj_database_url
from django.apps import apps
from django.core.management.color import no_style
from django.db import connections, models, transaction

from explain.core.errors import BadInputError

LEFT_BEHIND = {"sessions", "axes"}
BY_MIGRATE = ("contenttypes.contenttype", "auth.permission")
"""What `migrate` itself writes: replaced, so that numbers which point there stay right."""
AT_ONCE = 2000

Row = list[Any]
Model = type[models.Model]


def site_models() -> list[Model]:
    """Every table of the site, with those that join two others."""
    all_models = apps.get_models(include_auto_created=True)
    return [model for model in all_models if model._meta.managed and model._meta.app_label not in LEFT_BEHIND]


def columns(model: Model) -> list[models.Field]:
    return [field for field in model._meta.concrete_fields if not field.generated]


def count(model: Model, alias: str) -> int:
    return model._base_manager.using(alias).count()


def read(model: Model, alias: str) -> Iterator[Row]:
    """The rows in the order of their keys, as values that JSON can hold."""
    names = [field.attname for field in columns(model)]
    stored_rows = model._base_manager.using(alias).order_by("pk").values_list(*names)
    return ([_plain(value) for value in row] for row in stored_rows.iterator(chunk_size=AT_ONCE))


def write(model: Model, rows: Iterable[Row], alias: str) -> int:
    """Insert rows as `read` gives them, and return how many. Foreign keys are checked when the transaction ends."""
    connection, fields = connections[alias], columns(model)
    quote = connection.ops.quote_name
    names = ", ".join(quote(str(field.column)) for field in fields)
    places = ", ".join(["%s"] * len(fields))
    sql = f"INSERT INTO {quote(model._meta.db_table)} ({names}) VALUES ({places})"  # noqa: S608  our own names
    written = 0
    with connection.cursor() as cursor:
        rows = iter(rows)
        while part := list(islice(rows, AT_ONCE)):
            cursor.executemany(sql, [_stored(row, fields, connection) for row in part])
            written += len(part)
    return written


def _plain(value: Any) -> Any:
    if isinstance(value, bytes | memoryview):
        return base64.b64encode(bytes(value)).decode("ascii")
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return str(value) if isinstance(value, UUID | Decimal) else value


def _stored(row: Row, fields: Sequence[models.Field], connection: Any) -> list[Any]:
    return [
        field.get_db_prep_save(field.to_python(value), connection)
        for value, field in zip(row, fields, strict=True)
    ]


@contextmanager
def snapshot() -> Iterator[str]:
    """The alias of a database that stands still, as it was at this moment, while the site goes on.

    PostgreSQL gives that by a transaction of its own. SQLite would hold the only write lock for as long; there a copy is
    made first, by SQLite's own online backup.
    """
    if connections["default"].vendor == "sqlite":
        with TemporaryDirectory() as folder, _copy_of_sqlite(Path(folder) / "copy.sqlite3") as alias:
            yield alias
    else:
        with transaction.atomic():
            with connections["default"].cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield "default"


@contextmanager
def _copy_of_sqlite(path: Path) -> Iterator[str]:
    import sqlite3

    connections["default"].ensure_connection()
    copy = sqlite3.connect(path)
    connections["default"].connection.backup(copy)
    copy.close()
    with opened(f"sqlite:///{path}") as alias:
        yield alias


@contextmanager
def opened(url: str) -> Iterator[str]:
    """The alias of a second database, open while the block runs. Raises BadInputError for what is no address of one."""
    alias = f"other-{uuid4().hex[:8]}"
    try:
        parsed = dj_database_url.parse(url)
    except (ValueError, dj_database_url.UnknownSchemeError) as error:
        raise BadInputError(
            f"--to {url}: is no address of a database ({error}); write postgres://USER@HOST/NAME"
        ) from error
    settings: dict[str, Any] = {"default": connections.settings["default"], alias: dict(parsed)}
    connections.settings[alias] = connections.configure_settings(settings)[alias]
    try:
        yield alias
    finally:
        connections[alias].close()
        del connections[alias]
        del connections.settings[alias]


def check_empty(alias: str) -> None:
    """Raise BadInputError where a database has anything that a restore would mix with."""
    allowed = {*BY_MIGRATE}
    for model in site_models():
        if model._meta.label_lower not in allowed and model._base_manager.using(alias).exists():
            raise BadInputError(
                f"the database that this would go into already has rows ({model._meta.label}); "
                "give it an empty one, on which only `manage.py migrate` has run"
            )


def make_way(alias: str) -> None:
    """Delete what `migrate` wrote: the rows that are written next bring their own."""
    for label in reversed(BY_MIGRATE):
        apps.get_model(label)._base_manager.using(alias).all().delete()


def reset_sequences(alias: str) -> None:
    """New rows get numbers after those that were written."""
    connection = connections[alias]
    with connection.cursor() as cursor:
        for sql in connection.ops.sequence_reset_sql(no_style(), site_models()):
            cursor.execute(sql)
