"""From a ZIP of photos and two ZIPs of arrays to an open study and its scores, in a program's own process."""

import re
import subprocess
import sys
import zipfile
from datetime import timedelta
from pathlib import Path

import httpx
import numpy as np
import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from PIL import Image

from blindsight import client
from blindsight.client import Client, SiteError
from config.wsgi import application
from explain.models import Batch, ImageSet, Job, MapSet, Network, Precompute
from studies.models import ApiToken, Study
from tests.factories import make_image, make_network

pytestmark = pytest.mark.django_db(transaction=True)

TOML = """
version = 1
slug = "mine"
title = "Which map?"
task = "choice"
[photos]
set = "birds"
[[arms]]
maps = "ours"
[[arms]]
maps = "theirs"
[design]
responses_per_item = 2
trials_per_participant = 2
seed = 1
[consent]
responsible = "Dr. Test"
institution = "University of Tests"
contact = "test@example.org"
"""
AS_THEY_ARE = {"covers": "photo", "sign": "positive", "scale": "max"}


@pytest.fixture(autouse=True)
def _the_connection_stays(monkeypatch):
    """As Django's own test client has it; and nothing is waited for where work is done at once."""
    ends = (request_started, request_finished)
    for end in ends:
        end.disconnect(close_old_connections)
    monkeypatch.setattr(client, "SECONDS_BETWEEN", 0)
    yield
    for end in ends:
        end.connect(close_old_connections)


@pytest.fixture
def owner():
    return User.objects.create_user("owner", is_staff=True)


def site_of(user, scope="write"):
    token = ApiToken.issue(user, name="script", scope=scope)[1]
    return Client("http://testserver", token, transport=httpx.WSGITransport(app=application))


@pytest.fixture
def site(owner, tasks_run_in_place):
    with site_of(owner) as opened:
        yield opened


@pytest.fixture
def files(tmp_path):
    """ZIPs of two photos of two classes, and of two arrays of each."""
    rng = np.random.default_rng(0)
    with zipfile.ZipFile(tmp_path / "birds.zip", "w") as photos:
        for name in ("hen/1", "robin/1"):
            picture = tmp_path / "picture.jpg"
            Image.fromarray(rng.integers(0, 255, (240, 240, 3), dtype=np.uint8)).save(picture)
            photos.write(picture, f"{name}.jpg")
    for maps in ("ours", "theirs"):
        with zipfile.ZipFile(tmp_path / f"{maps}.zip", "w") as arrays:
            for name in ("hen/1", "robin/1"):
                array = tmp_path / "array.npy"
                np.save(array, rng.random((7, 7), dtype=np.float32))
                arrays.write(array, f"{name}.npy")
    return tmp_path


def test_from_nothing_to_an_open_study_and_its_scores(site, files, owner):
    told = []
    site.progress = lambda done, total: told.append((done, total))
    assert site.bring_photos(files / "birds.zip", name="birds")["photos"] == 2
    assert told
    for maps in ("ours", "theirs"):
        site.bring_maps(files / f"{maps}.zip", photos="birds", name=maps, **AS_THEY_ARE)
    study = site.make_study(TOML)
    assert site.prepare(study)["state"] == "ready"
    assert site.open(study)["state"] == "open"
    assert site.invite(study, label="course A", people=5).startswith("http://testserver/")
    assert Study.objects.get().researchers.get() == owner
    call_command("simulate", "mine", participants=2, seed=1, verbosity=0)
    assert set(site.scores(study)["scores"]) == {"ours", "theirs"}
    assert len(list(site.answers(study))) == 4
    assert site.pause(study)["state"] == "paused"
    assert site.close_study(study)["state"] == "closed"


def test_the_example_of_the_docs_runs(site, files, monkeypatch):
    (files / "photos.zip").write_bytes((files / "birds.zip").read_bytes())
    (files / "study.toml").write_text(TOML)
    monkeypatch.chdir(files)
    monkeypatch.setattr(client, "Client", lambda url, token: site)
    page = (Path(__file__).parents[2] / "docs/programs.md").read_text("utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    exec(compile(code, "docs/programs.md", "exec"), {})
    assert Study.objects.get().state == Study.State.OPEN


def test_it_needs_nothing_else_of_the_project():
    known = "import sys, blindsight.client; print([name for name in ('django', 'torch', 'numpy', 'studies') if name in sys.modules])"
    said = subprocess.run([sys.executable, "-c", known], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"


def test_a_network_is_added_by_its_name(site):
    added = site.add_network("squeeze", "package:squeezenet1_1")
    assert (added["network"], added["classes"]) == ("squeeze", 1000)
    with pytest.raises(SiteError, match="A network squeeze is here already"):
        site.add_network("squeeze", "package:squeezenet1_1")


def test_what_is_wrong_is_said_in_the_sites_own_words_and_nothing_is_left(site, files):
    with pytest.raises(SiteError, match=r"file: .*is no ZIP"):
        site.bring_photos(__file__, name="birds")
    site.bring_photos(files / "birds.zip", name="birds")
    with pytest.raises(SiteError, match="images: "):
        site.bring_maps(files / "ours.zip", photos="cats", name="ours", **AS_THEY_ARE)
    with zipfile.ZipFile(files / "ours.zip", "a") as arrays:
        arrays.writestr("emu/1.npy", b"no array")
    with pytest.raises(SiteError, match="emu/1"):
        site.bring_maps(files / "ours.zip", photos="birds", name="ours", **AS_THEY_ARE)
    assert not MapSet.objects.exists()
    with pytest.raises(SiteError, match="theirs"):
        site.make_study(TOML.replace("version = 1", "version = 1\nthiers = 2").replace("theirs", "theirs!"))
    assert not Study.objects.exists()


def test_a_study_that_cannot_become_ready_says_why(site, files):
    site.bring_photos(files / "birds.zip", name="birds")
    study = site.make_study(TOML)
    with pytest.raises(SiteError, match="ours"):
        site.prepare(study)


def test_nobody_brings_anything_who_is_no_staff_or_whose_token_only_reads(files, owner, tasks_run_in_place):
    for user, scope in ((User.objects.create_user("guest"), "write"), (owner, "read")):
        with site_of(user, scope) as site:
            for ask in (
                lambda site=site: site.bring_photos(files / "birds.zip"),
                lambda site=site: site.add_network("n", "package:squeezenet1_1"),
                lambda site=site: site.bring_maps(
                    files / "ours.zip", photos="birds", name="o", **AS_THEY_ARE
                ),
                lambda site=site: site.make_study(TOML),
            ):
                with pytest.raises(SiteError) as refusal:
                    ask()
                assert refusal.value.status == 403
    assert not any(kind.objects.exists() for kind in (ImageSet, Network, MapSet, Job, Study))


def test_a_job_is_seen_by_who_asked_for_it_alone(site, files):
    site.bring_photos(files / "birds.zip")
    job = Job.objects.get()
    with site_of(User.objects.create_user("other", is_staff=True)) as others:
        assert others.http.get("jobs/").json()["count"] == 0
        assert others.http.get(f"jobs/{job.pk}/").status_code == 404
    assert site.http.get(f"jobs/{job.pk}/").json()["state"] == "done"


def test_nobody_is_waited_for_who_is_not_there(files, owner, monkeypatch):
    """A call that waits for ever tells nobody that the site has no worker."""
    monkeypatch.setattr("explain.jobs.jobs.PATIENCE_SECONDS", -1)
    with site_of(owner) as site:
        site.patience = 0
        with pytest.raises(SiteError, match="No worker has taken it up"):
            site.bring_photos(files / "birds.zip")
        job = Job.objects.get()
        assert job.state == Job.State.PENDING  # it goes on waiting
        Job.objects.update(state=Job.State.RUNNING, heartbeat_at=job.created_at - timedelta(days=1))
        with pytest.raises(SiteError, match=f"worker of job {job.pk} is gone"):
            site._result(site.http.get(f"jobs/{job.pk}/").json())


def test_maps_that_could_not_be_made_are_said_and_tried_again(site, owner):
    image_set, network = ImageSet.objects.create(name="birds"), make_network("tiny")
    images = [make_image(image_set, number) for number in range(2)]
    toml = TOML.replace('maps = "ours"', 'network = "tiny"\nmethod = "grad-cam"')
    study = site.make_study(toml.replace('maps = "theirs"', 'network = "tiny"\nmethod = "ablation-cam"'))
    run = Precompute.objects.create(image_set=image_set)
    batch = Batch.objects.create(
        precompute=run, network=network, state=Batch.State.FAILED, error="the disk is full"
    )
    batch.images.set(images)
    Study.objects.update(state=Study.State.PRECOMPUTING, precompute=run)
    said = site.http.get(f"studies/{study}/preparation/").json()
    assert (said["state"], said["photos"], said["failures"]) == ("precomputing", 2, ["the disk is full"])
    with pytest.raises(SiteError, match="its weights have changed"):  # tried again, it says why it fails now
        site.prepare(study)


def test_what_is_no_answer_of_the_site_is_told_by_its_status():
    gone = httpx.MockTransport(lambda request: httpx.Response(502, text="<html>"))
    with Client("https://site.example", "t", transport=gone) as site, pytest.raises(SiteError, match="502"):
        site.scores("mine")


def answering(*replies, asked=None):
    """A client that is given these replies one after the other; `asked` gets what it sent."""
    left = iter(replies)

    def reply(request):
        if asked is not None:
            asked.append(request)
        now = next(left)
        if isinstance(now, Exception):
            raise now
        return now

    return Client("https://site.example", "secret", transport=httpx.MockTransport(reply))


def test_the_token_goes_to_no_other_place_than_the_one_that_was_named():
    """Behind a proxy that does not say so, the site believes that it is reached by http, or by a name of its own."""
    asked = []
    pages = [
        {
            "results": [1],
            "next": "http://inner.example:8000/api/studies/mine/answers/?cursor=abc&page_size=1000",
        },
        {"results": [2], "next": None},
    ]
    with answering(*(httpx.Response(200, json=page) for page in pages), asked=asked) as site:
        assert list(site.answers("mine")) == [1, 2]
    assert [str(request.url) for request in asked] == [
        "https://site.example/api/studies/mine/answers/?page_size=1000",
        "https://site.example/api/studies/mine/answers/?cursor=abc&page_size=1000",
    ]
    asked.clear()
    moved = httpx.Response(301, headers={"Location": "https://other.example/api/studies/mine/"})
    with (
        answering(moved, asked=asked) as site,
        pytest.raises(SiteError, match=r"sends to https://other\.example"),
    ):
        site.study("mine")
    assert [request.url.host for request in asked] == ["site.example"]


@pytest.mark.parametrize(
    "reply",
    [
        httpx.Response(200, text="<html>Log in to this network</html>"),
        httpx.Response(400, json=["no"]),
        httpx.Response(400, json="no"),
        httpx.Response(400, json={"toml": {"line": 1}, "error": [1]}),
        httpx.ConnectError("refused"),
    ],
)
def test_whatever_comes_instead_of_an_answer_is_an_error_of_the_site(reply):
    with answering(reply) as site, pytest.raises(SiteError):
        site.make_study("")


def test_a_job_of_hours_outlives_a_moment_without_the_site(monkeypatch):
    waited = []
    monkeypatch.setattr(client.time, "sleep", waited.append)
    job = {"id": 1, "done": 1, "total": 2, "silent": False, "no_worker": False, "error": "", "result": {"set": "birds"}}  # fmt: skip
    busy = httpx.Response(429, headers={"Retry-After": "7"}, json={"detail": "Too many"})
    going, done = (httpx.Response(200, json={**job, "state": state}) for state in ("running", "done"))
    with answering(httpx.ReadTimeout(""), going, busy, httpx.Response(502), done) as site:
        assert site._result({**job, "state": "pending"}) == {"set": "birds"}
    assert 7.0 in waited
    with (
        answering(*[httpx.ConnectError("gone")] * client.TRIES) as site,
        pytest.raises(SiteError, match=r"site\.example: does not answer"),
    ):
        site.study("mine")


def test_what_changes_something_is_sent_once():
    asked = []
    with answering(httpx.ReadTimeout("slow"), asked=asked) as site, pytest.raises(SiteError):
        site.invite("mine")
    assert len(asked) == 1
