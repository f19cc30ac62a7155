"""The load of the machine that tests run on is not theirs to choose: here nothing else runs."""

import os

import pytest


@pytest.fixture(autouse=True)
def _quiet(monkeypatch):
    monkeypatch.setattr(os, "getloadavg", lambda: (0.5, 0.5, 0.5))
