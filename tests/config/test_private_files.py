"""What holds people's answers can be read by nobody else on the machine: a new database, and a backup."""

import os
import stat
import subprocess
import sys

import pytest
from django.conf import settings
from django.core.management import call_command

from tests.factories import make_study


def others_can_read(folder) -> list[str]:
    return [str(path) for path in folder.rglob("*") if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)]


@pytest.fixture
def generous_umask():
    before = os.umask(0o022)
    yield
    os.umask(before)


def migrate(path, *, before: str = "") -> None:
    code = f"{before}\nimport sys; from django.core.management import execute_from_command_line as run\nrun(sys.argv)"
    command = [sys.executable, "-c", code, "migrate", "contenttypes", "--verbosity=0"]
    environment = os.environ | {
        "DATABASE_URL": f"sqlite:///{path}",
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "SECRET_KEY": settings.SECRET_KEY,
    }
    done = subprocess.run(
        command, cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_a_new_sqlite_database_is_for_its_owner_alone_and_one_that_was_shared_stays_so(
    generous_umask, tmp_path
):
    path = tmp_path / "site" / "new.sqlite3"
    path.parent.mkdir()
    migrate(path)
    assert path.stat().st_size
    assert others_can_read(path.parent) == []
    path.chmod(0o640)
    migrate(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


@pytest.mark.django_db(transaction=True)
def test_a_backup_is_for_its_owner_alone(other_databases, generous_umask, tmp_path):
    make_study(items=2)
    call_command("backup", to=tmp_path / "backup")
    assert (tmp_path / "backup" / "manifest.json").exists()
    assert others_can_read(tmp_path / "backup") == []
    assert not (tmp_path / "backup").stat().st_mode & stat.S_IRWXO
    again = tmp_path / "later"
    again.touch()
    assert stat.S_IMODE(again.stat().st_mode) == 0o644  # what comes after is as it was
