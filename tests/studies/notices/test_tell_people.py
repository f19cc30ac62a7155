"""Who is told when a study is full, stalls or somebody writes: once, and without a word of a volunteer."""

import json
import threading
from datetime import timedelta
from functools import partial

import pytest
from django.core import mail
from django.core.management import call_command
from django.db import OperationalError
from django.urls import reverse

from explain.core import clock
from studies.models import Event, NoticeSettings, Study
from studies.notices import Watcher, outbox
from studies.notices.outbox import look_around, note, take_due
from studies.participation.complaints import keep_complaint
from studies.trials.allocation import void_participant
from tests.factories import make_participant
from tests.studies.meanwhile import meanwhile, on_postgres
from tests.studies.notices.telling import kinds, later, told
from tests.studies.taking_part import answer_all, open_study

pytestmark = pytest.mark.django_db


# What is told


def test_a_full_study_is_told_once_and_again_when_it_is_full_again():
    study = open_study(items=2, responses_per_item=1)
    told(study)
    assert look_around() == 0
    person = make_participant(study, 1)
    answer_all(person)
    assert [look_around(), look_around()] == [1, 0]
    assert kinds() == [("full", "email")]
    void_participant(participant=person, reason="a robot")
    look_around()
    assert kinds() == [("full", "email")]
    answer_all(make_participant(study, 2))
    look_around()
    assert kinds() == [("full", "email")] * 2


def test_a_study_without_answers_for_so_long_is_told_once_for_each_time(monkeypatch):
    study = open_study(items=2, responses_per_item=2)
    told(study, stall_minutes=120)
    look_around()
    assert kinds() == []
    later(monkeypatch, minutes=61)
    assert [look_around(), look_around()] == [1, 0]
    answer_all(make_participant(study, 1))
    later(monkeypatch, minutes=59)
    look_around()
    assert kinds() == [("stalled", "email")]
    later(monkeypatch, minutes=62)
    look_around()
    assert kinds() == [("stalled", "email")] * 2


@pytest.mark.parametrize("state", ["paused", "closed"])
def test_a_study_that_asks_nobody_neither_stalls_nor_is_full(state, monkeypatch):
    study = open_study(items=1, responses_per_item=1)
    told(study)
    Study.objects.filter(pk=study.pk).update(state=state)
    later(monkeypatch, days=3)
    look_around()
    answer_all(make_participant(study, 1))
    look_around()
    assert kinds() == []


def test_what_somebody_wrote_is_told_of_and_not_told():
    study = open_study(items=2)
    person = make_participant(study, 1, external={"PROLIFIC_PID": "5f0a"}, external_id="prolific:5f0a")
    keep_complaint(study, "I am Anna Meier and the map is black", person)
    told(study, webhook="")
    assert [look_around(), look_around()] == [1, 0]
    (message,) = mail.outbox
    assert message.to == ["anna@example.org", "ben@example.org"]
    assert message.subject == "[Blindsight] Study demo: somebody wrote by “Something is wrong”."
    assert "https://study.example.org/studies/demo/watch/" in message.body
    for secret in ("Anna Meier", "black", "5f0a", "participant"):
        assert secret not in message.subject + message.body


def test_nothing_of_before_it_was_set_up_is_told():
    study = open_study(items=2)
    keep_complaint(study, "long ago")
    told(study, changed_at=clock.now() + timedelta(seconds=5))
    look_around()
    assert kinds() == []


def test_only_what_was_asked_for_is_told(monkeypatch):
    study = open_study(items=1, responses_per_item=1)
    told(study, on_full=False, on_stall=False, on_message=False)
    keep_complaint(study, "hm")
    later(monkeypatch, days=2)
    look_around()
    answer_all(make_participant(study, 1))
    look_around()
    assert kinds() == []


def test_a_title_cannot_add_lines_to_the_head_of_a_mail():
    study = open_study(items=1, responses_per_item=1, title="A\nBcc: eve@example.org")
    told(study)
    answer_all(make_participant(study, 1))
    assert look_around() == 1
    assert mail.outbox[0].bcc == []
    assert "\n" not in mail.outbox[0].subject


# The page, the command, the worker


def test_researchers_say_on_a_page_who_is_told_and_see_what_became_of_it(admin_client, settings):
    study = open_study(items=1, responses_per_item=1)
    address = reverse("study-notices", args=["demo"])
    assert "sends no e-mail yet" not in admin_client.get(address).content.decode()
    typed = {
        "emails": "anna@example.org",
        "webhook": "https://hooks.example.org/x",
        "stall_minutes": 30,
        "on_full": "on",
    }
    for wrong, says in (
        ({"webhook": "http://hooks.example.org"}, "must begin with https://"),
        ({"emails": "anna"}, "anna: is no e-mail address."),
        ({"emails": " ".join(f"a{n}@example.org" for n in range(11))}, "name 10 at most"),
        ({"stall_minutes": 4}, "Say 5 to 43,200 minutes"),
    ):
        assert says in admin_client.post(address, {**typed, **wrong}).content.decode()
    assert not NoticeSettings.objects.exists()
    assert (
        "Workers look around every minute" in admin_client.post(address, typed, follow=True).content.decode()
    )
    kept = NoticeSettings.objects.get()
    assert (kept.addresses, kept.on_full, kept.on_stall, kept.on_message) == (
        ["anna@example.org"],
        True,
        False,
        False,
    )
    answer_all(make_participant(study, 1))
    note(kept)
    assert "waits for a worker" in admin_client.get(address).content.decode()
    settings.EMAIL_HOST = ""
    assert "sends no e-mail yet" in admin_client.get(address).content.decode()


def test_by_command(capsys):
    study = open_study(items=1, responses_per_item=1)
    told(study)
    answer_all(make_participant(study, 1))
    call_command("send_notices", "--json")
    assert json.loads(capsys.readouterr().out) == {"sent": 1, "to be sent": 0}


@pytest.mark.parametrize("error", [OperationalError("away"), RuntimeError("nobody thought of it")])
def test_a_worker_looks_around_until_it_ends_and_no_failure_ends_it(error, monkeypatch):
    looks, twice = [], threading.Event()

    def look():
        looks.append(1)
        if len(looks) == 2:
            twice.set()
        raise error

    monkeypatch.setattr(outbox, "look_around", look)
    watcher = Watcher(every=0.01)
    watcher.begin()
    assert twice.wait(30)
    watcher.end()
    assert not watcher._thread.is_alive()


def test_giving_an_answer_writes_and_sends_nothing():
    study = open_study(items=3, responses_per_item=1)
    told(study, webhook="https://hooks.example.org/")
    answer_all(make_participant(study, 1))
    assert kinds() == []
    assert not Event.objects.filter(kind="wrote").exists()


@on_postgres
@pytest.mark.django_db(transaction=True)
def test_two_workers_never_take_the_same_notice():
    study = open_study(items=1, responses_per_item=1)
    told(study)
    answer_all(make_participant(study, 1))
    note(study.notice_settings)
    both = meanwhile(take_due, partial(take_due))
    assert (len(both.first), both.second, both.waited) == (1, [], False)
