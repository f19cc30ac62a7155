"""PostgreSQL crashes, hangs and is restarted while people answer: each acknowledged answer is there, once.

On a PostgreSQL server of this test's own, under a real gunicorn. People behave as their browsers do (see test_server_killed).
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from uuid import UUID

import psutil
import psycopg
import pytest
from django.conf import settings as project

from tests.config.test_behind_nginx import free_port
from tests.explain.maps.test_worker_killed import wait_until
from tests.studies.participation.test_server_killed import (
    Patient,
    Server,
    enough_or_failed,
    has_failed,
    raise_what_failed,
    take_part,
)
from tests.studies.participation.test_server_killed import free_port as held_port

PROGRAMS = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), None)
pytestmark = [
    pytest.mark.worker,
    pytest.mark.skipif(PROGRAMS is None, reason="needs Debian's postgresql, as .ci/run installs it"),
]
PEOPLE, ITEMS, ANSWERS = 8, 12, 6
PATIENCE, HANG = 240, 2.0  # seconds

STUDY = f"""
import django; django.setup()
from studies.models import Invitation
from studies.lifecycle.opening import open_study
from tests.factories import make_study
study = make_study(items={ITEMS}, responses_per_item={ANSWERS}, trials_per_participant={ITEMS})
print(Invitation.issue(open_study(study=study))[1])
"""


class Postgres:
    """A server of one's own. PostgreSQL refuses to run as root, so root hands over to the user postgres."""

    def __init__(self, folder: Path):
        self.folder, self.port = folder, free_port()
        self.url = f"postgres://blindsight@127.0.0.1:{self.port}/postgres"
        self.run("initdb", "-U", "blindsight", "--auth=trust", "-E", "UTF8", "--locale=C.UTF-8")
        self.control("start")

    def run(self, program: str, *arguments: str) -> None:
        command = [str(PROGRAMS / program), "-D", str(self.folder), *arguments]
        user = {"user": "postgres", "group": "postgres"} if os.getuid() == 0 else {}
        subprocess.run(
            command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/", **user
        )

    def control(self, *what: str) -> None:
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1"
        self.run("pg_ctl", "-w", "-l", str(self.folder / "log"), "-o", options, *what)

    def hang(self) -> None:
        """Every process of the server stands still for a while, as on a machine whose disk does not answer.

        Its first process is stopped first: from then on none is born, and none that has ended is taken away.
        """
        server = psutil.Process(int((self.folder / "postmaster.pid").read_text().split()[0]))
        stopped = [server]
        try:
            server.send_signal(signal.SIGSTOP)
            for child in server.children(recursive=True):
                stopped.append(child)
                child.send_signal(signal.SIGSTOP)
            time.sleep(HANG)
        finally:
            for process in stopped:
                process.send_signal(signal.SIGCONT)


@pytest.fixture
def postgres():
    # Not under pytest's own folder: that is closed to everybody else, and so to the user postgres.
    with tempfile.TemporaryDirectory(prefix="postgres-") as name:
        if os.getuid() == 0:
            shutil.chown(name, "postgres", "postgres")
        server = Postgres(Path(name))
        yield server
        server.control("stop", "-m", "immediate")


@pytest.fixture
def site(postgres, tmp_path):
    """A gunicorn on it, and the path of an invitation to an open study."""
    environment = (
        os.environ
        | {
            "DATABASE_URL": postgres.url,
            "DATA_DIR": str(tmp_path),
            "SECRET_KEY": project.SECRET_KEY,
            "HTTPS": "false",
            "CLAIM_BLOCK": "3",  # so that all people together cannot hold every trial, and the last to come find one
            "DJANGO_SETTINGS_MODULE": "config.settings",
        }
    )
    run = partial(
        subprocess.run, env=environment, cwd=project.BASE_DIR, check=True, capture_output=True, text=True
    )
    run([sys.executable, "manage.py", "migrate", "-v", "0"])
    token = run([sys.executable, "-c", STUDY]).stdout.split()[-1]
    with held_port() as port:
        server = Server(port, environment, tmp_path / "log")
        server.start()
        yield server, f"/join/{token}/"
        server.kill()


def test_a_crash_a_hang_and_a_restart_lose_no_acknowledged_answer_and_double_none(postgres, site):
    server, join_path = site
    acknowledged: list[UUID] = []
    given_up, together = threading.Event(), threading.Barrier(PEOPLE)
    clients = [Patient(f"http://127.0.0.1:{server.port}", n, given_up) for n in range(PEOPLE)]
    faults = [partial(postgres.control, "restart", "-m", "immediate"), postgres.hang]
    faults.append(partial(postgres.control, "restart", "-m", "fast"))
    with ThreadPoolExecutor(PEOPLE) as pool:
        people: list[Future] = [
            pool.submit(take_part, client, join_path, number, together, acknowledged)
            for number, client in enumerate(clients)
        ]
        try:
            for number, fault in enumerate(faults, start=1):
                goal = ITEMS * ANSWERS * number // (len(faults) + 2)
                wait_until(partial(enough_or_failed, acknowledged, goal, people), server.log, PATIENCE)
                assert not all(person.done() for person in people)
                fault()
            wait_until(lambda: all(map(Future.done, people)) or has_failed(people), server.log, PATIENCE)
        finally:
            given_up.set()
            together.abort()
        raise_what_failed(people)
    assert sum(client.in_vain for client in clients) > 0  # people did notice
    with psycopg.connect(postgres.url) as database:
        stored = [row[0] for row in database.execute("SELECT answer_id FROM studies_response")]
        counted = database.execute(
            "SELECT t.item_id FROM studies_response r JOIN studies_trial t ON t.id = r.trial_id WHERE r.status = 'counted'"
        ).fetchall()
    assert len(stored) == len(set(stored))
    assert sorted(stored) == sorted(acknowledged)
    assert list(Counter(counted).values()) == [ANSWERS] * ITEMS
