"""A real Celery worker is killed in the middle of a run: no map is missing, and none is there twice.

On the broker and the database of the environment: SQLite files by default, Redis and PostgreSQL where CI sets them.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
from django.conf import settings as project
from django.db import connection

from explain.maps import runs
from explain.models import Batch, ExplanationMap, Worker
from explain.photos.importer import import_images
from tests.explain.photo_files import make_folder, photo_bytes

from .test_precompute import named_files, stored_files

pytestmark = [pytest.mark.worker, pytest.mark.django_db(transaction=True)]
PHOTOS = 24
METHODS = ["grad-cam", "pixel-ablation-cam"]


def database_url() -> str:
    """The tests' own database, for another process."""
    database = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{database['NAME']}"
    user, password = quote(database["USER"] or ""), quote(database["PASSWORD"] or "")
    host = f"{quote(database['HOST'] or '', safe='')}:{database['PORT'] or 5432}"
    return f"postgres://{user}:{password}@{host}/{database['NAME']}"


def broker_url(folder: Path) -> str:
    """A broker that no other test uses: a file of its own, or a Redis database for each of pytest's workers."""
    url = os.environ.get("CELERY_BROKER_URL", "")
    if not url.startswith("redis"):
        return f"sqla+sqlite:///{folder / 'broker.sqlite3'}"
    number = 1 + int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    url = urlsplit(url)._replace(path=f"/{number}").geturl()
    import redis

    with redis.from_url(url) as client:
        client.delete("gpu", "unacked", "unacked_index", "unacked_mutex")
    return url


@pytest.fixture
def environment(tmp_path) -> dict[str, str]:
    """What makes another process work on the tests' database, files and broker."""
    return (
        os.environ
        | {
            "DATABASE_URL": database_url(),
            "CELERY_BROKER_URL": broker_url(tmp_path),
            "DATA_DIR": str(tmp_path),  # its media folder is that of the test
            "BATCH_SIZE": "1",
            "BATCH_STALE_SECONDS": "8",  # a busy machine makes a living worker silent for longer than one would think
            "OMP_NUM_THREADS": "1",
            "SECRET_KEY": project.SECRET_KEY,
        }
    )


@contextmanager
def process(environment: dict[str, str], log: Path, *command: str) -> Iterator[subprocess.Popen]:
    with log.open("ab") as file:
        started = subprocess.Popen(
            [sys.executable, *command],
            env=environment,
            cwd=project.BASE_DIR,
            stdout=subprocess.PIPE,
            stderr=file,
            text=True,
        )
        try:
            yield started
        finally:
            started.kill()
            started.wait()


def start_worker(environment: dict[str, str], log: Path):
    options = ["-A", "config", "worker", "-Q", "gpu", "--pool=solo", "--without-gossip", "--without-mingle"]
    return process(environment, log, "-m", "celery", *options)


def wait_until(fact: Callable[[], object], log: Path, seconds: float = 240) -> None:
    end = time.monotonic() + seconds
    while not fact():
        assert time.monotonic() < end, log.read_text()
        time.sleep(0.05)


def kill_in_the_middle(worker: subprocess.Popen, log: Path) -> None:
    """SIGKILL at a moment at which a batch is running and others wait."""
    wait_until(lambda: Batch.objects.filter(state="done").count() >= 3, log)
    while True:
        worker.send_signal(signal.SIGSTOP)
        time.sleep(0.05)  # let a statement that was under way reach the database
        if Batch.objects.filter(state="running").exists():
            worker.kill()
            worker.wait()
            return
        worker.send_signal(signal.SIGCONT)
        time.sleep(0.013)


def test_sigkill_in_the_middle_loses_no_map_and_makes_none_twice(
    tiny, inbox, tmp_path, settings, environment
):
    make_folder(inbox, {f"hammer/{n}.jpg": photo_bytes(n, (120, 100)) for n in range(PHOTOS)})
    import_images(path=inbox, set_name="photos")
    log = tmp_path / "log"
    command = [
        "manage.py",
        "precompute",
        "photos",
        "--networks=tiny",
        f"--methods={','.join(METHODS)}",
        "--json",
    ]
    with process(environment, log, *command) as watching:
        with start_worker(environment, log) as worker:
            kill_in_the_middle(worker, log)
        done = Batch.objects.filter(state="done").count()
        assert done < PHOTOS
        assert Batch.objects.filter(state="running").count() == 1
        with start_worker(environment, log):
            wait_until(lambda: watching.poll() is not None, log)
        assert watching.returncode == 0, log.read_text()
        told = json.loads(watching.stdout.read())

    assert told["batches"] == {"pending": 0, "running": 0, "done": PHOTOS, "failed": 0, "stopped": 0}
    maps = list(ExplanationMap.objects.values_list("image__original_name", "method"))
    assert sorted(maps) == sorted((f"hammer/{n}.jpg", method) for n in range(PHOTOS) for method in METHODS)
    attempts = sorted(Batch.objects.values_list("attempts", flat=True))
    assert attempts == [1] * (PHOTOS - 1) + [2]
    assert named_files() <= stored_files(settings)
    for row in ExplanationMap.objects.all():
        assert row.array().shape == (5, 5)


def test_a_worker_that_starts_takes_up_batches_whose_messages_were_lost(photos, tiny, tmp_path, environment):
    """Planned and never sent: as after a crash between the commit and the message, or with a new broker."""
    run = runs.plan_run(image_set=photos, networks=[tiny], methods=["grad-cam"])
    log = tmp_path / "log"
    with start_worker(environment, log) as worker:
        wait_until(lambda: runs.run_progress(run).finished, log)
        wait_until(lambda: Worker.objects.filter(name__endswith=f":{worker.pid}").exists(), log)
        worker.terminate()
        worker.wait(30)
    assert ExplanationMap.objects.count() == 5
    assert not Worker.objects.exists()  # it took its leave
