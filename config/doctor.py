"""What is wrong with this installation, in plain words, and what to do about each."""

import os
import shutil
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from celery import current_app
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.staticfiles import finders
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import DatabaseError, InterfaceError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from blindsight.places import how_to_install
from explain.core.clock import database_time
from explain.models import Batch
from explain.networks import absent_backend
from studies.lifecycle import seal_in_words
from studies.models import Study
from studies.trials import withdrawn_but_not_noted, withdrawn_file

from .files import check_files

LEAST_FREE = 2 * 10**9
SEAL = "seal"
MOST_SKEW = 2.0  # seconds between this machine's clock and the database's
OWN_MACHINE = {"127.0.0.1", "localhost", "[::1]", "testserver"}


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. `remedy` is empty where it is well; `serious` is what must not go into service."""

    what: str
    said: str
    remedy: str = ""
    serious: bool = True

    @property
    def state(self) -> str:
        if not self.remedy:
            return "well"
        return "wrong" if self.serious else "look"


def examine() -> list[Finding]:
    """Every check, in an order in which the first that fails explains those after it."""
    findings = broken_seals()
    for check in CHECKS:
        findings += _result(check)
    return findings


def broken_seals() -> list[Finding]:
    """Studies that no longer ask what they were opened with, pictures' bytes included; before all else."""
    try:
        opened = Study.objects.exclude(state__in=Study.SETTING_UP).order_by("pk")
        seals = [seal for study in opened if (seal := seal_in_words(study, with_pictures=True))]
    except (DatabaseError, InterfaceError):  # the check of the database says why
        return []
    return [Finding(SEAL, f"{seal.headline} {'; '.join(seal.lines)}", seal.remedy) for seal in seals]


def _result(check: Callable[[], Iterator[Finding]]) -> list[Finding]:
    name = check.__name__.strip("_").replace("_", " ")
    try:
        return list(check()) or [Finding(name, "nothing to complain of")]
    except Exception as error:  # a check that cannot be made is a finding too
        reason = " ".join(str(error).split())[:200]
        return [Finding(name, f"{type(error).__name__}: {reason}", REMEDIES.get(check, "see the error"))]


def _settings() -> Iterator[Finding]:
    public = [host for host in settings.ALLOWED_HOSTS if host not in {*OWN_MACHINE, "*"}]
    if settings.DEBUG:
        yield Finding("settings", "DEBUG is on: errors show code and settings to anyone", "unset DEBUG")
    if "*" in settings.ALLOWED_HOSTS:
        yield Finding(
            "settings", "ALLOWED_HOSTS is *: links can be forged", "set it to the names of this site"
        )
    if public and not settings.HTTPS:
        yield Finding(
            "settings",
            f"HTTPS is off, but the site answers to {public[0]}: volunteers' links and log-ins travel in the open",
            "set HTTPS=true, with TLS in front (docs/deploy.md)",
        )
    if settings.LEASE_SECONDS < 60:
        yield Finding(
            "settings",
            f"LEASE_SECONDS is {settings.LEASE_SECONDS}: a trial goes to someone else while it is looked at",
            "set it to some minutes; 900 is the default",
        )
    if settings.CLAIM_BLOCK < 1 or settings.BATCH_SIZE < 1:
        yield Finding("settings", "CLAIM_BLOCK and BATCH_SIZE must be 1 or more", "unset them")


def _secrets() -> Iterator[Finding]:
    for path in (Path(settings.BASE_DIR) / ".env", settings.DATA_DIR / ".env", *_database_files()):
        if path.exists() and path.stat().st_mode & (stat.S_IROTH | stat.S_IWOTH):
            yield Finding(
                "secrets", f"{path.name} can be read by everyone on this machine", f"chmod 600 {path}"
            )


def _metrics() -> Iterator[Finding]:
    if not settings.METRICS:
        return
    if find_spec("prometheus_client") is None:
        yield Finding(
            "metrics",
            "METRICS is set, but prometheus-client is not installed: /metrics fails",
            how_to_install(),
        )
    if settings.METRICS == settings.SECRET_KEY:
        yield Finding(
            "metrics",
            "METRICS is the SECRET_KEY: whoever reads Prometheus' configuration could forge log-ins",
            "set METRICS to a random token of its own (docs/deploy.md)",
        )


def _database_files() -> list[Path]:
    return [Path(connection.settings_dict["NAME"])] if connection.vendor == "sqlite" else []


def _database() -> Iterator[Finding]:
    connection.ensure_connection()
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if missing:
        yield Finding(
            "database",
            f"{len(missing)} migrations have not run ({missing[0][0]} …)",
            "manage.py migrate, before the new code serves anyone",
        )
        return
    embedded = settings.CELERY_BROKER_URL.startswith("sqla+sqlite")
    if connection.vendor == "sqlite" and not embedded:
        yield Finding(
            "database",
            "SQLite with a broker for many machines: only this machine can reach the database",
            "set DATABASE_URL to a PostgreSQL server (manage.py move_database --to … takes everything there)",
            serious=False,
        )
    if not get_user_model().objects.filter(is_superuser=True, is_active=True).exists():
        yield Finding("database", "nobody can log in", "manage.py createsuperuser")


def _clock() -> Iterator[Finding]:
    skew = abs((database_time() - timezone.now()).total_seconds())
    if skew > MOST_SKEW:
        yield Finding(
            "clock",
            f"this machine and the database differ by {skew:.0f} s: what is written here carries a wrong time",
            "let both keep time by NTP (chrony, systemd-timesyncd)",
        )


def _broker() -> Iterator[Finding]:
    if settings.CELERY_BROKER_URL.startswith("sqla+") and find_spec("sqlalchemy") is None:
        yield Finding(
            "broker",
            "CELERY_BROKER_URL is a file, and SQLAlchemy, which reads it, is not installed: this is a web host",
            "set CELERY_BROKER_URL to the Redis or RabbitMQ of the workers; on a single machine "
            f"{how_to_install('worker')}",
        )
        return
    with current_app.connection_for_read() as broker:
        broker.ensure_connection(max_retries=1, interval_start=0, timeout=3)


def _workers() -> Iterator[Finding]:
    waiting = Batch.objects.filter(state=Batch.State.PENDING).count()
    silent = Batch.objects.stale().count()
    failed = Batch.objects.filter(state=Batch.State.FAILED).count()
    if waiting or silent:
        yield Finding(
            "workers",
            f"{waiting} batches wait and {silent} have gone silent; if that stays so, no worker is at work",
            "start one: celery -A config worker -Q gpu --pool=solo",
            serious=False,
        )
    if failed:
        yield Finding(
            "workers", f"{failed} batches have failed", "read why under /maps/ and retry there", serious=False
        )


def _storage() -> Iterator[Finding]:
    name = default_storage.save("doctor/check", ContentFile(b"check"))
    try:
        with default_storage.open(name) as file:
            same = file.read() == b"check"
    finally:
        default_storage.delete(name)
    if not same:
        yield Finding("storage", "a file came back changed", "check the disk or the S3 service")
    free = shutil.disk_usage(settings.DATA_DIR).free
    if free < LEAST_FREE:
        yield Finding(
            "storage",
            f"{free / 1e9:.1f} GB are free at {settings.DATA_DIR}",
            "make room: a full disk stops answers from being saved",
        )


def _withdrawals() -> Iterator[Finding]:
    path = withdrawn_file()
    there = path if path.exists() else next(parent for parent in path.parents if parent.exists())
    if not os.access(there, os.W_OK):
        yield Finding(
            "withdrawals",
            f"{path} cannot be written: who withdraws now would come back with an older backup",
            "give it to the site's user, or set WITHDRAWN_FILE to where that user may write",
        )
    if lacking := len(withdrawn_but_not_noted()):
        yield Finding(
            "withdrawals",
            f"{path} lacks {lacking} of those who have withdrawn: an older backup would bring them back",
            "manage.py backup, which notes them",
        )


def _files() -> Iterator[Finding]:
    """Files that are there at all. Bytes are read of what opened studies show (broken_seals), and by `check_files --bytes`."""
    try:
        lost = check_files().lost
    except (OSError, DatabaseError, InterfaceError):  # the checks of the storage and of the database say why
        return
    if lost:
        yield Finding(
            "files",
            f"{len(lost)} files that rows point to are not there ({lost[0]} …): their pictures cannot be shown",
            "restore them from a backup; manage.py check_files names them all, and with --bytes those that were changed",
        )


def _pages() -> Iterator[Finding]:
    if not finders.find("css/workspace.css"):
        yield Finding("pages", "the style sheets are not there", "deploy the folder static/ with the code")


def _device() -> Iterator[Finding]:
    wanted = settings.TORCH_DEVICE
    if find_spec("torch") is None:
        yield Finding("device", "no PyTorch here: this is a web host, maps are made elsewhere")
        return
    if absent := absent_backend():
        yield Finding(
            "device",
            f"TRUNK_BACKEND is {absent}, which is not installed here: PyTorch runs the networks",
            f"{how_to_install('fast')}, or set TRUNK_BACKEND=torch",
        )
    if wanted.startswith("cuda"):
        import torch

        if not torch.cuda.is_available():
            yield Finding(
                "device",
                f"TORCH_DEVICE is {wanted}, but PyTorch sees no GPU here",
                "set TORCH_DEVICE=cpu, or mend the driver (nvidia-smi)",
            )


CHECKS: list[Callable[[], Iterator[Finding]]] = [
    _settings, _secrets, _metrics, _database, _clock, _broker, _workers, _storage, _withdrawals, _files, _pages, _device,
]  # fmt: skip
REMEDIES: dict[Any, str] = {
    _database: "start the database and check DATABASE_URL",
    _clock: "start the database and check DATABASE_URL",
    _workers: "mend the database first",
    _broker: "start the broker and check CELERY_BROKER_URL",
    _withdrawals: "mend the database first",
    _storage: "check that the site's user may write there (DATA_DIR, or the S3 settings)",
    _files: "mend the storage first",
}
