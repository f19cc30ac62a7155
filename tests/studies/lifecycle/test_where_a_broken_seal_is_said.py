"""A broken seal is told of at the top of everything about a study's answers: commands, files, pages, the API, the doctor."""

import csv
import io
import json

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from config import doctor
from studies.models import ApiToken, ProtocolVersion, Study
from tests import by_sql

from .test_seal import opened as opened
from .test_seal import overwrite, sql

pytestmark = pytest.mark.django_db


@pytest.fixture
def broken(opened):
    sql("UPDATE studies_study SET seed = 999")
    return opened


HEADLINE = "The seal of sealed is broken: 1 thing differs from what was opened as version 1 of its protocol."
LINE = "setting seed: was 7, is 999"


def run(*command) -> tuple[str, int]:
    out, status = io.StringIO(), 0
    try:
        call_command(*command, stdout=out)
    except CommandError as error:
        status = error.returncode
    return out.getvalue(), status


def commands(tmp_path):
    return {
        "scores": ("scores", "sealed"),
        "export": ("export", "sealed", "--to", str(tmp_path / "answers")),
        "report": ("report", "sealed", "--to", str(tmp_path / "report.html")),
    }


@pytest.mark.parametrize("name", ["scores", "export", "report"])
def test_a_command_says_it_first_and_ends_with_3_when_all_is_written(broken, tmp_path, name):
    command = commands(tmp_path)[name]
    printed, status = run(*command)
    assert status == 3
    assert printed.startswith(f"{HEADLINE}\n  {LINE}\n")
    assert len(printed.splitlines()) >= 4  # and what it says of a whole seal
    data, status = run(*command, "--json")
    assert status == 3
    seal = json.loads(data)["seal"]
    assert next(iter(json.loads(data))) == "seal"
    assert seal == {
        "broken": True,
        "version": 1,
        "changes": 1,
        "differs": [{"part": "study", "key": "seed", "before": 7, "now": 999}],
    }


@pytest.mark.parametrize("name", ["scores", "export", "report"])
def test_of_a_whole_seal_a_command_says_nothing(opened, tmp_path, name):
    command = commands(tmp_path)[name]
    for options in ((), ("--json",)):
        printed, status = run(*command, *options)
        assert status == 0
        assert "seal is broken" not in printed
        assert '"seal"' not in printed


def test_exported_files_tell_of_it_and_their_tables_stay_as_they_are(opened, tmp_path):
    for folder in ("before", "after"):
        run("export", "sealed", "--to", str(tmp_path / folder))
        sql("UPDATE studies_study SET break_every = 5")
    before, after = (
        {path.name: path.read_text() for path in (tmp_path / f).iterdir()} for f in ("before", "after")
    )
    assert set(after) - set(before) == {"SEAL-BROKEN.txt"}
    assert "setting break_every: was 0, is 5" in after["SEAL-BROKEN.txt"]
    assert before["answers.csv"] == after["answers.csv"]
    assert json.loads(after["scores.json"])["seal"]["broken"]
    assert "seal" not in json.loads(before["scores.json"])
    by_sql.change(Study.objects.all(), break_every=0)
    run("export", "sealed", "--to", str(tmp_path / "after"))
    assert not (tmp_path / "after/SEAL-BROKEN.txt").exists()


def test_the_report_says_it_before_anything_else(broken, tmp_path):
    run(*commands(tmp_path)["report"])
    body = (tmp_path / "report.html").read_text().split("<main")[1]
    assert HEADLINE in body
    assert LINE in body
    assert body.index(HEADLINE) < body.index("<h1")


@pytest.fixture
def browser(client, admin_user):
    client.force_login(admin_user)
    return client


def page(browser, name, **query) -> str:
    return browser.get(reverse(name, args=["sealed"]), query).content.decode()


@pytest.mark.parametrize("hidden", [False, True])
def test_the_results_page_says_it_at_its_top(opened, browser, hidden):
    if hidden:
        by_sql.change(
            Study.objects.all(), protocol={"analysis": {"hide_running_results": True}}, state="open"
        )
        version = opened.versions.get()
        by_sql.change(ProtocolVersion.objects.all(), protocol={"analysis": {"hide_running_results": True}})
        assert version.sealed
    else:
        assert "Seal broken" not in page(browser, "study-results")
        sql("UPDATE studies_study SET seed = 999")
    html = page(browser, "study-results")
    assert html.index("Seal broken") < html.index("<h1")
    assert (LINE in html) is not hidden


def test_downloads_tell_of_it_by_their_name_and_a_header(opened, browser):
    response = browser.get(reverse("study-export", args=["sealed"]))
    assert response["Content-Disposition"] == 'attachment; filename="sealed-answers.csv"'
    assert "Blindsight-Seal" not in response
    sql("UPDATE studies_study SET seed = 999")
    response = browser.get(reverse("study-export", args=["sealed"]))
    assert response["Content-Disposition"] == 'attachment; filename="sealed-answers-SEAL-BROKEN.csv"'
    assert response["Blindsight-Seal"] == HEADLINE
    rows = list(csv.DictReader(io.StringIO(b"".join(response.streaming_content).decode())))
    assert len(rows) == 8
    assert page(browser, "study-results-json").startswith('{\n  "seal": {')


@pytest.mark.parametrize("route", ["scores", "answers"])
def test_the_api_begins_with_it(opened, client, admin_user, route):
    token = ApiToken.issue(admin_user, name="a", scope="read")[1]
    address = f"/api/studies/sealed/{route}/"
    assert "seal" not in client.get(address, headers={"Authorization": f"Token {token}"}).json()
    sql("UPDATE studies_study SET seed = 999")
    data = client.get(address, headers={"Authorization": f"Token {token}"}).json()
    assert next(iter(data)) == "seal"
    assert data["seal"]["differs"] == [{"part": "study", "key": "seed", "before": 7, "now": 999}]


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_the_api_s_files_tell_of_it(opened, client, admin_user, kind):
    token = ApiToken.issue(admin_user, name="a", scope="read")[1]

    def get():
        headers = {"Authorization": f"Token {token}"}
        return client.get(f"/api/studies/sealed/export/?as={kind}", headers=headers)

    assert "Blindsight-Seal" not in get()
    sql("UPDATE studies_study SET seed = 999")
    assert get()["Blindsight-Seal"] == HEADLINE
    assert f"sealed-answers-SEAL-BROKEN.{kind}" in get()["Content-Disposition"]


def test_the_doctor_names_it_before_anything_else_and_ends_with_3(broken):
    out, status = run("doctor", "--json")
    first = json.loads(out)[0]
    assert (status, first["what"], first["state"]) == (3, "seal", "wrong")
    assert first["said"] == f"{HEADLINE} {LINE}"


def test_the_doctor_reads_every_picture(opened):
    assert doctor.broken_seals() == []
    overwrite(opened.items.get(index=0).picture)
    (finding,) = doctor.broken_seals()
    assert finding.said.endswith("the picture of item 0 photo has other bytes")


def test_of_whole_seals_the_doctor_says_nothing(opened):
    assert "seal" not in {finding.what for finding in doctor.examine()}
