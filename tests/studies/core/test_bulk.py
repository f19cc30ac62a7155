"""Rows read as columns are the rows that Django reads, in the order of their ids, on either database."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import numpy as np
import pytest
from django.db import DatabaseError, connection
from django.db.models import F
from django.db.models.expressions import RawSQL

from studies.core.bulk_read import chunks, columns
from studies.models import Response, Trial
from tests import by_sql
from tests.factories import make_study
from tests.studies.filled import answer, fill, make_participant

pytestmark = pytest.mark.django_db
FIELDS = {
    "id": "int",
    "choice": "small",
    "simulated": "bool",
    "created_at": "time",
    "answer_id": "uuid",
    "order": "code",
}


@pytest.fixture
def rows():
    study = make_study("methods", items=5)
    fill(study, [[0, 1, 2, -1, 0], [2, 2, 1, 0, 0]])
    answer(make_participant(study, simulated=True), 0, 1)
    Trial.objects.filter(responses__simulated=True).update(
        order=""
    )  # of an answer from elsewhere it is not known
    # PostgreSQL writes a changed row anew, behind the others.
    first = Response.objects.earliest("id")
    by_sql.change(Response.objects.filter(pk=first.pk), created_at=datetime(1999, 12, 31, 23, 59, 59, 7, UTC))
    return Response.objects.filter(trial__study=study).annotate(order=F("trial__order"))


def as_django_reads(rows) -> list[tuple]:
    return list(rows.order_by("id").values_list(*FIELDS))


def as_read(read) -> list[tuple]:
    since = datetime(1970, 1, 1, tzinfo=UTC)
    return list(
        zip(
            read["id"].tolist(),
            read["choice"].tolist(),
            read["simulated"].tolist(),
            [since + timedelta(microseconds=time) for time in read["created_at"].tolist()],
            [UUID(bytes=raw.tobytes()) for raw in read["answer_id"]],
            [read["order"].texts[place] for place in read["order"].places.tolist()],
            strict=True,
        )
    )


@pytest.mark.parametrize("size", [1, 3, 4, 1000])
def test_every_value_is_there_once_in_order(rows, size):
    parts = list(chunks(rows, FIELDS, size))
    assert all(0 < len(part["id"]) <= size for part in parts)
    assert [row for part in parts for row in as_read(part)] == as_django_reads(rows)


def test_all_at_once(rows):
    read = columns(rows, FIELDS)
    assert as_read(read) == as_django_reads(rows)
    assert read["order"].are("").tolist() == [False] * 10 + [True]


def test_no_rows_give_empty_columns(rows):
    read = columns(rows.filter(choice=7), FIELDS)
    assert as_read(read) == []
    assert read["answer_id"].shape == (0, 16)
    assert read["choice"].dtype == np.int64
    assert read["order"].are("main").tolist() == []


def test_a_reading_that_is_given_up_leaves_the_connection_usable(rows):
    reading = chunks(rows, FIELDS, 1)
    next(reading)
    reading.close()  # as when a download is broken off
    assert rows.count() == len(columns(rows, FIELDS)["id"]) == 11


def test_an_error_of_the_database_in_the_middle_is_raised(rows):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite divides by zero and says nothing")
    broken = rows.annotate(broken=RawSQL("1 / (studies_response.choice - 2)", ()))
    with pytest.raises(DatabaseError, match="division by zero"):
        list(chunks(broken, {"id": "int", "broken": "int"}, 1))
