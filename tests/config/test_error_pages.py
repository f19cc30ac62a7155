"""Pages of errors say in plain words what is wrong and what to do, and need neither database nor log-in."""

import pytest
from django.db import OperationalError
from django.test import Client
from django.urls import reverse
from kombu.exceptions import OperationalError as BrokerError


@pytest.mark.django_db
def test_a_page_that_is_not_there_says_what_to_do(client):
    answer = client.get("/no/such/page/")
    assert answer.status_code == 404
    assert "open the link in your invitation again: your answers are saved" in answer.content.decode()


@pytest.mark.django_db
def test_a_page_that_is_not_ones_own_says_so(client, django_user_model):
    client.force_login(django_user_model.objects.create_user("account"))
    answer = client.get(reverse("runs"))
    assert answer.status_code == 403
    assert "This page is not open to you" in answer.content.decode()


@pytest.mark.parametrize("path", ["/p/some-token/", "/p/some-token/trial/", "/join/some-token/", "/readyz"])
def test_without_a_database_the_page_says_that_nothing_is_lost(monkeypatch, path):
    def gone(*_):
        raise OperationalError("could not connect to server")

    monkeypatch.setattr("django.db.backends.base.base.BaseDatabaseWrapper.ensure_connection", gone)
    answer = Client(raise_request_exception=False).get(path)
    if path == "/readyz":
        assert (answer.status_code, answer.json()["database"]) == (503, "unavailable")
    else:
        assert (answer.status_code, answer["Retry-After"]) == (503, "30")
        assert "The site cannot reach its database. The fault is on our side" in answer.content.decode()
        assert "could not connect" not in answer.content.decode()


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(28, "No space left on device"), "The disk of the site is full"),
        (OperationalError("database or disk is full"), "The disk of the site is full"),
        (
            OperationalError('could not extend file "base/1/2": No space left on device'),
            "The disk of the site is full",
        ),
        (OperationalError("disk I/O error"), "cannot be written to"),
        (OperationalError("database is locked"), "at the same moment"),
        (BrokerError("Connection refused"), "works in the background is not available"),
    ],
)
def test_a_fault_that_is_plain_is_said_plainly(monkeypatch, error, words):
    def fails(*_):
        raise error

    monkeypatch.setattr("studies.participation.decorators.somebody_by", fails)
    answer = Client(raise_request_exception=False).get("/p/some-token/")
    assert answer.status_code == 503
    assert words in answer.content.decode()


def test_any_other_fault_is_a_plain_500_and_a_program_gets_json(monkeypatch):
    def fails(*_):
        raise ValueError("a secret")

    monkeypatch.setattr("studies.participation.decorators.somebody_by", fails)
    monkeypatch.setattr("studies.api.authentication.TokenAuthentication.authenticate", fails)
    page = Client(raise_request_exception=False).get("/p/some-token/")
    assert page.status_code == 500
    assert "<p> The fault is on our side" in page.content.decode()
    reply = Client(raise_request_exception=False).get("/api/studies/")
    assert (reply.status_code, list(reply.json())) == (500, ["detail"])
    assert "secret" not in page.content.decode() + reply.content.decode()
