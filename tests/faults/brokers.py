"""Brokers of one's own: a Redis and a RabbitMQ on free ports, with nothing in them. No Django here: bench/hosts.py has them too."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import contextmanager, suppress
from pathlib import Path

import redis

from bench.load_site import free_port

REDIS = shutil.which("redis-server")
# The program itself: Debian's command in PATH changes to a user of its own, who may not read these tests' folders.
RABBIT = next(iter(Path("/usr/lib/rabbitmq").glob("lib/rabbitmq_server-*/sbin/rabbitmq-server")), None)


def start_redis(port: int) -> subprocess.Popen:
    """With nothing in it, and nothing kept on disk."""
    command = [str(REDIS), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    started = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    client = redis.Redis(port=port)
    while True:
        with suppress(redis.ConnectionError):
            client.ping()
            return started
        assert started.poll() is None
        time.sleep(0.02)


@contextmanager
def rabbitmq(folder: Path, port: int):
    """A RabbitMQ of one's own: its own node, port and folders."""
    home = folder / "rabbitmq"
    home.mkdir()
    distribution, mapper = free_port(), free_port()
    environment = os.environ | {
        "HOME": str(home),
        "RABBITMQ_NODENAME": f"test{port}@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_DIST_PORT": str(distribution),
        "RABBITMQ_MNESIA_BASE": str(home / "data"),
        "RABBITMQ_LOG_BASE": str(home / "log"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(home / "plugins"),
        "RABBITMQ_PID_FILE": str(home / "pid"),
        "ERL_EPMD_PORT": str(mapper),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1 +sbwt none",
    }
    (home / "plugins").write_text("[].\n")
    log = home / "started"
    with log.open("ab") as file:
        server = subprocess.Popen(
            [str(RABBIT)], env=environment, cwd=home, stdout=file, stderr=file, start_new_session=True
        )
    try:
        _wait(lambda: _answers(port) or server.poll() is not None, log, 240)
        assert server.poll() is None, log.read_text()
        yield
    finally:
        with suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGKILL)
        server.wait()
        # Erlang's port mapper, which the server started apart from itself, stays while it thinks that its node lives.
        end = ["epmd", "-port", str(mapper), "-kill"]
        _wait(lambda: "Killed" in subprocess.run(end, capture_output=True, text=True).stdout, log, 120)


def _answers(port: int) -> bool:
    from kombu import Connection

    with (
        suppress(Exception),
        Connection(f"amqp://guest:guest@127.0.0.1:{port}//", connect_timeout=1) as connection,
    ):
        connection.connect()
        return True
    return False


def _wait(fact: Callable[[], object], log: Path, seconds: float) -> None:
    end = time.monotonic() + seconds
    while not fact():
        assert time.monotonic() < end, log.read_text()
        time.sleep(0.1)
