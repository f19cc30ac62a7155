"""What static/js sends: queued operations, each settled once."""

import json
from uuid import uuid4

import pytest
from django.utils import timezone

from studies.allocation import claim_trials
from studies.models import Event, Response, Trial
from tests.factories import make_participant

pytestmark = pytest.mark.django_db


@pytest.fixture
def taking_part(invite):
    study, _ = invite(items=8)
    participant = make_participant(study, instructed_at=timezone.now())
    claim_trials(participant=participant, count=3)
    return participant


@pytest.fixture
def send(client, taking_part):
    def send(*operations):
        path = f"/p/token-1-of-{taking_part.study.slug}/answers/"
        reply = client.post(path, json.dumps({"operations": operations}), content_type="application/json")
        assert reply.status_code == 200
        return reply.json()

    return send


def an_answer(position, value=0, **fields):
    return {
        "id": str(uuid4()),
        "kind": "answer",
        "position": position,
        "value": value,
        "response_ms": 900,
        **fields,
    }


def test_answers_are_stored_in_one_go_and_what_comes_next_is_handed_out(send):
    operations = [an_answer(1), an_answer(2, -1, telemetry={"viewport": [390, 844]})]
    reply = send(*operations)
    assert reply["settled"] == [operation["id"] for operation in operations]
    assert list(Response.objects.values_list("shown_value", "response_ms")) == [(0, 900), (-1, 900)]
    assert Response.objects.last().telemetry == {"viewport": [390, 844]}
    assert [trial["position"] for trial in reply["trials"]] == [3, 4, 5, 6, 7]
    assert (reply["done"], reply["total"], reply["elsewhere"]) == (2, 8, False)
    assert reply["trials"][0]["question"] == "Which map best matches the hammer?"
    assert len(reply["trials"][0]["pictures"]) == 4


def test_an_operation_sent_again_changes_nothing(send):
    operation = an_answer(1)
    send(operation)
    again = send({**operation, "value": 2})
    assert again["settled"] == [operation["id"]]
    assert Response.objects.get().shown_value == 0


def test_an_answer_and_its_undo_are_settled_in_order(send, taking_part):
    first = an_answer(1)
    undo = {"id": str(uuid4()), "kind": "undo", "answer_id": first["id"]}
    reply = send(first, undo)
    assert reply["settled"] == [first["id"], undo["id"]]
    assert Response.objects.get().status == "undone"
    assert reply["trials"][0]["position"] == 1
    assert reply["done"] == 0


@pytest.mark.parametrize(
    "operation",
    [
        {"kind": "answer", "position": 1, "value": 99},
        {"kind": "answer", "position": 44, "value": 0},
        {"kind": "answer"},
        {"kind": "undo"},
    ],
)
def test_what_can_never_be_stored_is_kept_as_an_event_and_not_asked_for_again(send, operation):
    sent = {"id": str(uuid4()), **operation}
    assert send(sent)["settled"] == [sent["id"]]
    assert Event.objects.get(kind="refused").data["operation"] == sent
    assert not Response.objects.exists()


def test_a_body_that_is_no_list_of_operations_is_refused(client, taking_part):
    path = f"/p/token-1-of-{taking_part.study.slug}/answers/"
    for body in ("", "[]", '{"operations": 3}', "{"):
        assert client.post(path, body, content_type="application/json").status_code == 400


def test_asking_renews_the_leases(client, taking_part):
    Trial.objects.filter(state="claimed").update(lease_until=timezone.now())
    client.get(f"/p/token-1-of-{taking_part.study.slug}/answers/")
    assert not taking_part.trials.filter(state="claimed", lease_until__lt=timezone.now()).exists()


def test_an_answer_takes_few_queries(send, django_assert_max_num_queries):
    send(an_answer(1))
    with django_assert_max_num_queries(15):
        send(an_answer(2))


@pytest.mark.parametrize("telemetry", [{"x": "y" * 5000}, ["not", "an", "object"], "text"])
def test_telemetry_that_is_no_small_object_is_left_out(send, telemetry):
    send(an_answer(1, telemetry=telemetry))
    assert Response.objects.get().telemetry == {}
