"""What a load balancer asks, without a log-in and without TLS."""

import errno
from types import SimpleNamespace

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


@pytest.mark.parametrize("free", [0, health.LEAST_FREE - 1])
def test_a_site_whose_disk_is_full_is_not_ready(client, monkeypatch, free):
    monkeypatch.setattr(health.shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (503, {"database": "ok", "storage": "unavailable"})


@pytest.mark.parametrize("place", ["DATA_DIR", "MEDIA_ROOT"])
def test_a_site_that_cannot_write_is_not_ready(client, settings, tmp_path, monkeypatch, place):
    """A quota says no where space is free; pictures may lie on a disk of their own."""
    (tmp_path / "full").mkdir()
    setattr(settings, place, tmp_path / "full")
    asked, real = [], health.tempfile.TemporaryFile

    def full(*, dir, **options):
        asked.append(dir)
        if dir == tmp_path / "full":
            raise OSError(errno.EDQUOT, "Disk quota exceeded")
        return real(dir=dir, **options)

    monkeypatch.setattr(health.tempfile, "TemporaryFile", full)
    assert client.get("/readyz").json()["storage"] == "unavailable"
    assert tmp_path / "full" in asked


def test_being_asked_leaves_nothing_behind(client, settings, tmp_path):
    settings.DATA_DIR = settings.MEDIA_ROOT = tmp_path
    assert client.get("/readyz").status_code == 200
    assert list(tmp_path.iterdir()) == []
