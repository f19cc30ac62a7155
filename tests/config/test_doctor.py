"""The doctor finds each planted fault, says what to do, and is content with a site that is well."""

import importlib.util
import json
import os
import re
import sys
from datetime import UTC, datetime, timedelta
from io import BytesIO, StringIO
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import MagicMock

import pytest
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from config import doctor
from config.files import walk
from explain.models import Batch, ImageSet, Precompute
from studies.lifecycle.opening import open_study
from tests.factories import make_network, make_study

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _well(settings, tmp_path, admin_user, monkeypatch):
    """A site that is well, whatever machine the tests run on."""
    settings.BASE_DIR = tmp_path
    settings.CELERY_BROKER_URL = f"sqla+sqlite:///{tmp_path}/broker.sqlite3"
    settings.TORCH_DEVICE = "cpu"
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _: SimpleNamespace(free=10**12))
    clocks(monkeypatch)
    (tmp_path / ".env").write_text("SECRET_KEY=x")
    (tmp_path / ".env").chmod(0o600)
    if connection.vendor == "sqlite":
        os.chmod(connection.settings_dict["NAME"], 0o600)


def found(what: str) -> list[doctor.Finding]:
    return [finding for finding in doctor.examine() if finding.what == what and finding.remedy]


def test_a_site_that_is_well_has_nothing_wrong():
    assert [finding for finding in doctor.examine() if finding.state == "wrong"] == []


def unreachable(*_args, **_options):
    raise ConnectionRefusedError("connection refused")


def plant_debug(settings, **_):
    settings.DEBUG = True


def plant_any_host(settings, **_):
    settings.ALLOWED_HOSTS = ["*"]


def plant_no_tls(settings, **_):
    settings.ALLOWED_HOSTS, settings.HTTPS = ["study.example.org"], False


def plant_short_lease(settings, **_):
    settings.LEASE_SECONDS = 5


def plant_open_secret(tmp_path, **_):
    (tmp_path / ".env").chmod(0o644)


def plant_no_library(settings, monkeypatch, **_):
    settings.METRICS = "m" * 40
    monkeypatch.setitem(sys.modules, "prometheus_client", None)


def plant_one_secret_for_two(settings, **_):
    settings.METRICS = settings.SECRET_KEY


def plant_no_admin(admin_user, **_):
    admin_user.delete()


def plant_admin_who_left(admin_user, **_):
    admin_user.is_active = False
    admin_user.save()


def plant_nobody_but_a_researcher(admin_user, **_):
    admin_user.is_superuser = False
    admin_user.save()


def plant_open_database(**_):
    if connection.vendor != "sqlite":
        pytest.skip("the database is no file")
    os.chmod(connection.settings_dict["NAME"], 0o602)


def plant_no_block(settings, **_):
    settings.CLAIM_BLOCK = 0


def plant_no_batch(settings, **_):
    settings.BATCH_SIZE = 0


def plant_storage_that_changes(monkeypatch, **_):
    monkeypatch.setattr("config.storage.WholeFiles.open", lambda *_: BytesIO(b"chec"))


def plant_missing_migration(**_):
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'studies'")


def clocks(monkeypatch, ahead=0.0):
    """Both clocks stand still, the database's so many seconds ahead: a busy machine lets no time pass between them."""
    now = timezone.now()
    monkeypatch.setattr(doctor, "timezone", SimpleNamespace(now=lambda: now))
    monkeypatch.setattr(doctor, "database_time", lambda: now + timedelta(seconds=ahead))


def plant_clock(monkeypatch, **_):
    clocks(monkeypatch, ahead=-300)


def plant_broker(monkeypatch, **_):
    monkeypatch.setattr("config.doctor.current_app.connection_for_read", unreachable)


def plant_no_sqlalchemy(monkeypatch, **_):
    monkeypatch.setattr(
        doctor, "find_spec", lambda name: None if name == "sqlalchemy" else importlib.util.find_spec(name)
    )


def plant_storage(settings, tmp_path, **_):
    (tmp_path / "occupied").write_text("a file where the folder should be")
    settings.MEDIA_ROOT = tmp_path / "occupied"


def plant_full_disk(monkeypatch, **_):
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _: SimpleNamespace(free=1_900_000_000))


def plant_no_gpu(settings, **_):
    settings.TORCH_DEVICE = "cuda"


def plant_no_openvino(settings, monkeypatch, **_):
    settings.TRUNK_BACKEND = "openvino"
    monkeypatch.setattr("explain.cam.backends.is_installed", lambda name: False)


def plant_no_styles(monkeypatch, **_):
    monkeypatch.setattr("config.doctor.finders.find", lambda name: None)


@pytest.mark.parametrize(
    ("plant", "what", "remedy"),
    [
        (plant_debug, "settings", "unset DEBUG"),
        (plant_any_host, "settings", "names of this site"),
        (plant_no_tls, "settings", "HTTPS=true"),
        (plant_short_lease, "settings", "900 is the default"),
        (plant_open_secret, "secrets", "chmod 600"),
        (plant_no_library, "metrics", "pip install"),
        (plant_one_secret_for_two, "metrics", "a random token of its own"),
        (plant_no_admin, "database", "createsuperuser"),
        (plant_admin_who_left, "database", "createsuperuser"),
        (plant_nobody_but_a_researcher, "database", "createsuperuser"),
        (plant_open_database, "secrets", "chmod 600"),
        (plant_no_block, "settings", "unset them"),
        (plant_no_batch, "settings", "unset them"),
        (plant_storage_that_changes, "storage", "check the disk"),
        (plant_missing_migration, "database", "manage.py migrate"),
        (plant_clock, "clock", "NTP"),
        (plant_broker, "broker", "CELERY_BROKER_URL"),
        (plant_no_sqlalchemy, "broker", "pip install -r requirements.txt"),
        (plant_storage, "storage", "may write there"),
        (plant_full_disk, "storage", "make room"),
        (plant_no_gpu, "device", "TORCH_DEVICE=cpu"),
        (plant_no_openvino, "device", "requirements-fast.txt"),
        (plant_no_styles, "pages", "static/"),
    ],
)
def test_a_planted_fault_is_found_with_its_remedy(
    plant, what, remedy, settings, tmp_path, monkeypatch, admin_user
):
    plant(settings=settings, tmp_path=tmp_path, monkeypatch=monkeypatch, admin_user=admin_user)
    (finding,) = found(what)
    assert remedy in finding.remedy
    assert finding.state == "wrong"
    out = StringIO()
    with pytest.raises(CommandError, match="1 things are wrong") as caught:
        call_command("doctor", json=True, stdout=out)
    assert caught.value.returncode == 1
    assert finding.said in [row["said"] for row in json.loads(out.getvalue())]


@pytest.mark.parametrize(("ahead", "seconds"), [(1.5, []), (-1.5, []), (3.0, ["3 s"]), (-3.0, ["3 s"])])
def test_a_clock_may_be_off_by_two_seconds_either_way(monkeypatch, ahead, seconds):
    clocks(monkeypatch, ahead)
    assert [re.search(r"differ by (\d+ s)", finding.said)[1] for finding in found("clock")] == seconds


def test_what_can_wait_does_not_keep_a_site_out_of_service(settings, monkeypatch):
    settings.CELERY_BROKER_URL = "redis://broker.example.org/0"
    monkeypatch.setattr("config.doctor.current_app.connection_for_read", lambda: MagicMock())
    network = make_network()
    run = Precompute.objects.create(image_set=ImageSet.objects.create(name="birds"))
    for state in ("failed", "pending", "pending", "running"):
        Batch.objects.create(
            precompute=run, network=network, state=state, heartbeat_at=datetime(2020, 1, 1, tzinfo=UTC)
        )
    findings = {finding.said: finding for finding in doctor.examine() if finding.remedy}
    assert sorted(findings) == [
        "1 batches have failed",
        "2 batches wait and 1 have gone silent; if that stays so, no worker is at work",
        "SQLite with a broker for many machines: only this machine can reach the database",
    ] or (connection.vendor != "sqlite" and len(findings) == 2)
    assert {finding.state for finding in findings.values()} == {"look"}
    call_command("doctor", json=True, stdout=StringIO())  # does not end in an error


def test_what_was_written_to_try_the_storage_is_taken_away(settings):
    doctor.examine()
    assert list(walk(default_storage)) == []


def test_an_open_site_on_ones_own_machine_needs_no_tls(settings):
    settings.HTTPS, settings.ALLOWED_HOSTS = False, ["127.0.0.1", "localhost", "[::1]"]
    assert found("settings") == []


def test_only_a_private_file_keeps_its_secrets(tmp_path):
    for mode, remedies in {0o600: 0, 0o640: 0, 0o604: 1, 0o602: 1}.items():
        (tmp_path / ".env").chmod(mode)
        assert len(found("secrets")) == remedies, oct(mode)


def test_a_check_that_cannot_be_made_is_named_with_its_remedy_and_the_others_go_on(monkeypatch):
    monkeypatch.setattr("config.doctor.MigrationExecutor", unreachable)
    (finding,) = found("database")
    assert finding.said == "ConnectionRefusedError: connection refused"
    assert finding.remedy == "start the database and check DATABASE_URL"
    assert {"clock", "broker", "workers", "storage", "pages", "device"} <= {f.what for f in doctor.examine()}


@pytest.mark.parametrize("content", [b"7 bytes", None])
def test_a_picture_that_is_not_what_was_sealed_is_a_finding(content, monkeypatch):
    monkeypatch.setattr("studies.lifecycle.opening.code_version", lambda: "tests")
    study = open_study(study=make_study(items=1))
    picture = study.items.get().picture
    if content is None:
        default_storage.delete(picture.name)
    else:
        Path(default_storage.path(picture.name)).write_bytes(content)
    (seal,) = found("seal")
    assert "photo" in seal.said
    assert seal.state == "wrong"


def test_a_file_that_is_lost_is_a_finding_whether_it_was_sealed_or_not():
    lost = make_study(items=1).items.get().image.file.name
    assert found("files") == []
    default_storage.delete(lost)
    (finding,) = found("files")
    assert lost in finding.said
    assert "check_files" in finding.remedy
