"""Faults are caused to the same people, photos and servers as in the tests of either app."""

from tests.explain.conftest import fine_maps, inbox, photos, tiny
from tests.explain.maps.test_worker_killed import environment
from tests.studies.conftest import invite, visitor
from tests.studies.participation.test_server_killed import server

__all__ = ["environment", "fine_maps", "inbox", "invite", "photos", "server", "tiny", "visitor"]
