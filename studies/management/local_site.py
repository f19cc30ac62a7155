"""Site and worker on one's own machine: what `demo` and `serve` share."""

import contextlib
import secrets
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec

from celery import current_app
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import CommandError

from blindsight.places import how_to_install, program

ADDRESS = "127.0.0.1:8000"
WORKER = ["-m", "celery", "-A", "config", "worker", "-Q", "gpu", "--pool=solo", "-l", "INFO"]
PATIENCE = 20  # seconds that a process has to end in


def prepare() -> str | None:
    """Tables, static files and an admin, whatever of them is missing. The admin's new password; None if there was one."""
    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    return make_admin()


def make_admin() -> str | None:
    """A superuser with a random password, shown once; nothing if there is one already."""
    User = get_user_model()
    if User.objects.filter(is_superuser=True).exists():
        return None
    password = secrets.token_urlsafe(12)
    User.objects.create_superuser("admin", password=password)
    return password


def login_in_words(password: str | None) -> str:
    """How to log in: with the new password, or by the way to set another one."""
    if password:
        return f"admin / {password}"
    return f"the account you have (reset: {program()} changepassword admin)"


def check_worker() -> None:
    """Raise CommandError where a worker could not run: the bare package is a web host."""
    needed = ["torch", "sqlalchemy"] if settings.CELERY_BROKER_URL.startswith("sqla+") else ["torch"]
    if missing := [package for package in needed if find_spec(package) is None]:
        raise CommandError(
            f"{' and '.join(missing)}: not installed here, and no worker computes maps without. "
            f"First: {how_to_install('worker')}",
            returncode=2,
        )


def make_queue() -> None:
    """The queue at the broker, before a worker starts: in an SQLite file its tables are made by whoever comes first, and where
    two come at once the second one's connection breaks."""
    queue = current_app.amqp.queues[settings.CELERY_TASK_DEFAULT_QUEUE]
    with current_app.connection_for_write() as broker, broker.channel() as channel:
        queue(channel).declare()


@contextlib.contextmanager
def worker() -> Iterator[subprocess.Popen]:
    """A Celery worker for as long as the block runs, its log in a file."""
    make_queue()
    with (settings.DATA_DIR / "worker.log").open("a") as log:
        process = _start(WORKER, stdout=log, stderr=log)
        try:
            yield process
        finally:
            _end(process)


def serve_until_stopped(address: str) -> None:
    """The site until Ctrl-C. Raises CommandError where it ended by itself."""
    command = ["-m", "gunicorn", "config.wsgi", "-b", address, "--workers", "2", "--threads", "4"]
    process = _start(command)
    try:
        process.wait()
    except KeyboardInterrupt:
        process.wait()
        return
    if process.returncode:
        raise CommandError(
            f"The site ended by itself (exit code {process.returncode}); the lines above say why."
        )


def check_address(address: str) -> None:
    """Raise CommandError where no site can listen at HOST:PORT."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise CommandError(f"--address {address}: is no HOST:PORT; give one like {ADDRESS}.", returncode=2)
    try:
        with socket.create_server((host, int(port)), reuse_port=False):
            return
    except OSError as error:
        other = f"{host}:{int(port) % 65535 + 1}"
        raise CommandError(
            f"--address {address}: {error.strerror or error}. Stop what listens there, or take another one: --address {other}.",
            returncode=2,
        ) from error


def _start(command: list[str], **output) -> subprocess.Popen:
    return subprocess.Popen([sys.executable, *command], cwd=settings.BASE_DIR, **output)  # noqa: S603


def _end(process: subprocess.Popen) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
