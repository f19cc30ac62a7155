"""A researcher's program does what the pages do, within its token's scope and its owner's roles."""

import csv
import io

import pytest
from django.urls import reverse
from rest_framework.test import APIClient

from explain.jobs.jobs import run_job
from explain.models import Job
from studies.access.permissions import Role, give_role
from studies.api.throttling import SharedRate
from studies.lifecycle.similarity import measure
from studies.models import ApiToken, Event, Invitation, Response, Study, Trial, hash_token
from studies.trials.allocation import answer_trial, claim_trials
from tests.factories import make_participant, make_study

pytestmark = pytest.mark.django_db

HERE = "/api/studies/methods/"
CHANGES = [
    ("open/", {}),
    ("pause/", {}),
    ("close/", {}),
    ("invitations/", {"label": "course A"}),
    ("participants/1/void/", {"reason": "asked by mail"}),
    ("record/", {"text": "a note"}),
]


def program_of(user, scope="write"):
    token = ApiToken.issue(user, name="script", scope=scope)[1]
    return APIClient(headers={"authorization": f"Token {token}"})


@pytest.fixture
def study(researcher):
    study = make_study("methods", items=2, state=Study.State.READY, responses_per_item=1)
    give_role(study=study, person=researcher, role=Role.RESEARCHER)
    measure(study)  # what a worker does before it is opened
    return study


@pytest.fixture
def program(study, researcher):
    return program_of(researcher)


@pytest.fixture
def answered(study, program):
    """Opened, and one participant has answered about both items."""
    import uuid

    program.post(HERE + "open/")
    person = make_participant(Study.objects.get())
    for trial in claim_trials(participant=person, count=2):
        answer_trial(participant=person, position=trial.position, shown_value=0, answer_id=uuid.uuid4())
    return person


@pytest.mark.parametrize(("path", "data"), CHANGES)
def test_a_token_that_only_reads_changes_nothing(study, researcher, path, data):
    events = Event.objects.count()
    reply = program_of(researcher, "read").post(HERE + path, data)
    assert reply.status_code == 403
    assert "scope “write”" in reply.json()["detail"]
    assert (Study.objects.get().state, Event.objects.count()) == ("ready", events)
    assert program_of(researcher, "read").get(HERE).status_code == 200


@pytest.mark.parametrize(("path", "data"), CHANGES)
def test_a_viewers_token_changes_nothing_whatever_its_scope(study, stranger, path, data):
    give_role(study=study, person=stranger, role=Role.VIEWER)
    assert program_of(stranger).post(HERE + path, data).status_code == 403
    assert program_of(stranger).get(HERE).status_code == 200
    give_role(study=study, person=stranger, role=None)
    assert program_of(stranger).post(HERE + path, data).status_code == 404


def test_a_study_is_opened_paused_resumed_and_closed(study, program, researcher):
    states = [program.post(HERE + step).json()["state"] for step in ("open/", "pause/", "open/", "close/")]
    assert states == ["open", "paused", "open", "closed"]
    assert study.trials.count() == 2
    assert Event.objects.get(kind="closed").user == researcher
    refused = program.post(HERE + "open/")
    assert (refused.status_code, refused.json()) == (
        400,
        {"error": ["methods is closed; it cannot become open."]},
    )


def test_a_study_is_opened_once_its_arms_are_compared(study, program):
    Study.objects.update(likeness={})
    refused = program.post(HERE + "open/")
    assert refused.status_code == 409
    assert "open it when that is known" in refused.json()["detail"]
    run_job(Job.objects.get().pk)
    assert program.post(HERE + "open/").json()["state"] == "open"


def test_an_invitation_is_made_listed_and_closed(study, program):
    response = program.post(HERE + "invitations/", {"label": "course A", "quota": 5})
    assert response.status_code == 201
    token = response.json()["link"].rstrip("/").rsplit("/", 1)[1]
    invitation = Invitation.objects.get(token_sha256=hash_token(token))
    (row,) = program.get(HERE + "invitations/").json()["results"]
    assert (row["id"], row["label"], row["quota"], row["people"]) == (invitation.pk, "course A", 5, 0)
    assert "link" not in row
    closed = program.post(f"{HERE}invitations/{invitation.pk}/close/").json()
    assert closed["revoked_at"] is not None
    assert program.post(f"{HERE}invitations/999/close/").status_code == 404
    assert program.post(HERE + "invitations/", {"quota": 0}).json() == {
        "quota": ["Let at least one person in, or leave it out for no limit."]
    }


def test_a_participants_answers_are_voided_and_asked_again(answered, program, researcher):
    reply = program.post(HERE + "participants/1/void/", {"reason": "asked by mail"})
    assert reply.json() == {"answers": 2}
    assert set(Response.objects.values_list("status", flat=True)) == {"void"}
    assert Trial.objects.filter(state="open").count() == 2
    events = Event.objects.filter(kind="void")
    assert {(event.user, event.data["reason"]) for event in events} == {(researcher, "asked by mail")}
    assert program.post(HERE + "participants/1/void/", {"reason": "again"}).json() == {"answers": 0}
    assert program.post(HERE + "participants/1/void/", {}).status_code == 400
    assert program.post(HERE + "participants/9/void/", {"reason": "x"}).status_code == 404


def test_participants_versions_and_the_record_are_read(answered, program):
    (person,) = program.get(HERE + "participants/").json()["results"]
    assert (person["number"], person["state"]) == (1, "active")
    (version,) = program.get(HERE + "versions/").json()["results"]
    assert version["sha256"] == Study.objects.get().protocol_sha256
    assert program.post(HERE + "record/", {"text": "One called."}).json()["data"] == {"text": "One called."}
    kinds = [event["kind"] for event in program.get(HERE + "record/").json()["results"]]
    assert kinds == ["role given", "opened", "note"]


def test_answers_are_downloaded_as_a_file(answered, program):
    file = b"".join(program.get(HERE + "export/").streaming_content).decode()
    assert len(list(csv.DictReader(io.StringIO(file)))) == 2
    assert len(b"".join(program.get(HERE + "export/?as=jsonl").streaming_content).splitlines()) == 2
    assert program.get(HERE + "export/?as=xlsx").status_code == 400


# Tokens


def test_a_token_is_made_on_a_page_shown_once_and_revoked(study, client, researcher):
    client.force_login(researcher)
    address = reverse("api-tokens")
    page = client.post(address, {"name": "nightly", "scope": "read"})
    token = page.context["made"]
    row = ApiToken.objects.get()
    assert (row.token_sha256, row.scope, row.user) == (hash_token(token), "read", researcher)
    assert token in page.content.decode()
    assert token not in client.get(address).content.decode()
    program = APIClient(headers={"authorization": f"Token {token}"})
    assert program.get(HERE).status_code == 200
    row.refresh_from_db()
    assert row.last_used_at is not None
    other = ApiToken.issue(researcher, name="weekly", scope="read")[1]
    client.post(address, {"revoke": row.pk})
    assert APIClient(headers={"authorization": f"Token {other}"}).get(HERE).status_code == 200
    reply = program.get(HERE)
    assert (reply.status_code, reply["WWW-Authenticate"]) == (401, "Token")
    assert "unknown or revoked" in reply.json()["detail"]


def test_nobody_revokes_or_sees_another_persons_token(client, researcher, stranger):
    row, _ = ApiToken.issue(researcher, name="secret", scope="read")
    client.force_login(stranger)
    assert client.post(reverse("api-tokens"), {"revoke": row.pk}).status_code == 404
    assert "secret" not in client.get(reverse("api-tokens")).content.decode()
    row.refresh_from_db()
    assert row.revoked_at is None


def test_a_token_of_somebody_who_left_opens_nothing(study, program, researcher):
    researcher.is_active = False
    researcher.save()
    assert program.get(HERE).status_code == 401


def test_a_program_that_asks_too_often_is_told_to_wait(study, program, researcher, monkeypatch):
    monkeypatch.setattr(SharedRate, "THROTTLE_RATES", {"user": "3/min"})
    monkeypatch.setattr(SharedRate, "timer", lambda _: 600.0 + 25)
    replies = [program.get(HERE) for _ in range(4)]
    assert [reply.status_code for reply in replies] == [200, 200, 200, 429]
    assert replies[-1]["Retry-After"] == "35"
    assert program_of(researcher).get(HERE).status_code == 429  # another token is the same person
    monkeypatch.setattr(SharedRate, "timer", lambda _: 660.0)
    assert program.get(HERE).status_code == 200


def test_a_host_whose_clock_is_behind_gives_nobody_more(study, program, monkeypatch):
    monkeypatch.setattr(SharedRate, "THROTTLE_RATES", {"user": "3/min"})
    codes = []
    for moment in (660, 599, 661, 598):
        monkeypatch.setattr(SharedRate, "timer", lambda _, moment=moment: float(moment))
        codes.append(program.get(HERE).status_code)
    assert codes == [200, 200, 200, 429]
