"""Whatever file somebody sends: a page in words or a line that says what is wrong, and no file that nothing points to.

A few hundred files here, seeded; `make fuzz` tries 10,000.
"""

import os
import tomllib
from contextlib import suppress

import pytest
from django.conf import settings as project
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.urls import reverse
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from config.backup import file_names
from config.files import walk
from explain.core.errors import BadInputError
from explain.jobs import jobs
from explain.models import Job
from studies.exports.importer import import_responses
from tests.factories import make_study

from . import hostile

pytestmark = pytest.mark.django_db

EXAMPLES = int(os.environ.get("FUZZ", 0)) // 5 or 30
PROTOCOL = tomllib.loads((project.BASE_DIR / "docs/protocols/method-choice.toml").read_text())


@pytest.fixture
def site(client, researcher, settings, tmp_path, monkeypatch):
    """Someone of staff at work. Even small uploads go through a file, and a worker's surprise is an error."""

    def surprised(*_):
        raise  # the exception that the job met

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(jobs.log, "exception", surprised)
    monkeypatch.setattr("explain.tasks.tell", lambda *_: None)
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 500
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path / "temp"
    settings.FILE_UPLOAD_TEMP_DIR.mkdir()
    client.force_login(researcher)
    return client


def try_all(files: st.SearchStrategy, act, tmp_path, always=()) -> None:
    """Give each file to `act`, those that are `always` tried first; look that nothing is left but what rows name; undo it."""

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(files)
    def one(file):
        attempt(file)

    def attempt(file):
        with transaction.atomic():
            act(file)
            assert set(walk(default_storage)) == set(file_names())
            outside = [path for path in tmp_path.rglob("*") if path.is_file() and "media" not in path.parts]
            assert outside == []
            assert not (tmp_path / "pwned").exists()
            transaction.set_rollback(True)
        for name in {*walk(default_storage)} - before:
            default_storage.delete(name)

    before = {*walk(default_storage)}
    for file in always:
        attempt(file)
    one()


def send(site, name: str, **fields) -> None:
    """Send a form, and do the job that it asks for, if it asks for one. Its page and its error are in words."""
    page = site.post(reverse(name), fields, follow=True)
    assert page.status_code == 200
    job = Job.objects.first()
    if job is None:
        return
    done = jobs.run_job(job.pk)
    if done.result.get("plan"):  # photos have been looked at, and whoever brought them says yes
        assert site.get(reverse("job", args=[job.pk])).status_code == 200
        site.post(reverse("job-answer", args=[job.pk]), {"add": "1"})
        done = jobs.run_job(job.pk)
    assert (done.state == Job.State.FAILED) == bool(done.error)
    assert str(project.DATA_DIR) not in done.error
    if done.error:  # what was refused is not kept
        assert not [name for name in walk(default_storage) if name.startswith("uploads/")]
    assert site.get(reverse("job", args=[job.pk])).status_code == 200


def test_photos_and_their_boxes(site, tmp_path):
    def act(given):
        name, archive, boxes = given
        more = {"boxes": SimpleUploadedFile("boxes.csv", boxes)} if boxes else {}
        send(site, "photos-new", set_name="mine", file=SimpleUploadedFile(name, archive), **more)

    planted = [("photos.zip", hostile.archive_of(photo), None) for photo in hostile.planted_photos()]
    photos = planted[0][1]
    planted += [
        ("photos.zip", photos, boxes)
        for boxes in (b"who\0,x\n1,2\n", b"\xff\xfe" + "wh\0o,\ud800".encode("utf-16-le", "surrogatepass"))
    ]
    try_all(hostile.uploads_of_photos(), act, tmp_path, always=planted)


def test_weights(site, tmp_path):
    import torch

    torch.set_num_threads(1)

    def act(given):
        send(site, "network-new", load="timm:test_efficientnet", file=SimpleUploadedFile(*given))

    try_all(hostile.weights(), act, tmp_path, always=hostile.planted_weights())


def test_protocols(site, tmp_path):
    def act(content):
        file = SimpleUploadedFile("study.toml", content)
        page = site.post(reverse("setup-new"), {"from_file": "1", "protocol": file}, follow=True)
        assert page.status_code == 200

    try_all(hostile.protocols(PROTOCOL), act, tmp_path)


@pytest.mark.parametrize(("task", "column"), [("choice", "choice"), ("rating", "rating")])
def test_answers_collected_elsewhere(site, tmp_path, task, column):
    networks = (
        {"networks": ("tiny",)}
        if task == "choice"
        else {"networks": ("one", "two"), "methods": ("grad-cam",)}
    )
    study = make_study("mine", task=task, items=2, state="open", **networks)
    path = tmp_path / "answers.csv"

    def act(content):
        path.write_bytes(content)
        with suppress(BadInputError):
            import_responses(study=study, path=path)
        path.unlink()

    try_all(hostile.tables("item", "participant", column), act, tmp_path)
