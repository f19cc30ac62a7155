"""Settings refuse to start on what would be unsafe, and take databases and brokers from the environment."""

import os
import subprocess
import sys

from django.conf import settings


def start(tmp_path, **environment) -> subprocess.CompletedProcess:
    """A fresh process that reads the settings from this environment, without the developer's .env."""
    base = {
        k: v for k, v in os.environ.items() if k not in ("SECRET_KEY", "DATABASE_URL", "CELERY_BROKER_URL")
    }
    code = (
        "import environs; environs.Env.read_env = lambda *a, **k: None\n"
        "from config import settings as s; print(s.DATABASES['default']['ENGINE'], s.CELERY_BROKER_URL)"
    )
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


def test_a_web_process_keeps_its_connection_from_one_request_to_the_next():
    assert settings.DATABASES["default"]["CONN_MAX_AGE"] > 0
