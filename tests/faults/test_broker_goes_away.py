"""The broker is killed with all that it holds, in the middle of a run: the run finishes, and every map is there once.

Redis and RabbitMQ are servers of these tests' own. The rows are the truth, so nothing that a broker loses matters.
"""

from contextlib import ExitStack

import pytest
from kombu import Connection, Consumer, Queue

from explain.models import Batch, ExplanationMap
from explain.photos.importer import import_images
from tests.config.test_behind_nginx import free_port
from tests.explain.maps.test_worker_killed import process, start_worker, wait_until
from tests.explain.photo_files import make_folder, photo_bytes

from .brokers import RABBIT, REDIS, rabbitmq, start_redis

pytestmark = [pytest.mark.worker, pytest.mark.django_db(transaction=True)]
PHOTOS = 16
PRECOMPUTE = ["manage.py", "precompute", "photos", "--networks=tiny", "--methods=grad-cam", "--json"]


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


@pytest.mark.skipif(REDIS is None, reason="needs Debian's redis-server, as .ci/run installs it")
def test_a_worker_whose_redis_went_away_while_it_held_a_message_closes_its_connection_and_lives():
    """By hand what a worker comes to at an unlucky moment: a channel is closed again when its connection is gone."""
    broker = start_redis(port := free_port())
    held = []
    with Connection(f"redis://127.0.0.1:{port}/0") as connection:
        channel = connection.default_channel
        assert type(channel).__module__ == "config.broker"
        with connection.Producer() as producer:
            producer.publish({}, routing_key="gpu", declare=[Queue("gpu")])
        consumer = Consumer(channel, [Queue("gpu")], callbacks=[lambda body, message: held.append(message)])
        consumer.consume()
        connection.drain_events(timeout=60)
        with pytest.raises(TimeoutError):
            connection.drain_events(timeout=0.1)  # it waits for the next one
        broker.kill()
        broker.wait()
        connection.transport.client = None
        with pytest.raises(connection.connection_errors):
            channel.close()
        channel._in_poll = None
        channel._disconnect_pools()
        channel.close()
        assert channel.closed
    assert held


@pytest.mark.skipif(RABBIT is None, reason="needs Debian's rabbitmq-server")
def test_rabbitmq_is_killed_and_comes_back_empty_in_the_middle_of_a_run(
    tiny, many_photos, tmp_path, environment
):
    port, log = free_port(), tmp_path / "log"
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    environment["CELERY_BROKER_URL"] = f"amqp://guest:guest@127.0.0.1:{port}//"
    with ExitStack() as broker:
        broker.enter_context(rabbitmq(first, port))
        with process(environment, log, *PRECOMPUTE) as watching, start_worker(environment, log):
            wait_until(lambda: Batch.objects.filter(state="done").count() >= 2, log)
            broker.close()
            assert Batch.objects.filter(state="pending").exists()
            broker.enter_context(rabbitmq(second, port))
            wait_until(lambda: watching.poll() is not None, log)
    assert watching.returncode == 0, log.read_text()
    every_map_is_there_once()
