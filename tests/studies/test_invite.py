"""Whoever invites, on the page, by a program or on the command line: it is one rule, on record, and whole or not at all."""

import pytest
from django.core.management import call_command
from django.urls import reverse
from rest_framework.test import APIClient

from studies.access import Role, give_role
from studies.models import ApiToken, Event, Invitation, Study
from tests.factories import make_study

pytestmark = pytest.mark.django_db

WAYS = ("page", "program", "command")


@pytest.fixture
def study(researcher):
    study = make_study("methods", state=Study.State.READY)
    give_role(study=study, person=researcher, role=Role.RESEARCHER)
    return study


@pytest.fixture
def invite(client, researcher, study, capsys):
    def invite(way):
        if way == "page":
            client.force_login(researcher)
            client.post(reverse("study-invite", args=["methods"]), {"label": "course A", "quota": "5"})
        elif way == "program":
            token = ApiToken.issue(researcher, name="script", scope="write")[1]
            program = APIClient(headers={"authorization": f"Token {token}"})
            program.post("/api/studies/methods/invitations/", {"label": "course A", "quota": 5})
        else:
            call_command("invite", "methods", label="course A", quota=5)

    return invite


@pytest.mark.parametrize("way", WAYS)
def test_it_is_on_record_who_invited(invite, study, researcher, way):
    invite(way)
    invitation = study.invitations.get()
    assert (invitation.label, invitation.quota, invitation.simulated) == ("course A", 5, False)
    event = study.events.get(kind="invited")
    assert event.data == {"invitation": invitation.pk}
    assert event.user == (None if way == "command" else researcher)


@pytest.mark.parametrize("way", WAYS)
def test_what_cannot_be_put_on_record_lets_nobody_in(monkeypatch, invite, way):
    def fails(*_args, **_kwargs):
        raise OSError("the disk is full")

    monkeypatch.setattr(Event, "save", fails)
    with pytest.raises(OSError, match="disk is full"):
        invite(way)
    assert not Invitation.objects.exists()
