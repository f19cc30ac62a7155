"""Photos and networks come in by the browser: as jobs of a worker, whose page waits and says what came of them."""

import io
import threading
import zipfile
from datetime import timedelta
from html import unescape
from queue import Queue
from types import SimpleNamespace
from urllib.error import URLError

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from config.files import check_files, walk
from explain.core import background
from explain.jobs import downloads, jobs
from explain.models import Image, ImageSet, Job, Network
from tests.explain.photo_files import photo_bytes
from tests.factories import make_study

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def nobody(monkeypatch):
    """Tasks are sent, and no worker takes them."""
    monkeypatch.setattr("explain.tasks.tell", lambda task, *ids: None)


@pytest.fixture
def browser(client, researcher):
    client.force_login(researcher)
    return client


def packed(**files):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return content.getvalue()


def birds(*extra):
    photos = {f"hammer/{n}.jpg": photo_bytes(n, (120, 100)) for n in range(2)}
    return packed(**photos, **{"dam/1.jpg": photo_bytes(7, (120, 100))}, **dict(extra))


def look_at(browser, content, name="my photos.zip", **fields):
    """Send a ZIP; the answer is the page that shows what would come in, or the form with what is wrong."""
    file = SimpleUploadedFile(name, content, "application/zip")
    return browser.post(reverse("photos-new"), {"file": file, **fields}, follow=True)


def answer(browser, what, job=None):
    job = job or Job.objects.first()
    return browser.post(reverse("job-answer", args=[job.pk]), {what: "1"}, follow=True)


def upload(browser, content, name="my photos.zip", **fields):
    """Send a ZIP, and say yes to what is shown."""
    page = look_at(browser, content, name, **fields)
    return answer(browser, "add") if b"Add these photos" in page.content else page


def test_a_zip_comes_in_and_its_page_counts(browser, tasks_run_in_place):
    page = upload(browser, birds(("notes.txt", b"x")), set_name="mine").content.decode()
    assert "3 photos in mine" in page
    assert "notes.txt" in page
    assert Image.objects.filter(image_set__name="mine").count() == 3
    job = Job.objects.get()
    assert (job.state, job.result["classes"], job.result["added"]) == ("done", 2, 3)
    assert not [name for name in walk(default_storage) if name.startswith("uploads/")]


def uploads() -> list[str]:
    return [name for name in walk(default_storage) if name.startswith("uploads/")]


def test_what_would_come_in_is_shown_before_anything_is_stored(browser, tasks_run_in_place):
    extra = {"train.jpg/long.jpg": photo_bytes(8, (400, 120)), "notes.txt": b"x", "__MACOSX/._hammer": b"x"}
    page = look_at(browser, birds(*extra.items()), set_name="mine").content.decode()
    assert "Add 4 photos to mine?" in page
    for name, count in (("dam", 1), ("hammer", 2), ("train.jpg", 1)):
        assert f'<th scope="row">{name}</th><td class="number">{count}</td>' in page
    assert "1 file: no picture" in page
    assert "1 file: left behind by macOS or Windows" in page
    assert "train.jpg/long.jpg is longer than 2 to 1" in page
    assert not Image.objects.exists()
    assert not ImageSet.objects.exists()
    assert len(uploads()) == 1
    page = answer(browser, "add").content.decode()
    assert "4 photos in mine" in page
    assert "longer than 2 to 1" in page
    assert Image.objects.count() == 4
    assert uploads() == []


@pytest.mark.parametrize("back", ["", "/studies/birds/set-up/photos/"])
def test_a_cancelled_upload_leaves_nothing_behind(browser, tasks_run_in_place, back):
    boxes = SimpleUploadedFile("boxes.csv", b"file,boxes\n0.jpg,1 2 30 40\n")
    look_at(browser, birds(), set_name="mine", boxes=boxes, back=back)
    assert len(uploads()) == 2
    page = answer(browser, "cancel")
    assert "nothing was added" in page.content.decode()
    assert page.redirect_chain[-1][0].startswith(reverse("photos-new"))
    assert f'name="back" value="{back}"' in page.content.decode()
    assert list(walk(default_storage)) == []
    assert not Job.objects.exists()
    assert not ImageSet.objects.exists()


def test_only_the_first_answer_counts(browser, tasks_run_in_place, monkeypatch):
    look_at(browser, birds(), set_name="mine")
    job = Job.objects.get()
    sent = []
    monkeypatch.setattr("explain.tasks.tell", lambda task, *ids: sent.append(ids))
    answer(browser, "add")
    answer(browser, "add")
    answer(browser, "cancel", job)
    assert sent == [(job.pk,)]
    assert len(uploads()) == 1
    assert jobs.run_job(job.pk).state == "done"
    answer(browser, "cancel", job)
    answer(browser, "add")
    assert Image.objects.count() == 3
    assert Job.objects.get().state == "done"


def test_photos_that_were_looked_at_are_not_added_to_a_set_that_somebody_else_made_meanwhile(
    browser, tasks_run_in_place
):
    look_at(browser, birds(), set_name="photos-of-birds")
    photos = make_study("birds").items.get(index=0).image.image_set.images
    assert "Somebody else’s set is called so" in answer(browser, "add").content.decode()
    assert (
        browser.get(reverse("image-set", args=["photos-of-birds"])).status_code == 404
    )  # a look gives no right
    assert photos.count() == 3


def test_an_upload_that_nobody_answers_goes_after_a_day(browser, tasks_run_in_place):
    look_at(browser, birds(), set_name="forgotten")
    look_at(browser, birds(), set_name="recent")
    old = Job.objects.filter(arguments__set="forgotten")
    old.update(finished_at=old.get().finished_at - timedelta(hours=25))
    assert len(uploads()) == 2
    look_at(browser, birds(), set_name="new")
    assert sorted(Job.objects.values_list("arguments__set", flat=True)) == ["new", "recent"]
    assert len(uploads()) == 2


def test_what_waits_for_an_answer_is_no_orphan(browser, tasks_run_in_place, monkeypatch):
    look_at(browser, birds(), set_name="mine")
    monkeypatch.setattr("config.files.YOUNG", timedelta(0))
    assert check_files().orphans == []


def test_nobody_answers_for_somebody_else(client, browser, tasks_run_in_place, stranger):
    look_at(browser, birds(), set_name="mine")
    client.force_login(stranger)
    for what in ("add", "cancel"):
        assert answer(client, what).status_code == 404
    assert not Image.objects.exists()
    assert len(uploads()) == 1


def test_photos_that_are_all_there_may_still_bring_boxes(browser, tasks_run_in_place):
    upload(browser, birds(), set_name="mine")
    boxes = SimpleUploadedFile("boxes.csv", b"file,boxes\n0.jpg,1 2 90 90\n")
    page = look_at(browser, birds(), set_name="mine", boxes=boxes).content.decode()
    assert "The set has all of these photos." in page
    answer(browser, "add")
    assert Image.objects.exclude(boxes=[]).get().original_name == "hammer/0.jpg"


def test_a_set_is_called_as_its_file_if_nobody_says_otherwise(browser, tasks_run_in_place):
    upload(browser, birds())
    assert ImageSet.objects.get().name == "my-photos"


def test_refused_photos_are_named_without_a_path_of_the_machine_and_nothing_is_kept(
    browser, tasks_run_in_place, settings
):
    page = upload(browser, birds(("dam/2.jpg", b"no photo")), set_name="mine").content.decode()
    assert "Upload failed" in page
    assert "dam/2.jpg" in page
    assert str(settings.MEDIA_ROOT) not in page
    assert "once more" not in page
    assert not Image.objects.exists()
    assert not ImageSet.objects.exists()
    assert list(walk(default_storage)) == []
    job = Job.objects.get()
    assert not jobs.try_again(job)


@pytest.mark.parametrize(
    ("name", "fields", "field", "words"),
    [
        ("photos.rar", {}, "file", "photos.rar is no ZIP"),
        ("photos.zip", {"set_name": "my set"}, "set_name", "without spaces"),
    ],
)
def test_what_cannot_be_is_said_at_its_field_before_anything_is_sent(browser, name, fields, field, words):
    response = upload(browser, birds(), name, **fields)
    assert words in str(response.context["form"].errors[field])
    assert not Job.objects.exists()


def test_an_upload_over_the_limit_is_refused_in_words(browser, settings):
    settings.UPLOAD_MAX_MIB = 0
    response = upload(browser, birds(), set_name="mine")
    assert "one upload may have 0" in str(response.context["form"].errors["file"])
    assert 'value="mine"' in response.content.decode()
    assert not Job.objects.exists()


def test_a_page_that_waits_says_that_no_worker_is_there(browser, nobody, monkeypatch):
    page = upload(browser, birds(), set_name="mine").content.decode()
    job = Job.objects.get()
    assert job.state == "pending"
    assert 'id="no-worker" hidden' in page
    monkeypatch.setattr(jobs, "PATIENCE_SECONDS", 0)
    state = browser.get(reverse("job-state", args=[job.pk])).json()
    assert (state["state"], state["no_worker"]) == ("pending", True)
    assert jobs.run_job(job.pk).state == "done"
    assert jobs.run_job(job.pk) is None


def test_a_failed_job_is_tried_again_on_what_it_was_given(browser, tasks_run_in_place, monkeypatch):
    def full(**_):
        raise OSError("No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(jobs, "import_images", full)
        assert "No space left" in upload(browser, birds(), set_name="mine").content.decode()
    page = browser.post(reverse("job-retry", args=[Job.objects.get().pk]), follow=True).content.decode()
    assert "3 photos in mine" in page


def test_weights_that_cannot_be_had_are_one_sentence(browser, tasks_run_in_place, photos, monkeypatch):
    def offline(*_args, **_kwargs):
        raise OSError("no route to host")

    monkeypatch.setattr("timm.create_model", offline)
    posted = {"load": "timm:test_efficientnet", "check_set": "photos"}
    page = browser.post(reverse("network-new"), posted, follow=True)
    assert "could not be downloaded" in page.content.decode()


def test_weights_that_do_not_come_leave_nothing_and_say_what_to_do(
    browser, tasks_run_in_place, photos, monkeypatch
):
    def offline(*_args, **_kwargs):
        raise URLError("no route to host")

    monkeypatch.setattr("torchvision.models.get_model", offline)
    posted = {"load": "torchvision:resnet50", "weights": "imagenet1k_v1", "check_set": "photos"}
    page = unescape(browser.post(reverse("network-new"), posted, follow=True).content.decode())
    assert "The weights of torchvision:resnet50 could not be downloaded (no route to host), so nothing was added." in page  # fmt: skip
    assert "Try again when the server can reach download.pytorch.org" in page
    assert "https://download.pytorch.org/models/resnet50-0676ba61.pth elsewhere and give it under" in page
    assert "Try the same once more" in page
    assert not Network.objects.exists()


@pytest.mark.parametrize(
    ("load", "weights", "words"),
    [
        ("torchvision:resnet50", "IMAGENET1K_V3", "has no weights “IMAGENET1K_V3”"),
        ("timm:resnet5O", "a1_in1k", "has no weights by name"),
        ("timm:resnet18", "manage", "is no name of weights of timm:resnet18; upload a file instead"),
    ],
)
def test_a_name_of_weights_that_is_none_is_refused_by_the_worker(
    browser, tasks_run_in_place, photos, monkeypatch, tmp_path, load, weights, words
):
    """Not even a file that lies where the worker runs is taken for weights."""
    (tmp_path / "manage").write_bytes(b"a file of this machine")
    monkeypatch.chdir(tmp_path)
    posted = {"load": load, "weights": weights, "check_set": "photos"}
    page = unescape(browser.post(reverse("network-new"), posted, follow=True).content.decode())
    assert words in page
    assert not Network.objects.exists()


def test_a_network_is_added_with_the_weights_that_were_named(
    browser, tasks_run_in_place, photos, monkeypatch
):
    from explain.networks import registry

    asked = []
    load = registry.cam.Network.load

    def small(spec, weights=None, layer=None, **_):
        asked.append((spec, weights))
        return load("timm:test_efficientnet", layer=layer)

    monkeypatch.setattr(registry.cam.Network, "load", small)
    posted = {"load": "timm:resnet50", "weights": "TV_in1k", "check_set": "photos"}
    page = browser.post(reverse("network-new"), posted, follow=True).content.decode()
    assert "timm:resnet50 with TV_in1k works" in page
    job = Job.objects.filter(kind="try").get()
    browser.post(reverse("job", args=[job.pk]), {"name": "mine", "layer": job.result["layer"]}, follow=True)
    assert Network.objects.get(name="mine").weights == "tv_in1k"
    assert asked == [("timm:resnet50", "tv_in1k")] * 2


def test_while_weights_come_down_the_page_goes_on(tmp_path, monkeypatch):
    import torch

    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(downloads, "EVERY_SECONDS", 0.01)
    monkeypatch.setattr(background, "connection", SimpleNamespace(close=lambda: None))
    folder = tmp_path / "checkpoints"
    folder.mkdir()
    (folder / "of-another.partial").write_bytes(b"x" * 2**21)  # one that broke off earlier
    for megabytes, told in ((98.0, (3, 98)), (None, (0, 0))):
        heard: Queue = Queue()
        with downloads.watched(lambda *far, heard=heard: heard.put(far), megabytes):
            (folder / "weights.partial").write_bytes(b"x" * 3 * 2**20)
            while heard.get(timeout=30) != told:
                pass
            (folder / "weights.partial").unlink()
    heard = Queue()
    with downloads.watched(lambda *far: heard.put(far), 98.0):
        threading.Event().wait(0.1)
    assert heard.empty()


def test_a_network_is_tried_before_it_is_added(browser, tasks_run_in_place, photos, monkeypatch):
    import torch
    from safetensors.torch import save

    from explain.cam import Network as Loaded

    torch.set_num_threads(1)
    weights = save(Loaded.load("timm:test_efficientnet").module.state_dict())
    posted = {"load": "timm:test_efficientnet", "check_set": "photos"}
    file = SimpleUploadedFile("tiny.safetensors", weights)
    page = browser.post(reverse("network-new"), {**posted, "file": file}, follow=True)
    job = Job.objects.filter(kind="try", state="done").get()
    assert len(job.result["top"]) == 5
    assert [layer[0] for layer in job.result["layers"]][-1] == job.result["layer"]
    assert browser.get(reverse("job-picture", args=[job.pk]))["Content-Type"] == "image/jpeg"
    earlier = job.result["layers"][-3][0]
    page = browser.post(reverse("job", args=[job.pk]), {"name": "mine", "layer": earlier}, follow=True)
    assert "mine is added" in page.content.decode()
    network = Network.objects.get(name="mine")
    assert network.layer == earlier
    page = browser.post(reverse("job", args=[job.pk]), {"name": "mine", "layer": earlier})
    assert "is here already" in page.content.decode()
    Job.objects.all().delete()
    monkeypatch.setattr("config.files.YOUNG", timedelta(0))
    assert check_files().orphans == [job.picture.name]  # its weights are not: the network is loaded from them


@pytest.mark.parametrize(
    ("load", "words"), [("resnet50", "is not one of the forms"), ("timm:resnet5O", "timm has no network")]
)
def test_a_name_that_is_none_is_refused_with_those_there_are(browser, tasks_run_in_place, load, words):
    page = browser.post(reverse("network-new"), {"load": load}, follow=True).content.decode()
    assert words in page.replace("&#x27;", "'")
    assert f'value="{load}"' in page or "Change what you gave" in page


def test_only_staff_bring_things_and_each_sees_their_own_jobs(
    client, browser, nobody, stranger, django_user_model
):
    upload(browser, birds(), set_name="mine")
    job = Job.objects.get()
    client.force_login(stranger)
    assert client.get(reverse("job", args=[job.pk])).status_code == 404
    client.force_login(django_user_model.objects.create_user("reader"))
    for name in ("photos-new", "network-new"):
        assert client.get(reverse(name)).status_code == 403
