"""The server is killed with SIGKILL while volunteers answer: every answer that was acknowledged is there, once."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import httpx
import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from studies.models import Response, Trial
from studies.opening import open_study
from tests.factories import make_participant, make_study

pytestmark = [pytest.mark.worker, pytest.mark.django_db(transaction=True)]
PEOPLE, KILLS = 6, 3


def database_url() -> str:
    database = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{database['NAME']}"
    user, password = database["USER"], database["PASSWORD"]
    return f"postgres://{user}:{password}@{database['HOST']}:{database['PORT']}/{database['NAME']}"


class Server:
    """Gunicorn on a port of its own, on the tests' database. It can be killed and started again."""

    def __init__(self, data_dir):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.env = {**os.environ, "DATABASE_URL": database_url(), "DATA_DIR": str(data_dir), "HTTPS": "false"}

    def start(self):
        command = [
            sys.executable,
            "-m",
            "gunicorn",
            "config.wsgi",
            "-b",
            f"127.0.0.1:{self.port}",
            "--threads",
            "4",
        ]
        self.process = subprocess.Popen(
            command, cwd=settings.BASE_DIR, env=self.env, start_new_session=True, stderr=subprocess.DEVNULL
        )

    def kill(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def take_part(url, token, acknowledged):
    """As static/js/queue.js does it: an operation stays in the queue until the server says that it is settled."""
    path, waiting = f"{url}/p/{token}/answers/", []
    csrf = ""
    with httpx.Client(timeout=5) as client:
        while True:
            try:
                if waiting:
                    reply = client.post(path, json={"operations": waiting}, headers={"X-CSRFToken": csrf})
                else:
                    reply = client.get(path)
                reply.raise_for_status()
            except httpx.HTTPError:
                time.sleep(0.1)
                continue
            block = reply.json()
            csrf = block["csrf"]
            acknowledged.extend(block["settled"])
            waiting = [operation for operation in waiting if operation["id"] not in block["settled"]]
            if not waiting and not block["trials"]:
                return
            if not waiting:
                position = block["trials"][0]["position"]
                waiting = [{"id": str(uuid4()), "kind": "answer", "position": position, "value": 0}]


def test_every_acknowledged_answer_is_in_the_database_once(tmp_path):
    study = open_study(study=make_study(items=20, responses_per_item=PEOPLE, trials_per_participant=20))
    for number in range(PEOPLE):
        make_participant(study, number, instructed_at=timezone.now())
    server, acknowledged, finished = Server(tmp_path), [], threading.Event()
    server.start()

    def kill_now_and_then():
        for kill in range(KILLS):
            while len(acknowledged) < 25 * (kill + 1) and not finished.is_set():
                time.sleep(0.01)
            server.kill()
            server.start()

    killer = threading.Thread(target=kill_now_and_then)
    killer.start()
    try:
        with ThreadPoolExecutor(PEOPLE) as pool:
            jobs = [
                pool.submit(take_part, server.url, f"token-{number}-of-{study.slug}", acknowledged)
                for number in range(PEOPLE)
            ]
            for job in jobs:
                job.result(timeout=120)
    finally:
        finished.set()
        killer.join()
        server.kill()

    stored = Counter(str(answer_id) for answer_id in Response.objects.values_list("answer_id", flat=True))
    assert len(acknowledged) == len(set(acknowledged)) == 20 * PEOPLE
    assert stored == Counter(acknowledged)
    assert not Trial.objects.exclude(state="answered").exists()
