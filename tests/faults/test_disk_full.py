"""A full disk: what was acknowledged is there, what was not is sent again, and it is said what is wrong.

The limit is the kernel's own (RLIMIT_FSIZE): a write beyond it fails as on a disk without room, with no disk to fill.
"""

import resource
import threading
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from uuid import UUID

import psutil
import pytest
from django.core.files.storage import default_storage
from django.db import OperationalError, connection
from django.test import Client
from django.urls import reverse

from config.files import walk
from config.storage import WholeFiles
from explain.core import parallel
from explain.maps import runs
from explain.maps.batches import run_batch
from explain.models import ExplanationMap, Image
from explain.photos.importer import import_images
from studies.lifecycle import prepare_pictures, prepared_hashes
from studies.models import Response
from tests.explain.maps.test_worker_killed import wait_until
from tests.explain.photo_files import make_folder, photo_bytes
from tests.factories import make_study, without_pictures
from tests.studies.participation.test_server_killed import (
    Patient,
    enough_or_failed,
    has_failed,
    raise_what_failed,
    take_part,
)

PEOPLE, ITEMS, ANSWERS, PATIENCE = 4, 8, 4, 300
UNLIMITED = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)


def limit_files(process: psutil.Process, most: int) -> None:
    """No file of a server's processes can grow beyond so many bytes. -1: as large as they like."""
    for one in (process, *process.children(recursive=True)):
        resource.prlimit(one.pid, resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))


@pytest.mark.worker
@pytest.mark.django_db(transaction=True)
def test_a_full_disk_under_the_database_loses_no_acknowledged_answer(server, invite):
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL's files belong to a server that this test does not own")
    _, join_path = invite(items=ITEMS, responses_per_item=ANSWERS, trials_per_participant=ITEMS)
    acknowledged: list[UUID] = []
    given_up, together = threading.Event(), threading.Barrier(PEOPLE)
    clients = [Patient(f"http://127.0.0.1:{server.port}", n, given_up) for n in range(PEOPLE)]
    with ThreadPoolExecutor(PEOPLE) as pool:
        people: list[Future] = [
            pool.submit(take_part, client, join_path, number, together, acknowledged)
            for number, client in enumerate(clients)
        ]
        try:
            goal = ITEMS * ANSWERS // 3
            wait_until(partial(enough_or_failed, acknowledged, goal, people), server.log, PATIENCE)
            gunicorn = psutil.Process(server.process.pid)
            limit_files(gunicorn, 0)
            wait_until(
                lambda: sum(client.in_vain for client in clients) > PEOPLE or has_failed(people), server.log
            )
            limit_files(gunicorn, resource.RLIM_INFINITY)
            wait_until(lambda: all(map(Future.done, people)) or has_failed(people), server.log, PATIENCE)
        finally:
            given_up.set()
            together.abort()
        raise_what_failed(people)
    stored = list(Response.objects.values_list("answer_id", flat=True))
    assert sorted(stored) == sorted(set(acknowledged))
    counted = Response.objects.filter(status="counted").values_list("trial__item", flat=True)
    assert list(Counter(counted).values()) == [ANSWERS] * ITEMS


@pytest.mark.django_db(transaction=True)
def test_a_page_says_that_the_disk_is_full_and_the_same_answer_is_taken_later(invite, visitor):
    """SQLite with no page left (`max_page_count`)."""
    if connection.vendor != "sqlite":
        pytest.skip("a limit of SQLite")
    _, join_path = invite(items=90, responses_per_item=1, trials_per_participant=90)
    visitor.client = Client(raise_request_exception=False)
    visitor.start(join_path)
    with no_page_left():
        given = 0
        while visitor.on_trial:
            form = visitor.soup.select_one("form#answer")
            answer_id, path = form.select_one("input[name=answer_id]")["value"], visitor.path
            visitor.answer("0")
            given += 1
            assert given < 90
    assert visitor.response.status_code == 503
    assert "The disk of the site is full" in visitor.text
    assert "No answer that was shown as saved is lost" in visitor.text
    assert Response.objects.count() == given - 1
    visitor.client.post(path, {"answer_id": answer_id, "position": given, "value": "0"})
    assert Response.objects.filter(answer_id=answer_id, status="counted").count() == 1


@contextmanager
def no_page_left():
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE filling (bytes BLOB)")
        cursor.execute("PRAGMA max_page_count = 1")  # SQLite takes it for the number of pages there are
        try:
            with suppress(OperationalError):
                while True:
                    cursor.execute("INSERT INTO filling VALUES (zeroblob(4000))")
            yield
        finally:
            cursor.execute("PRAGMA max_page_count = 1073741823")
            cursor.execute("DROP TABLE filling")


class SmallDisk(WholeFiles):
    """Storage whose files can have `room` bytes and no more."""

    room = resource.RLIM_INFINITY

    def _save(self, name, content):
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (self.room, before[1]))
        try:
            return super()._save(name, content)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture
def small_disk(settings, monkeypatch):
    settings.STORAGES = {**settings.STORAGES, "default": {"BACKEND": f"{__name__}.SmallDisk"}}
    monkeypatch.setattr(SmallDisk, "room", 600)
    return lambda: monkeypatch.setattr(SmallDisk, "room", resource.RLIM_INFINITY)


@pytest.mark.django_db(transaction=True)
def test_photos_on_a_full_disk_come_in_whole_or_not_at_all(inbox, small_disk):
    make_folder(inbox, {f"hammer/{n}.jpg": photo_bytes(n, (120, 100)) for n in range(3)})
    with pytest.raises(OSError, match="File too large"):
        import_images(path=inbox, set_name="photos")
    assert list(walk(default_storage)) == []
    assert not Image.objects.exists()
    small_disk()
    assert import_images(path=inbox, set_name="photos").added == 3


@pytest.mark.django_db(transaction=True)
def test_a_batch_on_a_full_disk_says_so_leaves_nothing_and_is_made_when_there_is_room(
    photos, tiny, fine_maps, small_disk, client, researcher, monkeypatch
):
    run = runs.plan_run(image_set=photos, networks=[tiny], methods=["grad-cam"])
    (pk,) = runs.pending_batches(run)
    before = set(walk(default_storage))
    for _ in range(3):
        batch = run_batch(pk)
    assert batch.state == "failed"
    assert batch.error == "the disk is full where pictures are kept; make room there and try again"
    assert set(walk(default_storage)) == before
    client.force_login(researcher)
    assert "the disk is full" in client.get(reverse("run", args=[run.pk])).content.decode()
    small_disk()
    monkeypatch.setattr("explain.tasks.tell", lambda task, *ids: run_batch(*ids))
    client.post(reverse("run-retry", args=[run.pk]))
    assert runs.run_progress(run).finished
    assert ExplanationMap.objects.count() == 5


@pytest.mark.django_db(transaction=True)
def test_a_study_whose_pictures_fill_the_disk_leaves_nothing_and_is_made_ready_when_there_is_room(
    small_disk, monkeypatch
):
    monkeypatch.setattr(parallel, "processors", lambda: 1)  # the limit is that of the process
    small_disk()
    study = without_pictures(make_study(items=3))
    before = set(walk(default_storage))
    monkeypatch.setattr(SmallDisk, "room", 600)
    with pytest.raises(OSError, match="File too large"):
        prepare_pictures(study)
    assert set(walk(default_storage)) == before
    small_disk()
    prepare_pictures(study)
    assert all(prepared_hashes(study).values())
