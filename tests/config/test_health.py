"""What a load balancer asks, without a log-in and without TLS."""

import pytest
from django.db import connection

from config import health

pytestmark = pytest.mark.django_db


def test_a_process_that_answers_is_alive(client, settings, django_assert_num_queries):
    settings.SECURE_SSL_REDIRECT = True
    with django_assert_num_queries(0):
        answer = client.get("/healthz")
    assert (answer.status_code, answer.content) == (200, b"ok\n")
    assert "no-store" in answer.headers["Cache-Control"]


def test_a_site_with_database_and_storage_is_ready(client, settings):
    settings.SECURE_SSL_REDIRECT = True
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"database": "ok", "storage": "ok"})


def test_a_site_whose_migrations_have_not_run_is_not_ready(client):
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'studies'")
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["database"]) == (503, "unavailable")


def test_a_reason_is_not_told_to_strangers(client, monkeypatch):
    def broken():
        raise OSError("disk /srv/secret is gone")

    monkeypatch.setitem(health.CHECKS, "storage", broken)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {"database": "ok", "storage": "unavailable"}
