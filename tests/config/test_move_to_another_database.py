"""All rows into another database by one command, counted on both sides."""

import json
import sqlite3
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from config import rows
from studies.opening import open_study
from tests.factories import make_study
from tests.studies.filled import fill

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("other_databases")]


@pytest.fixture
def study(admin_user):
    study = make_study(items=3)
    open_study(study=study)
    study.refresh_from_db()
    fill(study, [[0, 1, 2]])
    return study


def move(to: str) -> dict:
    out = StringIO()
    call_command("move_database", to=to, json=True, stdout=out)
    return json.loads(out.getvalue())


def test_every_row_arrives_with_its_number_and_time(study, tmp_path):
    url = f"sqlite:///{tmp_path / 'new.sqlite3'}"
    before = {model: list(rows.read(model, "default")) for model in rows.site_models()}
    moved = move(url)
    with rows.opened(url) as other:
        assert {model: list(rows.read(model, other)) for model in rows.site_models()} == before
    assert moved["rows"]["studies.response"] == 3


def test_a_database_that_is_in_use_is_refused_and_stays_as_it_is(study, tmp_path):
    url = f"sqlite:///{tmp_path / 'new.sqlite3'}"
    move(url)
    with pytest.raises(CommandError, match="already has rows") as caught:
        move(url)
    assert caught.value.returncode == 2
    with sqlite3.connect(tmp_path / "new.sqlite3") as new:
        assert new.execute("SELECT COUNT(*) FROM studies_response").fetchone() == (3,)


def test_an_address_that_is_none_is_refused(study):
    with pytest.raises(CommandError, match="is no address of a database"):
        move("nowhere://at/all")
