"""What static/js sends: queued operations, each settled once."""

import json
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from studies.models import Event, Response
from studies.participation.submissions import MOST_AT_ONCE, REFUSED_BYTES, REFUSED_EVENTS
from studies.trials.allocation import claim_trials
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


def test_answers_are_stored_in_one_go_and_what_comes_next_is_handed_out(send, settings):
    settings.CLAIM_BLOCK = 5
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


@pytest.mark.parametrize("value", [1.5, True, "one", None, [0], 10**20])
def test_a_value_that_is_no_whole_number_is_refused(send, value):
    send(an_answer(1, value))
    assert "value: must be a whole number" in Event.objects.get(kind="refused").data["why"]


def test_of_a_large_operation_the_beginning_is_kept(send):
    sent = an_answer(44, note="x" * 100_000)
    assert send(sent)["settled"] == [sent["id"]]
    kept = Event.objects.get(kind="refused").data
    assert kept["why"] == "No trial was given out at position 44."
    assert kept["operation"] == {"cut": json.dumps(sent)[:REFUSED_BYTES]}


@pytest.mark.parametrize("text", ["nothing: \0", "half a letter: \ud800", float("nan")])
def test_what_no_database_can_hold_is_kept_as_it_was_written(send, text):
    send(an_answer(44, note=text), an_answer(1, telemetry={"note": text}))
    assert "note" in Event.objects.get(kind="refused").data["operation"]["cut"]
    assert Response.objects.get().telemetry == {}


def test_only_so_many_refused_operations_of_a_participant_are_kept(send):
    for _ in range(2):
        sent = [{"id": str(number), "kind": "undo"} for number in range(REFUSED_EVENTS)]
        assert send(*sent)["settled"] == [operation["id"] for operation in sent]
    kept = Event.objects.filter(kind="refused")
    assert kept.count() == REFUSED_EVENTS
    assert [bool(event.data.get("more")) for event in kept] == [False] * (REFUSED_EVENTS - 1) + [True]
    send(an_answer(1))
    assert Response.objects.count() == 1


def test_of_very_many_operations_some_are_left_for_the_next_request(send):
    sent = [{"id": str(number), "kind": "undo", "answer_id": str(uuid4())} for number in range(250)]
    assert send(*sent)["settled"] == [operation["id"] for operation in sent[:MOST_AT_ONCE]]


def test_a_body_that_is_no_list_of_operations_is_refused(client, taking_part):
    path = f"/p/token-1-of-{taking_part.study.slug}/answers/"
    for body in ("", "[]", '{"operations": 3}', "{", "[" * 100_000):
        assert client.post(path, body, content_type="application/json").status_code == 400


def test_an_answer_takes_few_queries(send, django_assert_num_queries):
    send(an_answer(1))
    # Whose page, the trial, both halves of the answer (one statement on PostgreSQL), what comes next. In a test
    # the answer's transaction is inside another, so its beginning and end are counted too.
    with django_assert_num_queries(6 if connection.vendor == "postgresql" else 7):
        send(an_answer(2))


def test_nobody_who_is_logged_in_is_looked_up_for_a_volunteers_page(
    taking_part, admin_client, django_assert_num_queries
):
    # The same queries as for anybody else: whose page, and what is in hand.
    path = f"/p/token-1-of-{taking_part.study.slug}/answers/"
    assert admin_client.get(path).status_code == 200
    with django_assert_num_queries(2):
        admin_client.get(path)


def test_the_csrf_token_comes_with_what_is_asked_for_first_and_stays_good(taking_part):
    strict = Client(enforce_csrf_checks=True)
    path = f"/p/token-1-of-{taking_part.study.slug}/answers/"
    headers = {"X-CSRFToken": strict.get(path).json()["csrf"]}
    for position in (1, 2):
        body = {"operations": [an_answer(position)]}
        assert strict.post(path, body, content_type="application/json").status_code == 403
        reply = strict.post(path, body, content_type="application/json", headers=headers)
        assert reply.json()["settled"] == [body["operations"][0]["id"]]


@pytest.mark.parametrize("telemetry", [{"x": "y" * 5000}, ["not", "an", "object"], "text"])
def test_telemetry_that_is_no_small_object_is_left_out(send, telemetry):
    send(an_answer(1, telemetry=telemetry))
    assert Response.objects.get().telemetry == {}


def test_what_one_person_sends_in_vain_is_on_their_own_record_and_limits_nobody_else(send, taking_part):
    other = make_participant(taking_part.study, 2)
    for _ in range(REFUSED_EVENTS):
        Event.objects.create(study=taking_part.study, participant=other, kind="refused")
        Event.objects.create(study=taking_part.study, participant=taking_part, kind="practice")
    send(an_answer(44))
    refused = taking_part.events.get(kind="refused")
    assert (refused.study, refused.data["why"]) == (
        taking_part.study,
        "No trial was given out at position 44.",
    )
    assert "more" not in refused.data


@pytest.mark.parametrize(
    ("field", "value", "range_"),
    [
        ("position", 0, "from 1 to 2147483647"),
        ("position", -1, "from 1"),
        ("position", 2**31, "from 1"),
        ("value", -3, "from -2 to 32767"),
        ("value", 32768, "from -2 to 32767"),
        ("response_ms", -1, "from 0 to 2147483647"),
        ("response_ms", 2**31, "from 0"),
        ("response_ms", False, "from 0"),
        ("version", -1, "from 0"),
        ("version", 2**31, "from 0"),
    ],
)
def test_a_number_that_cannot_be_is_refused_by_name_and_the_trial_stays(
    send, taking_part, field, value, range_
):
    send(an_answer(**{"position": 1, field: value}))
    assert f"{field}: must be a whole number {range_}" in Event.objects.get(kind="refused").data["why"]
    assert taking_part.trials.get(position=1).state == "claimed"


@pytest.mark.parametrize("field", ["response_ms", "version"])
@pytest.mark.parametrize("value", [None, "", 0, "7", 2**31 - 1])
def test_an_answer_is_stored_whatever_the_browser_knows_of_time_and_version(send, field, value):
    send(an_answer(1, **{field: value}))
    stored = Response.objects.get()
    time = 900 if field == "version" else None if value in (None, "") else int(value)
    assert (stored.response_ms, stored.version) == (time, 1)


def test_an_undo_names_the_answer_and_not_itself(send):
    first, second = an_answer(1), an_answer(2)
    undo = {"id": second["id"], "kind": "undo", "answer_id": first["id"]}  # not the last one
    send(first, second, undo)
    assert list(Response.objects.values_list("status", flat=True)) == ["counted", "counted"]


@pytest.mark.parametrize("operation", ["text", 3, None, ["kind"]])
def test_an_operation_that_is_no_object_is_refused(send, operation):
    assert send(operation, an_answer(1))["settled"][0] is None
    refused = Event.objects.get(kind="refused").data
    assert refused == {"why": "An operation is no object.", "operation": operation}
    assert Response.objects.count() == 1


@pytest.mark.parametrize("answer_id", ["none", "", None, 3])
def test_an_answer_without_an_id_is_refused(send, answer_id):
    send({**an_answer(1), "id": answer_id})
    assert Event.objects.get(kind="refused").data["why"] == "The answer's id must be a UUID."


def test_an_answer_by_a_link_is_to_a_trial_of_whose_link_it_is(send, taking_part):
    other = make_participant(taking_part.study, 2)
    claim_trials(participant=other, count=3)
    send(an_answer(2))
    assert Response.objects.get().trial == taking_part.trials.get(position=2)
    assert set(other.trials.values_list("state", flat=True)) == {"claimed"}
