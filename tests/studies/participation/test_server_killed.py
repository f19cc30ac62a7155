"""A real gunicorn is killed ten times while fifty people answer: no acknowledged answer is missing, none counts twice.

On the tests' own database, SQLite or PostgreSQL. People behave as their browsers do: what was not acknowledged is sent
again, with the same id, until it is. Every so often a reply is lost on the way back, too.
"""

import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from uuid import UUID, uuid4

import httpx
import pytest
from django.conf import settings as project

from studies.models import Response, Trial
from studies.simulation.volunteers import find_form, press
from tests.explain.maps.test_worker_killed import database_url, wait_until

pytestmark = [pytest.mark.worker, pytest.mark.django_db(transaction=True)]
PEOPLE, ITEMS, ANSWERS, KILLS = 50, 18, 20, 10
PATIENCE = 300  # seconds until a step that does not come is an error; a step takes about one
LOST = 0.1  # the share of replies to answers that get lost


class Patient(httpx.Client):
    """A browser that sends a request again until a reply has come back."""

    def __init__(self, base_url: str, number: int, given_up: threading.Event):
        super().__init__(base_url=base_url, follow_redirects=True, timeout=30, verify=False)
        self.random, self.given_up = random.Random(number), given_up
        self.in_vain = self.lost = 0

    def send(self, request, **options):
        """Each request of a chain of redirects by itself: whoever is led on and meets an error has joined already."""
        options["follow_redirects"] = False
        reply = self.send_until_answered(request, **options)
        while reply.next_request:
            reply = self.send_until_answered(reply.next_request, **options)
        return reply

    def send_until_answered(self, request, **options):
        while not self.given_up.is_set():
            with suppress(httpx.TransportError):
                reply = super().send(request, **options)
                if request.method == "POST" and "/p/" in request.url.path and self.random.random() < LOST:
                    self.lost += 1
                    continue
                if reply.status_code < 500:
                    return reply
            self.in_vain += 1
            time.sleep(0.05)
        raise AssertionError("The test was over before this person was through.")


def answer_with_javascript(client: Patient, token: str, acknowledged: list[UUID]) -> None:
    """As static/js/queue.js does."""
    address = f"/p/{token}/answers/"
    hand = client.get(address).json()
    headers = {"X-CSRFToken": hand["csrf"]}
    while hand["trials"]:
        answer = {"id": str(uuid4()), "kind": "answer", "position": hand["trials"][0]["position"], "value": 0}
        reply = client.post(address, json={"operations": [answer]}, headers=headers)
        hand = reply.raise_for_status().json()
        assert hand["settled"] == [answer["id"]]
        acknowledged.append(UUID(answer["id"]))


def answer_with_forms(client: Patient, token: str, acknowledged: list[UUID]) -> None:
    page = client.get(f"/p/{token}/trial/")
    while (form := find_form(page)) and form.get("id") == "answer":
        answer_id = form.select_one("input[name=answer_id]")["value"]
        page = press(client, page, form, {"value": "0"})
        acknowledged.append(UUID(answer_id))


def take_part(
    client: Patient, join_path: str, number: int, together: threading.Barrier, acknowledged: list[UUID]
) -> None:
    """Nobody answers before everybody is in: quick people would take all places while slow ones still join."""
    with client:
        page = client.get(join_path)
        while (form := find_form(page)) and form.get("id") != "answer":
            page = press(client, page, form, {})
        assert "/p/" in page.url.path, page.text
        token = page.url.path.split("/p/")[1].split("/")[0]
        together.wait()
        (answer_with_javascript, answer_with_forms)[number % 2](client, token, acknowledged)
        page = client.get(f"/p/{token}/")
        if form := find_form(page):  # others hold the last photos: one need not wait for them
            page = press(client, page, form, {}) if "Finish now" in page.text else page
        assert "Thank you" in page.text


@contextmanager
def free_port():
    """A port that stays ours between one server and the next: bound, but nobody listens, so clients are refused."""
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


class Server:
    """gunicorn in a process group of its own, so that one signal reaches the master and every worker."""

    def __init__(self, port: int, environment: dict[str, str], log):
        self.port, self.environment, self.log = port, environment, log

    def start(self) -> None:
        options = ["--workers=2", "--threads=8", "--preload", "--reuse-port", f"--bind=127.0.0.1:{self.port}"]
        with self.log.open("ab") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", "config.wsgi", *options],
                env=self.environment,
                cwd=project.BASE_DIR,
                stdout=file,
                stderr=file,
                start_new_session=True,
            )

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@pytest.fixture
def server(tmp_path):
    environment = (
        os.environ
        | {
            "DATABASE_URL": database_url(),
            "DATA_DIR": str(tmp_path),  # its media folder is that of the test
            "SECRET_KEY": project.SECRET_KEY,
            "HTTPS": "false",
            "CLAIM_BLOCK": "3",  # so that all people together cannot hold every trial, and the last to come find one
        }
    )
    with free_port() as port:
        server = Server(port, environment, tmp_path / "log")
        server.start()
        yield server
        server.kill()


def has_failed(people: list[Future]) -> bool:
    return any(person.done() and person.exception() for person in people)


def raise_what_failed(people: list[Future]) -> None:
    """The first error of anyone: not that of those who only waited for him at the barrier."""
    errors = [error for person in people if (error := person.exception())]
    for error in sorted(errors, key=lambda error: isinstance(error, threading.BrokenBarrierError)):
        raise error


def enough_or_failed(acknowledged: list[UUID], goal: int, people: list[Future]) -> bool:
    return len(acknowledged) >= goal or has_failed(people)


def kill_again_and_again(server: Server, acknowledged: list[UUID], people: list[Future]) -> None:
    """At ten moments spread over two thirds of the study: each time some have been acknowledged since, and more are to come."""
    for goal in (ITEMS * ANSWERS * kill // (KILLS + 5) for kill in range(1, KILLS + 1)):
        wait_until(partial(enough_or_failed, acknowledged, goal, people), server.log, PATIENCE)
        assert not all(person.done() for person in people)
        server.kill()
        server.start()


def test_ten_kills_lose_no_acknowledged_answer_and_double_none(server, invite):
    _, join_path = invite(items=ITEMS, responses_per_item=ANSWERS, trials_per_participant=ITEMS)
    acknowledged: list[UUID] = []
    given_up, together = threading.Event(), threading.Barrier(PEOPLE)
    clients = [Patient(f"http://127.0.0.1:{server.port}", n, given_up) for n in range(PEOPLE)]
    with ThreadPoolExecutor(PEOPLE) as pool:
        people = [
            pool.submit(take_part, client, join_path, number, together, acknowledged)
            for number, client in enumerate(clients)
        ]
        try:
            kill_again_and_again(server, acknowledged, people)
            wait_until(lambda: all(map(Future.done, people)) or has_failed(people), server.log, PATIENCE)
        finally:
            given_up.set()
            together.abort()
        raise_what_failed(people)

    assert sum(client.in_vain for client in clients) >= KILLS  # people did notice
    assert sum(client.lost for client in clients) > 0
    stored = list(Response.objects.values_list("answer_id", flat=True))
    assert len(stored) == len(set(stored))
    assert sorted(acknowledged) == sorted(stored)
    counted = Response.objects.filter(status="counted")
    assert len(stored) == counted.count() == ITEMS * ANSWERS
    assert set(Counter(counted.values_list("trial__item", flat=True)).values()) == {ANSWERS}
    assert set(Trial.objects.values_list("state", flat=True)) == {"answered"}
    assert Trial.objects.count() == ITEMS * ANSWERS
    met = Counter(Trial.objects.values_list("participant", "item"))
    assert max(met.values()) == 1
