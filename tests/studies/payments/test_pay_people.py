"""Whom to pay: who sees it, what is in it, and in which form recruitment sites take it."""

import csv

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from studies.access.permissions import Role, give_role
from studies.models import Event, Participant
from studies.participation.invitations import finish
from studies.payments import payments_csv
from studies.trials.allocation import void_participant, withdraw
from tests.factories import make_participant
from tests.studies.people import client_of

pytestmark = pytest.mark.django_db
PAGE = "study-payments"


@pytest.fixture
def payer(world, django_user_model):
    study, people = world
    people["payer"] = django_user_model.objects.create_user("payer", password="correct horse battery")
    give_role(study=study, person=people["payer"], role=Role.PAYER)
    return client_of("payer", people, study)


def recruited(study, number, site="prolific", finished=True, **fields):
    names = ("PROLIFIC_PID", "SESSION_ID") if site == "prolific" else ("workerId", "assignmentId")
    person = make_participant(
        study,
        number,
        external_id=f"{site}:ID{number}",
        external=dict(zip(names, (f"ID{number}", f"visit{number}"), strict=True)),
        **fields,
    )
    return finish(participant=person) if finished else person


def rows(study):
    return list(csv.DictReader(payments_csv(study).splitlines()))


def shown(client, search=""):
    return client.get(reverse(PAGE, args=["methods"]), {"search": search} if search else {})


# Who sees it


@pytest.mark.parametrize(("role", "status"), [("viewer", 403), ("researcher", 403), ("stranger", 404)])
def test_no_other_role_leads_to_it(world, role, status):
    study, people = world
    client = client_of(role, people, study)
    for address in (
        reverse(PAGE, args=["methods"]),
        reverse("study-payments-file", args=["methods"]),
        reverse("study-payments-list", args=["methods", "prolific", "approve"]),
    ):
        assert client.get(address).status_code == status


def test_who_pays_sees_ids_and_nothing_else_of_the_study(world, payer):
    study, _ = world
    recruited(study, 2)
    assert "ID2" in shown(payer).content.decode()
    for name in ("study", "study-results", "study-export", "study-watch", "study-humans"):
        assert payer.get(reverse(name, args=["methods"])).status_code == 404
    page = payer.get(reverse("studies")).content.decode()
    assert reverse(PAGE, args=["methods"]) in page
    assert f'"{reverse("study", args=["methods"])}"' not in page


def test_a_researcher_gives_it_beside_another_role_and_takes_it_alone(world):
    study, people = world
    client = client_of("researcher", people, study)
    address = reverse("study-access", args=["methods"])
    client.post(address, {"account": "researcher", "role": "payer"})
    assert shown(client).status_code == 200
    assert reverse(PAGE, args=["methods"]) in client.get(reverse("study", args=["methods"])).content.decode()
    client.post(address, {"take": "researcher", "role": "payer"})
    assert shown(client).status_code == 403
    assert study.researchers.filter(username="researcher").exists()
    told = [event.data["role"] for event in Event.objects.filter(kind="role given").order_by("id")][-2:]
    assert told == ["payer", "no payments"]


# What is in it


def test_everybody_is_there_with_their_id_code_and_state(world):
    study, _ = world
    person = recruited(study, 2)
    recruited(study, 3, finished=False)
    row = next(row for row in rows(study) if row["participant"] == "2")
    assert row | {"joined": "", "finished": "", "minutes": ""} == {
        "participant": "2", "site": "prolific", "recruitment_id": "ID2", "session": "visit2",
        "code": person.completion_code, "state": "finished", "joined": "", "finished": "", "minutes": "",
        "checks_passed": "", "checks_given": "", "decision": "approve", "reason": "",
    }  # fmt: skip
    assert (row["joined"], row["finished"], row["minutes"]) == (
        person.consented_at.isoformat(timespec="seconds"),
        person.finished_at.isoformat(timespec="seconds"),
        "0.0",
    )
    assert [(row["participant"], row["state"], row["decision"]) for row in rows(study)] == [
        ("1", "active", ""), ("2", "finished", "approve"), ("3", "active", ""),
    ]  # fmt: skip


def test_who_withdrew_is_not_there_and_the_page_says_so(world, payer):
    study, _ = world
    withdraw(participant=recruited(study, 2))
    assert [row["participant"] for row in rows(study)] == ["1"]
    page = shown(payer).content.decode()
    assert "1 person so far" in page
    assert "Nobody here has this" in shown(payer, "ID2").content.decode()


def test_simulated_people_and_answers_from_elsewhere_are_nobody_to_pay(world):
    study, _ = world
    make_participant(study, 2, simulated=True)
    make_participant(study, 3, external={"imported": "a.csv"})
    assert [row["participant"] for row in rows(study)] == ["1"]


def test_why_somebody_is_not_simply_paid_is_said(world):
    study, _ = world
    taken_out = recruited(study, 2)
    void_participant(participant=taken_out, reason="a robot")
    recruited(study, 3, finished=False, state=Participant.State.SCREENED)
    assert [(row["decision"], row["reason"]) for row in rows(study)][1:] == [
        ("reject", "a robot"), ("", "not eligible by their own answers"),
    ]  # fmt: skip


def test_who_missed_the_checks_is_not_approved(visitor, invite, monkeypatch):
    study, _ = invite(
        items=4, responses_per_item=1, trials_per_participant=4, protocol={"exclusions": {"missed_checks": 2}}
    )
    person = recruited(study, 1)
    study.attention_checks = 3
    for passed, told in ((2, ("approve", "")), (1, ("reject", "missed 2 of 3 attention checks"))):
        counted = ({person.pk: passed}, {person.pk: 3})
        monkeypatch.setattr("studies.payments.payees.checks_by_person", lambda *_, counted=counted: counted)
        row = rows(study)[0]
        assert (row["decision"], row["reason"]) == told
        assert (row["checks_passed"], row["checks_given"]) == (str(passed), "3")


def test_thousands_of_people_are_read_as_a_few_are(world):
    """SQLite takes only so many values in one query, and each more of them costs."""
    study = world[0]
    sizes = []
    for numbers in (range(500, 502), range(600, 640)):
        for number in numbers:
            recruited(study, number)
        with CaptureQueriesContext(connection) as queries:
            payments_csv(study)
        sizes.append([len(query["sql"]) for query in queries.captured_queries])
    assert sizes[0] == sizes[1]


def test_an_id_that_a_spreadsheet_would_run_is_defused(world):
    study, _ = world
    Participant.objects.filter(study=study).update(external_id="prolific:=HYPERLINK(1)")
    assert rows(study)[0]["recruitment_id"] == "'=HYPERLINK(1)"


# To look somebody up


@pytest.mark.parametrize("search", ["ID3", "visit3", "3", "the code", " id3 "])
def test_somebody_is_found_by_number_id_session_or_code(world, payer, search):
    study, _ = world
    for number in (2, 3):
        person = recruited(study, number)
    page = shown(payer, person.completion_code if search == "the code" else search).content.decode()
    assert "ID3" in page
    assert "ID2" not in page


def test_an_empty_page_says_what_will_be_there(world, payer):
    Participant.objects.update(simulated=True)
    page = shown(payer).content.decode()
    assert "Nobody has taken part yet" in page
    assert "approve" not in page


# For recruitment sites


def test_each_site_gets_its_own_people_in_its_own_form(world, payer):
    study, _ = world
    for number, site in ((2, "prolific"), (3, "prolific"), (4, "mturk"), (5, "mturk"), (6, "mturk")):
        recruited(study, number, site)
    void_participant(participant=study.participants.get(number=5), reason='a "robot", twice')

    def sent(site, decision):
        return payer.get(reverse("study-payments-list", args=["methods", site, decision])).content.decode()

    assert sent("prolific", "approve") == "ID2\nID3\n"
    assert sent("prolific", "reject") == ""
    assert sent("mturk", "approve") == "AssignmentId,Approve,Reject\nvisit4,x,\nvisit6,x,\n"
    assert sent("mturk", "reject") == 'AssignmentId,Approve,Reject\nvisit5,,"a ""robot"", twice"\n'
    page = shown(payer).content.decode()
    for button in ("Prolific: approve 2", "MTurk: approve 2", "MTurk: reject 1"):
        assert button in page
    assert "Prolific: reject" not in page
    assert payer.get(reverse("study-payments-list", args=["methods", "sona", "approve"])).status_code == 404


# On the command line


def test_the_command_writes_the_same_for_its_owner_alone(world, tmp_path, capsys):
    study, _ = world
    recruited(study, 2)
    file = tmp_path / "new" / "payments.csv"
    call_command("payments", "methods", to=file)
    assert file.read_text("utf-8") == payments_csv(study)
    assert file.stat().st_mode & 0o077 == 0
    assert "2 people" in capsys.readouterr().out


def test_a_place_that_cannot_be_written_is_named(world, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CommandError, match="Choose a place you may write to"):
        call_command("payments", "methods", to=tmp_path / "file" / "payments.csv")


def test_the_exports_of_answers_hold_no_id(world, payer, client, admin_user):
    study, people = world
    recruited(study, 2)
    client = client_of("admin", people, study)
    for name in ("study-export", "study-codebook", "study-watch", "study"):
        response = client.get(reverse(name, args=["methods"]))
        body = b"".join(response) if response.streaming else response.content
        assert b"ID2" not in body
