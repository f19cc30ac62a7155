"""The doctor finds each planted fault, says what to do, and is content with a site that is well."""

import importlib.util
import json
import os
import sys
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from config import doctor

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _well(settings, tmp_path, admin_user):
    """A site that is well, whatever machine the tests run on."""
    settings.BASE_DIR = tmp_path
    settings.CELERY_BROKER_URL = f"sqla+sqlite:///{tmp_path}/broker.sqlite3"
    settings.TORCH_DEVICE = "cpu"
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


def plant_missing_migration(**_):
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'studies'")


def plant_clock(monkeypatch, **_):
    late = timezone.now() - timedelta(minutes=5)
    monkeypatch.setattr(doctor, "database_time", lambda: late)


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
    monkeypatch.setattr(doctor, "LEAST_FREE", 10**18)


def plant_no_gpu(settings, **_):
    settings.TORCH_DEVICE = "cuda"


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
        (plant_missing_migration, "database", "manage.py migrate"),
        (plant_clock, "clock", "NTP"),
        (plant_broker, "broker", "CELERY_BROKER_URL"),
        (plant_no_sqlalchemy, "broker", "pip install -r requirements.txt"),
        (plant_storage, "storage", "may write there"),
        (plant_full_disk, "storage", "make room"),
        (plant_no_gpu, "device", "TORCH_DEVICE=cpu"),
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
