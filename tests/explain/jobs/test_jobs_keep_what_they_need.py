"""What was uploaded for a job is there for as long as a job or a network needs it, and no longer."""

import errno
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, Storage, default_storage

from config.files import walk
from explain.core.errors import BadInputError
from explain.jobs import jobs
from explain.models import Image, Job, Network
from tests.explain.photo_files import make_zip, photo_bytes
from tests.factories import make_network

pytestmark = pytest.mark.django_db


class ObjectStore(Storage):
    """Files that no path leads to, as in S3."""

    def __init__(self):
        files = FileSystemStorage()
        self._open, self._save = files._open, files._save
        self.exists, self.delete, self.listdir = files.exists, files.delete, files.listdir


@pytest.fixture
def asked(researcher):
    """A function that asks for a job."""
    return lambda kind, **arguments: jobs.ask(kind=kind, arguments=arguments, user=researcher)


@pytest.fixture
def object_store(settings, tmp_path):
    """The folder of this machine where copies of what lies in the store are made."""
    settings.DATA_DIR = tmp_path / "data"
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {"BACKEND": f"{__name__}.ObjectStore"},
    }
    return settings.DATA_DIR


def upload(content: bytes = b"no weights", name: str = "mine.pth") -> str:
    return jobs.keep_upload(ContentFile(content, name=name))


def refused(job: Job) -> Job:
    done = jobs.run_job(job.pk)
    assert (done.state, done.arguments.get("forgotten")) == ("failed", True)
    return done


def three_photos(folder: Path) -> bytes:
    files = {f"hammer/{number}.jpg": photo_bytes(number) for number in range(3)}
    return make_zip(folder / "photos.zip", files).read_bytes()


def media() -> set[str]:
    return set(walk(default_storage))


def test_weights_that_a_network_is_loaded_from_stay_when_another_job_on_them_fails(asked):
    name = upload()
    network = make_network("mine")
    Network.objects.update(weights=str(jobs.local(name)))
    refused(asked("try", load="timm:no_such_network", file=name))
    assert default_storage.exists(name)
    network.delete()
    refused(asked("try", load="timm:no_such_network", file=name))
    assert not default_storage.exists(name)


def test_what_another_job_was_given_too_stays_until_that_one_is_done_with_it(asked):
    name = upload()
    first, second = (asked("try", load="timm:no_such_network", file=name) for _ in range(2))
    refused(first)
    assert default_storage.exists(name)
    refused(second)
    assert not default_storage.exists(name)


def test_uploads_are_needed_by_every_job_but_photos_that_are_in(asked):
    kept = [upload(name=f"{number}.zip") for number in range(5)]
    asked("photos", set="a", file=kept[0], boxes=kept[1])
    asked("photos", set="a", file=kept[2]).save()
    Job.objects.filter(arguments__file=kept[2]).update(state="failed")
    tried = asked("try", load="timm:x", file=kept[3])
    Job.objects.filter(pk=tried.pk).update(state="done")  # its weights are still to be added
    brought = asked("photos", set="a", file=kept[4])
    Job.objects.filter(pk=brought.pk).update(state="done")
    assert sorted(jobs.uploads()) == sorted(kept[:4])


def test_photos_and_boxes_that_are_refused_are_not_kept_and_neither_is_tried_again(asked, tmp_path):
    photos = upload(three_photos(tmp_path), "photos.zip")
    boxes = upload(b"file,boxes\nnowhere.jpg,1 2 3 4\n", "boxes.csv")
    job = refused(asked("photos", set="mine", file=photos, boxes=boxes))
    assert job.error.startswith("boxes.csv: names none of the photos")
    assert media() == set()
    job.refresh_from_db()
    assert job.arguments == {"set": "mine", "forgotten": True}
    assert not jobs.try_again(job)


def test_photos_come_in_with_their_boxes_and_what_was_uploaded_goes(asked, tmp_path):
    photos = upload(three_photos(tmp_path), "photos.zip")
    boxes = upload(b"file,boxes\n0.jpg,1 2 30 40\n1.jpg,1 2 30 40\n", "boxes.csv")
    job = jobs.run_job(asked("photos", set="mine", file=photos, boxes=boxes).pk)
    assert (job.state, job.error) == ("done", "")
    job.refresh_from_db()
    assert (job.result["photos"], job.result["boxed"], job.result["classes"]) == (3, 2, 1)
    assert (job.done, job.total, job.arguments.get("forgotten")) == (3, 3, True)
    assert job.finished_at is not None
    assert not [name for name in media() if name.startswith("uploads/")]


def test_a_surprise_keeps_what_was_given_for_another_try(asked, tmp_path, monkeypatch):
    name = upload(three_photos(tmp_path), "photos.zip")
    job = asked("photos", set="mine", file=name)

    def full(**_):
        raise OSError("x" * 5000)

    with monkeypatch.context() as broken:
        broken.setattr(jobs, "import_images", full)
        failed = jobs.run_job(job.pk)
    assert (failed.state, len(failed.error)) == ("failed", 2000)
    assert default_storage.exists(name)
    assert jobs.try_again(failed)
    assert jobs.run_job(job.pk).state == "done"
    assert Image.objects.count() == 3


def test_a_job_reads_what_was_uploaded_to_an_object_store_and_leaves_no_copy(asked, object_store, tmp_path):
    name = upload(three_photos(tmp_path), "photos.zip")
    job = jobs.run_job(asked("photos", set="mine", file=name).pk)
    assert (job.state, job.error, Image.objects.count()) == ("done", "", 3)
    assert not default_storage.exists(name)
    assert [path for path in object_store.rglob("*") if path.is_file()] == []


def test_weights_in_an_object_store_are_copied_once(object_store):
    name = upload(b"weights")
    path = jobs.local(name)
    assert (path, path.read_bytes()) == (object_store / name, b"weights")
    path.write_bytes(b"the copy")
    assert jobs.local(name).read_bytes() == b"the copy"
    assert not jobs.local("uploads/gone/w.pth").exists()


def test_half_a_copy_is_not_taken_for_the_whole_when_it_is_tried_again(
    asked, object_store, tmp_path, monkeypatch
):
    """The disk of the worker is full half way; then there is room."""
    name = upload(three_photos(tmp_path), "photos.zip")
    job = asked("photos", set="mine", file=name)

    def full(stored, copy):
        copy.write(stored.read(100))
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as small:
        small.setattr(jobs.shutil, "copyfileobj", full)
        assert "the disk is full" in jobs.run_job(job.pk).error
    assert [path for path in object_store.rglob("*") if path.is_file()] == []
    assert jobs.try_again(Job.objects.get(pk=job.pk))
    assert jobs.run_job(job.pk).state == "done"
    assert Image.objects.count() == 3


@pytest.mark.parametrize(
    ("called", "kept"),
    [
        ("photos.zip", "photos.zip"),
        ("my photos (1).zip", "my-photos-1-.zip"),
        ("..\\..\\.hidden.zip", "hidden.zip"),
        ("naïve.zip", "na-ve.zip"),
        ("---", "file"),
        ("x" * 100 + ".zip", "x" * 76 + ".zip"),
    ],
)
def test_an_upload_has_a_folder_that_nobody_guesses_and_a_plain_name(called, kept):
    first, second = upload(name=called), upload(name=called)
    place, folder, name = first.split("/")
    assert (place, name, len(folder)) == ("uploads", kept, 32)
    assert folder != second.split("/")[1]


@pytest.mark.parametrize("kind_of_error", [BadInputError, ValueError])
def test_what_a_file_says_can_be_kept_by_every_database(asked, monkeypatch, kind_of_error):
    """PostgreSQL takes neither a NUL nor half a character: the job would have ended in an error of the site."""

    def do(job, report):
        raise kind_of_error("boxes.csv: no column wh\0o\ud800")

    monkeypatch.setattr(jobs.log, "exception", lambda *_: None)
    monkeypatch.setitem(jobs.KINDS, "photos", jobs.JobKind("photos", "bring photos in", do))
    assert "wh\ufffdo\ufffd" in jobs.run_job(asked("photos").pk).error


def test_what_comes_of_a_job_can_be_kept_by_every_database(asked, monkeypatch):
    passed_over = {"ignored": ["a\0.jpg", 3, None], "by\0name": {"deep": ("\ud800",)}}
    monkeypatch.setitem(
        jobs.KINDS, "photos", jobs.JobKind("photos", "bring photos in", lambda job, report: passed_over)
    )
    job = jobs.run_job(asked("photos").pk)
    assert job.result == {"ignored": ["a\ufffd.jpg", 3, None], "by\ufffdname": {"deep": ["\ufffd"]}}
