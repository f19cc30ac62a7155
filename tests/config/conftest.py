"""Tests of commands that open a second database."""

import pytest
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
