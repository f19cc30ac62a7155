"""The page of a living comparison: for everybody, where its protocol says so, without what is under embargo, and its researchers' page."""

import csv
import io
import json

import pytest
from bs4 import BeautifulSoup
from django.core.management import CommandError, call_command
from django.urls import reverse

from studies.arena import join, leave, release
from studies.lifecycle.opening import open_study
from studies.lifecycle.readiness import create_study
from studies.models import Study
from studies.protocol import check_protocol
from studies.results import part_of, scores_json
from tests.studies.arena.test_join_and_leave import NEW, PROTOCOL, now
from tests.studies.arena.test_join_and_leave import birds as birds
from tests.studies.arena.test_join_and_leave import study as study
from tests.studies.trials.test_rounds import take_part

pytestmark = pytest.mark.django_db


def data_of(client, study) -> dict:
    return json.loads(client.get(reverse("arena-json", args=[study.slug])).content)


def filled(study: Study, people: int = 6, first: int = 0) -> Study:
    for number in range(first, first + people):
        take_part(now(study), 8, seed=number)
    return now(study)


def test_everybody_sees_the_numbers_of_the_results_page(client, study):
    study = filled(study)
    page = BeautifulSoup(client.get(reverse("arena", args=[study.slug])).content, "html.parser")
    data, scores = data_of(client, study), scores_json(study, part_of(study))
    assert {row["arm"]: row["interval"] for row in data["arms"]} == {
        name: arm["interval"] for name, arm in scores["scores"].items()
    }
    assert {row["arm"]: row["ranks"] for row in data["arms"]} == {
        name: arm["ranks"] for name, arm in scores["scores"].items()
    }
    assert (data["people"], data["answers"]) == (6, 48)
    assert [row.th.text.strip() for row in page.select("table tbody tr")] == [
        row["arm"] for row in data["arms"]
    ]
    assert data["headline"] in page.text
    assert all(row["citation"] for row in data["arms"])
    assert all(
        row["random_weights"] for row in data["arms"]
    )  # as everywhere: such maps say nothing of a trained network
    assert len(page.select("td.source .tag.bad")) == len(data["arms"])
    rows = list(
        csv.DictReader(io.StringIO(client.get(reverse("arena-csv", args=[study.slug])).content.decode()))
    )
    assert [row["arm"] for row in rows] == [row["arm"] for row in data["arms"]]
    assert float(rows[0]["interval_low"]) == data["arms"][0]["interval"][0]
    take_part(study, 8, seed=20)
    assert data_of(client, study)["answers"] == 56  # a page that is kept is of the answers that it says


def test_nobody_sees_one_that_its_protocol_does_not_show(client):
    changes = {"slug": "closed-doors", "pair": {"kind": "arena"}}
    hidden = open_study(study=create_study(protocol=check_protocol(PROTOCOL | changes)), alike_seen=True)
    for name in ("arena", "arena-json", "arena-csv"):
        assert client.get(reverse(name, args=[hidden.slug])).status_code == 404
        assert client.get(reverse(name, args=["no-such-study"])).status_code == 404


def test_results_that_are_hidden_are_hidden_here_too(client):
    changes = {"slug": "patient", "analysis": {"hide_running_results": True}}
    study = filled(
        open_study(study=create_study(protocol=check_protocol(PROTOCOL | changes)), alike_seen=True), 2
    )
    data = data_of(client, study)
    assert "hidden until" in data["hidden"]
    assert (data["people"], data["answers"]) == (0, 0)
    assert "interval" not in data["arms"][0]
    assert client.get(reverse("arena", args=[study.slug])).status_code == 200


def test_nothing_tells_of_an_arm_under_embargo(client, study):
    study = filled(study)
    before = data_of(client, study)
    join(study=study, arm=NEW, why="Not published yet", embargo=True)
    study = filled(study, 4, 10)
    page = client.get(reverse("arena", args=[study.slug])).content.decode()
    text = (
        client.get(reverse("arena-json", args=[study.slug])).content.decode()
        + client.get(reverse("arena-csv", args=[study.slug])).content.decode()
    )
    assert "Newcomer" not in page + text
    assert "grad-cam++" not in page + text
    data = data_of(client, study)
    shown = study.trials.filter(state="answered").exclude(order__contains="4").count()
    assert data["answers"] == shown > before["answers"]
    assert sum(row["wins"] for row in data["arms"]) == shown
    assert sorted(row["rank"] for row in data["arms"])[0] == 1
    assert max(row["ranks"][1] for row in data["arms"]) <= 4
    release(study=study, name="Newcomer", why="Published")
    data = data_of(client, now(study))
    assert "Newcomer" in {row["arm"] for row in data["arms"]}
    assert data["answers"] == study.trials.filter(state="answered").count()


def test_one_that_has_left_keeps_its_row(client, study):
    study = filled(study)
    leave(study=study, name="score-cam", why="Its authors wish it")
    row = next(row for row in data_of(client, now(study))["arms"] if row["arm"] == "score-cam")
    assert row["has_left"]
    assert row["rank"]
    assert "has left" in client.get(reverse("arena", args=[study.slug])).content.decode()


def test_researchers_let_arms_join_and_leave_on_a_page(client, researcher, study):
    study = filled(study, 1)
    client.force_login(researcher)
    address = reverse("study-arms", args=[study.slug])
    assert client.get(address).status_code == 404  # not theirs
    study.researchers.add(researcher)
    assert address in client.get(reverse("study", args=[study.slug])).content.decode()
    assert client.get(address).status_code == 200
    said = client.post(address, {"act": "join", "network": "tiny", "method": "eigen-cam", "why": "New"})
    assert said.status_code == 200
    assert now(study).version == 1
    said = client.post(
        address, {"act": "join", "network": "tiny", "method": "grad-cam++", "name": "Newcomer", "why": "New"}
    )
    assert said.status_code == 302
    said = client.post(address, {"act": "leave", "leave-name": "score-cam", "leave-why": "Old"})
    assert said.status_code == 302
    study = now(study)
    assert (study.version, study.state, study.trial_type.layout.has_left) == (3, "open", {"score-cam"})
    record = client.get(reverse("study-record", args=[study.slug])).content.decode()
    assert "arm joined" in record


def test_it_joins_by_one_command(study, capsys):
    arm = ("network=tiny", "method=grad-cam++", "name=Newcomer")
    call_command("grow_study", study.slug, "--arm", *arm, "--embargo", "--why", "New", "--json")
    assert json.loads(capsys.readouterr().out)["arm"] == "Newcomer"
    call_command("grow_study", study.slug, "--release", "Newcomer", "--why", "Published")
    call_command("grow_study", study.slug, "--leave", "Newcomer", "--why", "Old")
    assert now(study).trial_type.layout.has_left == {"Newcomer"}
    with pytest.raises(CommandError, match="KEY=VALUE"):
        call_command("grow_study", study.slug, "--arm", "tiny", "--why", "New")


def test_it_joins_by_one_call(client, researcher, study):
    study.researchers.add(researcher)
    client.force_login(researcher)
    body = {"arm": {"network": "tiny", "method": "grad-cam++", "name": "Newcomer"}, "why": "New"}
    said = client.post(f"/api/studies/{study.slug}/join/", body, content_type="application/json")
    assert (said.status_code, said.json()["number"]) == (200, 2)
    said = client.post(
        f"/api/studies/{study.slug}/leave/",
        {"name": "Newcomer", "why": "Old"},
        content_type="application/json",
    )
    assert said.json()["number"] == 3
    again = client.post(
        f"/api/studies/{study.slug}/leave/",
        {"name": "Newcomer", "why": "Old"},
        content_type="application/json",
    )
    assert again.status_code == 400
