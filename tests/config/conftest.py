"""Shared by tests of the installation: commands that open a second database, and the site in an environment of its own."""

import os
import runpy
from pathlib import Path
from typing import Any

import environs
import pytest
from django.conf import settings as site
from django.db.backends.base.base import BaseDatabaseWrapper

from tests.faults.test_database_goes_away import postgres

__all__ = ["postgres"]


def _connect(self):
    if self.connection is None:
        self.connect()


@pytest.fixture
def other_databases(transactional_db):
    """Databases that are opened while the test runs: Django's tests only allow those that settings name."""
    guarded = BaseDatabaseWrapper.ensure_connection
    BaseDatabaseWrapper.ensure_connection = _connect
    yield
    BaseDatabaseWrapper.ensure_connection = guarded


# What a process has for itself, whatever the environment says of the site: the tests' own stay.
OF_THE_PROCESS = {"DATABASES", "SECRET_KEY", "STORAGES", "STATIC_ROOT", "INSTALLED_APPS", "LOGGING"}


@pytest.fixture
def read_settings(monkeypatch, tmp_path):
    """A function that reads the settings anew, in an environment that says only what it is given."""

    def read(**environment: str) -> dict[str, Any]:
        with monkeypatch.context() as clean:
            clean.setattr(environs.Env, "read_env", lambda *_, **__: None)
            for name in os.environ:
                clean.delenv(name)
            for name, value in {
                "SECRET_KEY": "x" * 50,
                "DATA_DIR": str(tmp_path / "data"),
                **environment,
            }.items():
                clean.setenv(name, value)
            values = runpy.run_path(str(Path(site.BASE_DIR) / "config" / "settings.py"))
        return {name: value for name, value in values.items() if name.isupper()}

    return read


@pytest.fixture
def deployed(settings, read_settings):
    """A function that runs the site as an environment says, with everything else at its default."""

    def deploy(**environment: str) -> dict[str, Any]:
        values = read_settings(**environment)
        for name, value in values.items():
            mine = name in OF_THE_PROCESS or name.endswith("_DIR") or name.startswith(("CELERY", "MEDIA"))
            if not mine and getattr(settings, name, None) != value:
                setattr(settings, name, value)
        return values

    return deploy
