"""Answers that no page of ours sends: each is refused in words, whatever it is made of, and none stops the site."""

import json
from uuid import uuid4

import pytest
from django.utils import timezone

from studies.models import Event, Response
from studies.participation.submissions import REFUSED_BYTES
from studies.protocol.wording import default_wording
from studies.trials.allocation import claim_trials
from tests.factories import make_participant
from tests.studies.single_maps import asking, said
from tests.studies.taking_part import open_study

pytestmark = pytest.mark.django_db
NINES = "9" * 4300  # the longest that int() reads; a sum of two of them is longer than str() writes


def seated(**fields):
    """Somebody who holds three trials of a study, and the path of their pages."""
    study = open_study(slug="byhand", items=4, **fields)
    participant = make_participant(study, instructed_at=timezone.now())
    claim_trials(participant=participant, count=3)
    return participant, f"/p/token-1-of-{study.slug}/"


def form_of(**fields):
    return {"position": "1", "answer_id": str(uuid4()), "version": "1", "response_ms": "900", **fields}


@pytest.mark.parametrize("task", ["best-worst", "rank"])
@pytest.mark.parametrize(
    "parts",
    [
        [NINES, NINES],
        [f"-{NINES}", f"-{NINES}"],
        ["1e3", "0"],
        ["-7", "3"],
        ["nan", "1"],
        ["", "1"],
        ["0", "0"],
        ["", ""],
    ],
)
def test_parts_that_are_no_answer_are_refused_on_a_page(client, task, parts):
    _, path = seated(task=task, methods=("grad-cam", "ablation-cam"))
    sent = form_of(**{"part-best": parts[0], "part-worst": parts[1]})
    response = client.post(f"{path}trial/", sent)
    assert response.status_code == 400
    assert not Response.objects.exists()


def post(client, path, *operations):
    body = json.dumps({"operations": operations})
    reply = client.post(f"{path}answers/", body, content_type="application/json")
    assert reply.status_code == 200
    return reply.json()


@pytest.mark.parametrize("name", ["nothing: \0", "half a letter: \ud800", "x" * 100_000])
def test_the_name_of_a_part_that_there_is_not_is_kept_as_far_as_it_can_be(client, name):
    _, path = seated(**asking())
    operation = {"id": str(uuid4()), "kind": "answer", "position": 1, "parts": {**said(), name: 1}}
    assert post(client, path, operation)["refused"] == [operation["id"]]
    why = Event.objects.get(kind="refused").data["why"]
    assert "is no question of this study" in why or len(name) > REFUSED_BYTES
    assert len(why) <= REFUSED_BYTES
    assert not {"\0", "\ud800"} & {*why}


@pytest.mark.parametrize(
    "parts",
    [None, [], "6", 6, {"clear": [6]}, {"clear": {"a": 1}}, {"clear": True}, {"clear": 6.0}, {"clear": 10**30}, {"clear": "1e0"}],
)  # fmt: skip
def test_parts_of_a_wrong_kind_are_refused(client, parts):
    _, path = seated(**asking())
    sent = {**said(), **parts} if isinstance(parts, dict) else parts
    operation = {"id": str(uuid4()), "kind": "answer", "position": 1, "parts": sent}
    assert post(client, path, operation)["refused"] == [operation["id"]]
    assert not Response.objects.exists()


@pytest.mark.parametrize("way", ["form", "queue"])
def test_no_difference_is_no_answer_where_it_is_not_offered(client, way):
    _, path = seated(
        task="pair",
        methods=("grad-cam", "ablation-cam"),
        wording={**default_wording("pair", "overlay", "en"), "same": ""},
    )
    if way == "form":
        assert client.post(f"{path}trial/", form_of(value="-1")).status_code == 400
    else:
        operation = {"id": str(uuid4()), "kind": "answer", "position": 1, "value": -1}
        assert post(client, path, operation)["refused"] == [operation["id"]]
    assert not Response.objects.exists()


@pytest.mark.parametrize("value", ["\0", "0\0"])
def test_practice_with_what_no_database_takes_is_a_wrong_answer(client, value):
    study = open_study(slug="byhand", items=4, practice=True)
    make_participant(study, instructed_at=timezone.now())
    reply = client.post(f"/p/token-1-of-{study.slug}/practice/", {"number": "0", "value": value})
    assert reply.status_code == 200
    kept = Event.objects.get(kind="practice").data
    assert kept["right"] is False
    assert "\0" not in kept["value"]
