"""An open study, the people who may have to do with it, and their browsers."""

import pytest
from django.test import Client
from django.urls import reverse

from studies.access.permissions import Role, give_role
from studies.lifecycle.opening import open_study
from studies.models import Study
from tests.factories import make_participant, make_study


@pytest.fixture
def world(researcher, stranger, admin_user, django_user_model, monkeypatch):
    """An open study with one of each, and another study with a researcher of its own. Nothing is sent to workers."""
    for send in ("send", "send_job"):
        monkeypatch.setattr(f"explain.tasks.{send}", lambda *_: None)
    study = make_study("methods", items=2)
    study.state = Study.State.READY
    study.save()
    study = open_study(study=study)
    viewer = django_user_model.objects.create_user("viewer", password="correct horse battery")
    give_role(study=study, person=researcher, role=Role.RESEARCHER)
    give_role(study=study, person=viewer, role=Role.VIEWER)
    other = make_study("other", networks=("other",))
    give_role(study=other, person=stranger, role=Role.RESEARCHER)
    make_participant(study)
    people = {"viewer": viewer, "stranger": stranger, "researcher": researcher, "admin": admin_user}
    return study, people


def client_of(role, people, study):
    client = Client()
    if role in people:
        client.force_login(people[role])
    elif role == "volunteer":
        client.get(reverse("participant", args=["token-1-of-methods"]))
    return client
