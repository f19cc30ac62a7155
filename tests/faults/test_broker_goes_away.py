"""The broker is killed with all that it holds, in the middle of a run: the run finishes, and every map is there once.

Redis and RabbitMQ are servers of these tests' own. The rows are the truth, so nothing that a broker loses matters.
"""

import os
import shutil
import signal
import subprocess
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import redis

from explain.images import import_images
from explain.models import Batch, ExplanationMap
from tests.config.test_behind_nginx import free_port
from tests.explain.photos import make_folder, photo_bytes
from tests.explain.test_worker_killed import process, start_worker, wait_until

pytestmark = [pytest.mark.worker, pytest.mark.django_db(transaction=True)]
PHOTOS = 16
REDIS = shutil.which("redis-server")
# The program itself: Debian's command in PATH changes to a user of its own, who may not read these tests' folders.
RABBIT = next(iter(Path("/usr/lib/rabbitmq").glob("lib/rabbitmq_server-*/sbin/rabbitmq-server")), None)
PRECOMPUTE = ["manage.py", "precompute", "photos", "--networks=tiny", "--methods=grad-cam", "--json"]


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


@pytest.fixture
def many_photos(inbox):
    make_folder(inbox, {f"hammer/{n}.jpg": photo_bytes(n, (120, 100)) for n in range(PHOTOS)})
    import_images(path=inbox, set_name="photos")


def every_map_is_there_once() -> None:
    assert set(Batch.objects.values_list("state", flat=True)) == {"done"}
    made = list(ExplanationMap.objects.values_list("image__original_name", flat=True))
    assert sorted(made) == sorted(f"hammer/{n}.jpg" for n in range(PHOTOS))


@pytest.mark.skipif(REDIS is None, reason="needs Debian's redis-server, as .ci/run installs it")
def test_redis_is_killed_and_comes_back_empty_in_the_middle_of_a_run(
    tiny, many_photos, tmp_path, environment
):
    port, log = free_port(), tmp_path / "log"
    environment["CELERY_BROKER_URL"] = f"redis://127.0.0.1:{port}/0"
    broker = start_redis(port)
    try:
        with process(environment, log, *PRECOMPUTE) as watching, start_worker(environment, log):
            wait_until(lambda: Batch.objects.filter(state="done").count() >= 2, log)
            broker.kill()
            broker.wait()
            assert Batch.objects.filter(state="pending").exists()
            broker = start_redis(port)
            wait_until(lambda: watching.poll() is not None, log)
        assert watching.returncode == 0, log.read_text()
    finally:
        broker.kill()
        broker.wait()
    every_map_is_there_once()


@pytest.mark.skipif(RABBIT is None, reason="needs Debian's rabbitmq-server")
def test_with_rabbitmq_a_run_finishes(tiny, many_photos, tmp_path, environment):
    port, log = free_port(), tmp_path / "log"
    environment["CELERY_BROKER_URL"] = f"amqp://guest:guest@127.0.0.1:{port}//"
    with (
        rabbitmq(tmp_path, port),
        process(environment, log, *PRECOMPUTE) as watching,
        start_worker(environment, log),
    ):
        wait_until(lambda: watching.poll() is not None, log, 120)
    assert watching.returncode == 0, log.read_text()
    every_map_is_there_once()


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
        wait_until(lambda: _answers(port) or server.poll() is not None, log, 90)
        assert server.poll() is None, log.read_text()
        yield
    finally:
        with suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGKILL)
        server.wait()
        # Erlang's port mapper, which the server started apart from itself, stays while it thinks that its node lives.
        end = ["epmd", "-port", str(mapper), "-kill"]
        wait_until(lambda: "Killed" in subprocess.run(end, capture_output=True, text=True).stdout, log, 30)


def _answers(port: int) -> bool:
    from kombu import Connection

    with (
        suppress(Exception),
        Connection(f"amqp://guest:guest@127.0.0.1:{port}//", connect_timeout=1) as connection,
    ):
        connection.connect()
        return True
    return False
