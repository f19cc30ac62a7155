"""Pages of errors say in plain words what is wrong and what to do, and need neither database nor log-in."""

import pytest
from django.db import OperationalError
from django.test import Client
from django.urls import reverse


@pytest.mark.django_db
def test_a_page_that_is_not_there_says_what_to_do(client):
    answer = client.get("/no/such/page/")
    assert answer.status_code == 404
    assert "open the link in your invitation again: your answers are safe" in answer.content.decode()


@pytest.mark.django_db
def test_a_page_that_is_not_ones_own_says_so(client, researcher):
    client.force_login(researcher)
    answer = client.get(reverse("admin:auth_user_changelist"))
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
        assert answer.status_code == 500
        assert "The fault is on our side" in answer.content.decode()
        assert "could not connect" not in answer.content.decode()
