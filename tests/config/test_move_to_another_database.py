"""All rows into another database by one command, counted on both sides."""

import json
import os
import sqlite3
import subprocess
import sys
from io import StringIO

import pytest
from django.conf import settings as project
from django.core.management import CommandError, call_command

from config import rows
from studies.lifecycle.opening import open_study
from studies.models import Response
from tests.factories import make_study
from tests.faults.test_database_goes_away import PROGRAMS
from tests.studies.filled import fill

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("other_databases")]

# What the site says on the database that it has moved to, and that a study goes on there.
MOVED = """
import django; django.setup()
import json, uuid
from io import StringIO
from django.core.management import call_command
from studies.trials.allocation import answer_trial, claim_trials
from studies.models import Response, Study
from tests.studies.filled import make_participant
said, before = {}, list(Response.objects.values_list("pk", flat=True))
for command in (["check_files"], ["scores", "demo"]):
    out = StringIO()
    call_command(*command, "--json", stdout=out)
    said[command[0]] = out.getvalue()
person = make_participant(Study.objects.get())
(trial,) = claim_trials(participant=person, count=1)
answer_trial(participant=person, position=trial.position, shown_value=0, answer_id=uuid.uuid4())
given = Response.objects.get(participant=person)
print(json.dumps(said | {"before": len(before), "numbered_after_them": given.pk > max(before)}))
"""


@pytest.fixture
def study(admin_user):
    study = make_study(items=3)
    fill(study, [[0, 1, 2]])  # first, so that the orders of these trials are among those that are sealed
    open_study(study=study)
    study.refresh_from_db()
    return study


def move(to: str) -> dict:
    out = StringIO()
    call_command("move_database", to=to, json=True, stdout=out)
    return json.loads(out.getvalue())


def test_every_row_arrives_with_its_number_and_time(study, tmp_path):
    url = f"sqlite:///{tmp_path / 'new.sqlite3'}"
    before = {model: list(rows.read(model, "default")) for model in rows.site_models()}
    times = Response.objects.order_by("pk").values_list("pk", "created_at")
    assert any(time.microsecond for _, time in times)
    moved = move(url)
    with rows.opened(url) as other:
        assert {model: list(rows.read(model, other)) for model in rows.site_models()} == before
        assert list(times.using(other)) == list(times)
    assert moved["rows"]["studies.response"] == 3


@pytest.mark.skipif(PROGRAMS is None, reason="needs Debian's postgresql, as .ci/run installs it")
def test_a_study_goes_on_in_postgresql_with_the_same_scores(study, postgres, tmp_path):
    fill(study, [[1, 1, -1], [2, 0, 1], [0, 2, 2]], simulated=True)
    before = {model: list(rows.read(model, "default")) for model in rows.site_models()}
    files, scores = (StringIO() for _ in range(2))
    call_command("check_files", json=True, stdout=files)
    call_command("scores", "demo", json=True, stdout=scores)
    move(postgres.url)
    with rows.opened(postgres.url) as other:
        assert {model: list(rows.read(model, other)) for model in rows.site_models()} == before
    environment = {"DATABASE_URL": postgres.url, "DATA_DIR": str(tmp_path), "SECRET_KEY": project.SECRET_KEY}
    moved = subprocess.run(
        [sys.executable, "-c", MOVED],
        env={**os.environ, **environment, "DJANGO_SETTINGS_MODULE": "config.settings"},
        cwd=project.BASE_DIR,
        capture_output=True,
        text=True,
    )
    assert moved.returncode == 0, moved.stderr
    printed = json.loads(moved.stdout)
    assert printed == {
        "check_files": files.getvalue(),
        "scores": scores.getvalue(),
        "before": 12,
        "numbered_after_them": True,
    }


def test_a_database_that_is_in_use_is_refused_and_stays_as_it_is(study, tmp_path):
    url = f"sqlite:///{tmp_path / 'new.sqlite3'}"
    move(url)
    with pytest.raises(CommandError, match="already has rows") as caught:
        move(url)
    assert caught.value.returncode == 2
    with sqlite3.connect(tmp_path / "new.sqlite3") as new:
        assert new.execute("SELECT COUNT(*) FROM studies_response").fetchone() == (3,)


def test_answers_that_are_lost_on_the_way_are_noticed_and_nothing_is_kept(study, tmp_path, monkeypatch):
    read = rows.read

    def lossy(model, alias):
        records = list(read(model, alias))
        return records[:-1] if model is Response else records

    monkeypatch.setattr(rows, "read", lossy)
    with pytest.raises(CommandError, match="2 rows arrived of 3; nothing was kept"):
        move(f"sqlite:///{tmp_path / 'new.sqlite3'}")
    with sqlite3.connect(tmp_path / "new.sqlite3") as new:
        for table in ("studies_study", "studies_response"):
            assert new.execute(f"SELECT COUNT(*) FROM {table}").fetchone() == (0,)


def test_an_address_that_is_none_is_refused(study):
    with pytest.raises(CommandError, match="is no address of a database"):
        move("nowhere://at/all")
