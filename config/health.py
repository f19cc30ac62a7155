"""For a load balancer: is this process alive, and can it serve people?"""

import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.files.storage import default_storage
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

LEAST_FREE = (
    100 * 10**6
)  # bytes; with less, answers would soon not be stored. `manage.py doctor` warns from 2 GB on
PROBE = b"x" * 4096


@require_safe
@never_cache
@login_not_required
def alive(request: HttpRequest) -> HttpResponse:
    """200 while the process answers at all."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
@never_cache
@login_not_required
def ready(request: HttpRequest) -> HttpResponse:
    """200 when database and storage answer, else 503; which of them does not, and nothing about why."""
    parts = {name: _works(check) for name, check in CHECKS.items()}
    states = {name: "ok" if works else "unavailable" for name, works in parts.items()}
    return JsonResponse(states, status=200 if all(parts.values()) else 503)


def _works(check: Callable[[], bool]) -> bool:
    try:
        return check()
    except Exception:  # whatever stands in the way, the answer is no; `manage.py doctor` says why
        return False


def _database() -> bool:
    executor = MigrationExecutor(connection)
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())


def _storage() -> bool:
    """Whether pictures can be looked up, and something can be written where this site writes."""
    default_storage.exists("readyz")
    return all(map(_takes_more, _folders()))


def _folders() -> set[Path]:
    """Where this machine keeps rows, uploads and pictures; pictures in an object store lie elsewhere."""
    places = {Path(settings.DATA_DIR)}
    with suppress(NotImplementedError):
        pictures = Path(default_storage.path(""))
        places.add(next(folder for folder in (pictures, *pictures.parents) if folder.is_dir()))
    return places


def _takes_more(folder: Path) -> bool:
    if shutil.disk_usage(folder).free < LEAST_FREE:
        return False
    with tempfile.TemporaryFile(dir=folder, buffering=0) as file:  # a quota says no where space is free
        return file.write(PROBE) == len(PROBE)


CHECKS: dict[str, Callable[[], bool]] = {"database": _database, "storage": _storage}
