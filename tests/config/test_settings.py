"""Settings refuse to start on what would be unsafe, and take databases and brokers from the environment."""

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import contextmanager

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile, TemporaryUploadedFile
from django.db.utils import ConnectionHandler
from environs import EnvError

from config.celery import app
from tests.factories import make_participant, make_study

CODE = (
    "import environs; environs.Env.read_env = lambda *a, **k: None\n"
    "from config import settings as s; print(s.DATABASES['default']['ENGINE'], s.CELERY_BROKER_URL)"
)


def start(tmp_path, code=CODE, **environment) -> subprocess.CompletedProcess:
    """A fresh process that reads the settings from this environment, without the developer's .env."""
    base = {
        k: v for k, v in os.environ.items() if k not in ("SECRET_KEY", "DATABASE_URL", "CELERY_BROKER_URL")
    }
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**base, "DATA_DIR": str(tmp_path), **environment},
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
    )


def test_it_refuses_to_start_without_a_secret_key(tmp_path):
    started = start(tmp_path)
    assert started.returncode != 0
    assert "SECRET_KEY is not set. Run `make env`" in started.stderr


def test_it_refuses_a_short_secret_key(tmp_path):
    started = start(tmp_path, SECRET_KEY="short")
    assert started.returncode != 0
    assert "shorter than 50 characters" in started.stderr


def test_the_defaults_are_sqlite_and_a_broker_in_a_file_of_its_own(tmp_path):
    started = start(tmp_path, SECRET_KEY="x" * 50)
    assert started.stdout.split() == [
        "django.db.backends.sqlite3",
        f"sqla+sqlite:///{tmp_path}/broker.sqlite3",
    ]


def test_the_environment_names_the_database_and_the_broker(tmp_path):
    started = start(
        tmp_path, SECRET_KEY="x" * 50, DATABASE_URL="postgres://u@h/d", CELERY_BROKER_URL="redis://h/0"
    )
    assert started.stdout.split() == ["django.db.backends.postgresql", "redis://h/0"]


def test_nothing_that_eases_development_is_on_unless_it_is_asked_for(read_settings):
    values = read_settings()
    assert values["DEBUG"] is False
    assert values["CSRF_TRUSTED_ORIGINS"] == []  # a form of another site is taken from nobody
    assert set(values["ALLOWED_HOSTS"]) <= {"127.0.0.1", "localhost", "[::1]"}
    assert values["METRICS"] == ""
    assert "SECURE_PROXY_SSL_HEADER" not in values
    assert (
        values["REST_FRAMEWORK"]["DEFAULT_RENDERER_CLASSES"]
        == [
            "rest_framework.renderers.JSONRenderer"  # the browsable API would show forms, and scripts that CSP refuses
        ]
    )


def test_a_picture_has_no_address_that_asks_nobody(read_settings):
    values = read_settings()
    assert "MEDIA_URL" not in values
    assert not values["MEDIA_ROOT"].is_relative_to(values["STATIC_ROOT"])
    assert values["ACCEL_REDIRECT"] == ""  # without nginx this would send empty pictures


def test_a_bucket_takes_no_file_in_anothers_place_and_shows_none_to_everybody(read_settings):
    bucket = read_settings(S3_BUCKET="photos")["STORAGES"]["default"]["OPTIONS"]
    assert bucket["bucket_name"] == "photos"
    assert bucket["file_overwrite"] is False
    assert bucket["default_acl"] is None  # the bucket's own rules hold
    assert "custom_domain" not in bucket


@pytest.mark.parametrize(
    ("name", "value"),
    [("LOG_FORMAT", "xml"), ("HTTPS", "maybe"), ("BEHIND_PROXY", "nginx"), ("LEASE_SECONDS", "soon")],
)
def test_a_setting_that_cannot_be_read_stops_the_start(read_settings, name, value):
    """A word that was meant as `yes` must not be taken for `no`."""
    with pytest.raises(EnvError, match=name):
        read_settings(**{name: value})


def test_two_who_read_and_then_write_do_not_overtake_each_other_in_sqlite(read_settings, other_databases):
    """A transaction has the write lock from its beginning, before it has written anything."""
    database = read_settings()["DATABASES"]["default"]
    connection = ConnectionHandler({"default": database})["default"]
    try:
        with (
            transaction_of(connection),
            sqlite3.connect(database["NAME"], timeout=0) as other,
            pytest.raises(sqlite3.OperationalError, match="locked"),
        ):
            other.execute("BEGIN IMMEDIATE")
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA journal_mode")
            assert cursor.fetchone() == ("wal",)  # who reads does not wait for who writes
            cursor.execute("PRAGMA busy_timeout")
            assert cursor.fetchone()[0] >= 5000  # ms: who waits for their turn is not turned away
            cursor.execute("PRAGMA synchronous")
            assert cursor.fetchone()[0] >= 1  # NORMAL: nothing is torn when the machine stops
    finally:
        connection.close()


@contextmanager
def transaction_of(connection):
    connection.ensure_connection()
    connection._start_transaction_under_autocommit()
    yield
    connection.connection.rollback()


def test_a_connection_that_died_over_night_is_noticed_before_a_volunteer_meets_it(read_settings):
    assert read_settings(DATABASE_URL="postgres://u@h/d")["DATABASES"]["default"]["CONN_HEALTH_CHECKS"]


def test_work_of_a_worker_that_died_is_done_by_another():
    """A task is done for when it is finished, not when it is taken; and a worker holds no more than it works at."""
    app.finalize()
    ours = [task for name, task in app.tasks.items() if not name.startswith("celery.")]
    assert len(ours) >= 3
    for task in ours:
        assert task.acks_late, task.name
        assert task.reject_on_worker_lost, task.name
        assert task.ignore_result, task.name  # there is no place for results: waiting for one would never end
    assert app.conf.worker_prefetch_multiplier == 1
    assert app.conf.task_default_queue == "gpu"  # what README tells workers to listen to


def test_a_large_body_that_nobody_sends_by_hand_is_refused_before_it_fills_the_memory(
    client, db, settings, read_settings
):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = read_settings()["DATA_UPLOAD_MAX_MEMORY_SIZE"]
    make_participant(make_study())
    body = json.dumps({"operations": [], "more": "x" * 6_000_000})
    reply = client.post("/p/token-1-of-demo/answers/", body, content_type="application/json")
    assert reply.status_code in (400, 413)


def test_an_upload_that_is_too_large_is_never_written_to_the_disk(
    client, admin_user, settings, monkeypatch, tmp_path
):
    written = []
    make = TemporaryUploadedFile.__init__

    def noted(self, name, *more):
        written.append(name)
        make(self, name, *more)

    monkeypatch.setattr(TemporaryUploadedFile, "__init__", noted)
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE, settings.FILE_UPLOAD_TEMP_DIR = 0, tmp_path
    client.force_login(admin_user)
    for limit, expected in ((0, []), (1, ["photos.zip"])):
        settings.UPLOAD_MAX_MIB = limit
        fields = {"file": SimpleUploadedFile("photos.zip", b"x" * 1000), "set_name": ""}
        page = client.post("/maps/photos/new/", fields).content.decode()
        assert ("one upload may have" in page) == (limit == 0)
        assert written == expected


def test_logs_as_json_are_one_object_a_line_with_the_id_of_its_request(tmp_path):
    code = (
        "import environs; environs.Env.read_env = lambda *a, **k: None\n"
        "import django; django.setup(); import logging; from django.test import Client\n"
        "Client(SERVER_NAME='localhost').get('/no/such/page', secure=True)"
    )
    logged = start(
        tmp_path, code, SECRET_KEY="x" * 50, LOG_FORMAT="json", DJANGO_SETTINGS_MODULE="config.settings"
    )
    (line,) = map(json.loads, logged.stderr.splitlines())
    assert (line["level"], line["message"], len(line["request"])) == (
        "WARNING",
        "Not Found: /no/such/page",
        32,
    )


def test_a_web_process_keeps_its_connection_from_one_request_to_the_next():
    assert settings.DATABASES["default"]["CONN_MAX_AGE"] > 0
