"""Shared by the tests of volunteers' pages: an open study, and someone who takes part in it without JavaScript."""

import re

import pytest
from bs4 import BeautifulSoup
from django.urls import reverse

from studies.lifecycle.opening import open_study
from studies.models import Invitation
from tests.factories import make_study, methods_for
from tests.studies.people import world as world
from tests.studies.setting_up import birds as birds
from tests.studies.setting_up import browser as browser


@pytest.fixture(autouse=True)
def _fewer_draws(monkeypatch):
    """`check_blinding` draws just so many times that a p below its alarm can come out; the product draws more."""
    monkeypatch.setattr("studies.simulation.blinding_audit.DRAWS", 699)


class Visitor:
    """A browser without JavaScript: it follows redirects, reads forms and presses their buttons."""

    def __init__(self, client):
        self.client = client

    def get(self, path):
        self.response = self.client.get(path, follow=True)
        return self._read()

    def press(self, selector="form[data-next]", **fields):
        form = self.soup.select_one(selector)
        data = {
            field["name"]: field.get("value", "on") for field in form.select("input[name]:not([type=radio])")
        }
        self.response = self.client.post(form.get("action") or self.path, {**data, **fields}, follow=True)
        return self._read()

    def answer(self, value):
        return self.press("form#answer", value=value)

    def _read(self):
        if self.response.redirect_chain:
            self.path = self.response.redirect_chain[-1][0]
        else:
            self.path = self.response.request["PATH_INFO"]
        self.soup = BeautifulSoup(self.response.content, "html.parser")
        return self

    @property
    def text(self):
        return self.soup.get_text(" ", strip=True)

    @property
    def on_trial(self):
        return self.soup.select_one("form#answer") is not None

    @property
    def home(self):
        return re.match(r"/p/[^/]+/", self.path)[0]

    def start(self, join_path):
        return self.get(join_path).press().press()


@pytest.fixture
def visitor(client):
    return Visitor(client)


@pytest.fixture
def another_visitor():
    from django.test import Client

    return lambda: Visitor(Client())


@pytest.fixture
def invite():
    """A function that opens a study and gives it with the path of its invitation."""

    def invite(invitation=None, **fields):
        study = make_study(**{"items": 4, "responses_per_item": 2, **methods_for(**fields), **fields})
        study = open_study(study=study)
        _, token = Invitation.issue(study, **(invitation or {}))
        return study, reverse("join", args=[token])

    return invite
