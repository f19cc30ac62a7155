"""Site and worker on one's own machine, from nothing: `make serve`, and what `make demo` shares with it."""

import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time

import httpx
import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import CommandError

from studies.management import local_site
from tests.studies.management.processes import processes as processes


@pytest.mark.django_db
def test_the_password_is_shown_once_and_an_account_that_is_there_stays():
    password = local_site.make_admin()
    assert len(password) >= 16
    assert get_user_model().objects.get(is_superuser=True).username == "admin"
    assert local_site.make_admin() is None
    assert get_user_model().objects.get().check_password(password)


def test_the_worker_makes_maps_and_ends_with_the_site(processes):
    worker = processes()
    with pytest.raises(RuntimeError), local_site.worker():
        raise RuntimeError("a step failed")
    (command, options), done = worker.started[0], worker.done
    assert command[1:] == ["-m", "celery", "-A", "config", "worker", "-Q", "gpu", "--pool=solo", "-l", "INFO"]
    assert options["cwd"] == settings.BASE_DIR
    assert (settings.DATA_DIR / "worker.log").exists()
    assert done == [signal.SIGTERM, "wait"]
    stubborn = processes(stubborn=True)
    with local_site.worker():
        pass
    assert stubborn.done == [signal.SIGTERM, "wait", "kill"]


@pytest.mark.parametrize(
    ("broker", "missing", "said"),
    [
        ("sqla+sqlite:///x", ["torch", "sqlalchemy"], "torch and sqlalchemy: not installed here"),
        ("redis://x/0", ["torch", "sqlalchemy"], "torch: not installed here"),
        ("sqla+sqlite:///x", ["sqlalchemy"], "sqlalchemy: not installed here"),
    ],
)
def test_a_web_host_says_what_a_worker_needs_and_waits_for_none(broker, missing, said, settings, monkeypatch):
    """The demo waited without end for maps that nobody could compute."""
    local_site.check_worker()
    settings.CELERY_BROKER_URL = broker
    monkeypatch.setattr(local_site, "find_spec", lambda name: None if name in missing else name)
    with pytest.raises(CommandError, match=rf"^{said}.* First: pip install -r requirements\.txt"):
        local_site.check_worker()
    for command in (["demo", "--no-serve"], ["serve", "--address", "127.0.0.1:8765"]):
        with pytest.raises(CommandError, match=said):
            call_command(*command)


def test_the_queue_is_there_before_a_worker_is_started(processes, tmp_path, monkeypatch):
    """Site and worker made the tables of a new broker file at the same time, and the demo ended with an error of kombu's."""
    from config.celery import app

    file, seen = tmp_path / "broker.sqlite3", []
    monkeypatch.setattr(
        local_site.current_app,
        "connection_for_write",
        lambda: app.connection_for_read(f"sqla+sqlite:///{file}"),
    )
    start = processes()

    def started(command, **options):
        with sqlite3.connect(file) as broker:
            seen.extend(broker.execute("SELECT name FROM kombu_queue").fetchall())
        return start

    monkeypatch.setattr(local_site.subprocess, "Popen", started)
    with local_site.worker():
        pass
    assert seen == [("gpu",)]


def test_a_site_that_ends_by_itself_is_no_success(processes):
    processes(code=3)
    with pytest.raises(CommandError, match="ended by itself"):
        local_site.serve_until_stopped("127.0.0.1:8000")


@pytest.mark.parametrize(
    "address", ["8000", "127.0.0.1:", "127.0.0.1:http", "127.0.0.1:0", "127.0.0.1:70000", ":80"]
)
def test_what_is_no_address_is_said(address):
    with pytest.raises(CommandError, match="is no HOST:PORT"):
        local_site.check_address(address)


def test_a_port_that_is_taken_is_said_before_anything_is_made(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = manage(tmp_path, "serve", "--address", f"127.0.0.1:{port}")
    assert done.returncode == 2
    assert f"--address 127.0.0.1:{port}: Address already in use" in done.stderr
    assert f"--address 127.0.0.1:{port + 1}" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "db.sqlite3").exists()


def test_from_an_empty_folder_to_a_site_one_can_log_in_to(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    command = [sys.executable, "manage.py", "serve", "--address", address]
    with (tmp_path / "said").open("w") as said:
        process = subprocess.Popen(
            command,
            cwd=settings.BASE_DIR,
            env=own(tmp_path),
            stderr=said,
            stdout=said,
            start_new_session=True,
        )
    try:
        page = when_it_answers(f"http://{address}/accounts/login/", process)
        password = re.search(r"Log in +admin / (\S+)", (tmp_path / "said").read_text())[1]
        with httpx.Client(base_url=f"http://{address}", follow_redirects=True, timeout=30) as browser:
            form = browser.get("/accounts/login/").text
            token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', form)[1]
            data = {"username": "admin", "password": password, "csrfmiddlewaretoken": token}
            home = browser.post("/accounts/login/", data=data)
            assert home.status_code == 200
            assert "Log out" in home.text
            styles = re.search(r'href="(/static/[^"]+\.css)"', page.text)[1]
            assert browser.get(styles).status_code == 200
        assert "A first study" in (tmp_path / "said").read_text()
    finally:
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does it
        ended = process.wait(timeout=60)
    assert ended == 0
    assert "Traceback" not in (tmp_path / "said").read_text()
    assert not living(process.pid), "the worker outlived the site"


def test_missing_tables_are_a_sentence_for_every_command(tmp_path):
    done = manage(tmp_path, "scores", "anything")
    assert done.returncode == 1
    assert done.stderr.strip() == (
        "The database lacks tables of this version (no such table: studies_study). "
        "Make them: python manage.py migrate (`make serve` does it by itself)."
    )


def own(folder) -> dict[str, str]:
    """The environment of an installation of its own."""
    kept = {
        key: value for key, value in os.environ.items() if key not in ("DATABASE_URL", "CELERY_BROKER_URL")
    }
    return {**kept, "DATA_DIR": str(folder), "SECRET_KEY": "s" * 60, "HTTPS": "false", "DEBUG": "false"}


def manage(folder, *words) -> subprocess.CompletedProcess:
    command = [sys.executable, "manage.py", *words]
    return subprocess.run(
        command, cwd=settings.BASE_DIR, env=own(folder), capture_output=True, text=True, timeout=120
    )


def when_it_answers(address: str, process: subprocess.Popen) -> httpx.Response:
    for _ in range(600):
        assert process.poll() is None, "it ended before it answered"
        try:
            return httpx.get(address, timeout=30)
        except httpx.TransportError:
            time.sleep(0.2)
    raise AssertionError("no answer")


def living(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
