"""Folders for tests of the explain app."""

import pytest


@pytest.fixture
def inbox(tmp_path):
    """An empty folder to bring photos in from, apart from where they are stored."""
    folder = tmp_path / "inbox"
    folder.mkdir()
    return folder
