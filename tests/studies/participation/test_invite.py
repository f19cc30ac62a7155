"""Whoever invites, on the page, by a program or on the command line: it is one rule, on record, and whole or not at all."""

from contextlib import nullcontext
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from explain.core.errors import BadInputError
from studies.access.permissions import Role, give_role
from studies.api import serializers
from studies.management.commands import invite as command
from studies.models import ApiToken, Event, Invitation, Study
from studies.overview import forms
from studies.participation import invitations
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


@pytest.mark.parametrize("limit", [{"quota": 0}, {"quota": -1}, {"expires_at": timezone.now()}])
def test_a_limit_that_lets_nobody_in_is_refused_whoever_invites(study, limit):
    """The page, the API and the command say it in their own words before; this is for whoever comes by another way."""
    with pytest.raises(BadInputError, match="or left out for no limit"):
        invitations.invite(study=study, **limit)
    assert not Invitation.objects.exists()
    assert not study.events.filter(kind="invited").exists()


def test_what_a_limit_is_stands_once():
    now = timezone.now()
    assert [invitations.lets_nobody_in(quota) for quota in (None, -1, 0, 1)] == [False, True, True, False]
    assert [invitations.is_over(moment) for moment in (None, now, now + timedelta(hours=1))] == [
        False,
        True,
        False,
    ]


@pytest.mark.parametrize("way", WAYS)
def test_every_way_asks_what_a_limit_is(monkeypatch, invite, way):
    """A rule that changes for one changes for all."""
    for module in (forms, serializers, command):
        monkeypatch.setattr(module, "lets_nobody_in", lambda quota: True)
    with pytest.raises(CommandError) if way == "command" else nullcontext():
        invite(way)
    assert not Invitation.objects.exists()
