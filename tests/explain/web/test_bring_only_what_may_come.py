"""What a form refuses before anything is kept or sent; which names mean one class; what pages of runs say and do."""

from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from config.files import walk
from explain import tasks
from explain.core.errors import BadInputError, BrokerGoneError
from explain.maps.runs import RunProgress
from explain.models import Batch, ImageSet, Job, Network, Precompute
from explain.networks.registry import find_networks
from explain.photos.class_names import class_in, imagenet_class
from explain.photos.sets import find_set, sets_with_counts
from explain.web import in_words
from tests.factories import make_image, make_map, make_network

pytestmark = pytest.mark.django_db


@pytest.fixture
def sent(monkeypatch):
    ids: list[int] = []
    monkeypatch.setattr(tasks, "tell", lambda task, *arguments: ids.extend(arguments))
    return ids


@pytest.fixture
def staff(client, researcher, sent):
    client.force_login(researcher)
    return client


def post(client, name: str, **fields):
    files = {key: SimpleUploadedFile(*value) for key, value in fields.items() if isinstance(value, tuple)}
    return client.post(reverse(name), {**fields, **files})


def wrong(answer, field: str) -> str:
    assert answer.status_code == 200
    assert not Job.objects.exists()
    assert list(walk(default_storage)) == []
    return str(answer.context["form"].errors[field])


def test_photos_and_boxes_are_kept_for_the_job_under_the_name_that_was_given(staff, sent):
    post(staff, "photos-new", set_name="mine", file=("a.ZIP", b"zip"), boxes=("b.csv", b"csv"))
    job = Job.objects.get()
    assert (job.kind, job.arguments["set"], sent) == ("photos", "mine", [job.pk])
    assert default_storage.open(job.arguments["file"]).read() == b"zip"
    assert default_storage.open(job.arguments["boxes"]).read() == b"csv"
    assert post(staff, "photos-new", set_name="mine", file=("a.zip", b"zip")).status_code == 302
    assert "boxes" not in Job.objects.first().arguments


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({}, "file", "Choose a ZIP of photos."),
        ({"file": ("a.zip", b"")}, "file", "This file is empty."),
        ({"file": ("a.zip.txt", b"x")}, "file", "a.zip.txt is no ZIP"),
        ({"file": ("a.zip", b"x"), "set_name": "m/n"}, "set_name", "Letters a–z"),
        ({"file": ("a.zip", b"x"), "set_name": "x" * 101}, "set_name", "at most 100 characters"),
        ({"file": ("写真.zip", b"x")}, "set_name", "has no letters to make a name from"),
        ({"file": ("a.zip", b"x"), "boxes": ("b.csv", b"")}, "boxes", "This file is empty."),
    ],
)
def test_photos_that_cannot_come_in_are_refused_at_their_field(staff, fields, field, words):
    assert words in wrong(post(staff, "photos-new", **fields), field)


def test_a_set_that_is_named_by_its_file_has_a_name_that_fits(staff):
    post(staff, "photos-new", file=("x" * 200 + ".v2.zip", b"x"))
    assert Job.objects.get().arguments["set"] == "x" * 100
    post(staff, "photos-new", file=("My Birds.v2.zip", b"x"), set_name="")
    assert Job.objects.first().arguments["set"] == "my-birdsv2"


@pytest.mark.parametrize("name", ["photos-new", "network-new"])
def test_an_upload_of_exactly_the_limit_comes_in_and_a_larger_one_is_passed_over(staff, settings, name):
    """Passed over as it comes: what is refused must not have filled the disk already."""
    fields = {
        "set_name": "mine",
        "load": "timm:x",
        "file": ("a.zip" if name == "photos-new" else "a.pth", b"x" * 5000),
    }
    settings.UPLOAD_MAX_MIB = 4000 / 2**20
    answer = post(staff, name, **fields)
    assert "one upload may have" in wrong(answer, "file")
    assert answer.wsgi_request.FILES == {}
    length = answer.wsgi_request.META["CONTENT_LENGTH"]
    settings.UPLOAD_MAX_MIB = int(length) / 2**20
    assert post(staff, name, **fields).status_code == 302
    assert Job.objects.count() == 1


def test_a_network_is_tried_on_the_photos_and_with_the_weights_that_were_chosen(staff, sent):
    ImageSet.objects.create(name="tools")
    post(staff, "network-new", load=" timm:x ", check_set="tools", file=("w.PTH", b"weights"))
    job = Job.objects.get()
    assert (job.kind, sent) == ("try", [job.pk])
    assert default_storage.open(job.arguments.pop("file")).read() == b"weights"
    assert job.arguments == {"load": "timm:x", "set": "tools"}
    post(staff, "network-new", load="package:x")
    assert Job.objects.first().arguments == {"load": "package:x", "set": ""}
    post(staff, "network-new", load="torchvision:resnet50", weights=" IMAGENET1K_V1 ")
    assert Job.objects.first().arguments == {
        "load": "torchvision:resnet50", "set": "", "weights": "IMAGENET1K_V1",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"load": ""}, "load", "Name a network"),
        ({"load": "resnet50"}, "load", "is not one of the forms"),
        ({"load": "timm:"}, "load", "is not one of the forms"),
        ({"load": "timm"}, "load", "is not one of the forms"),
        ({"load": "/etc/net.pt2"}, "load", "is not one of the forms"),
        ({"load": "package:/../x.pt2"}, "load", "is not one of the forms"),
        ({"load": "timm:../x.pt2"}, "load", "is not one of the forms"),
        ({"load": "torchvision:a/b"}, "load", "is not one of the forms"),
        ({"load": "timm:x", "file": ("w.pt2", b"x")}, "file", "w.pt2: give a .safetensors"),
        ({"load": "hub:evil/repo"}, "load", "is not one of the forms"),
        ({"load": "timm:x", "file": ("w.pkl", b"x")}, "file", "w.pkl: give a .safetensors"),
        ({"load": "timm:x", "file": ("w.pth", b"")}, "file", "This file is empty."),
        ({"load": "timm:x", "weights": "/etc/passwd"}, "weights", "is no name of weights"),
        ({"load": "timm:x", "weights": "..\\w"}, "weights", "is no name of weights"),
        ({"load": "timm:x", "weights": "mine.PTH"}, "weights", "is no name of weights"),
        ({"load": "timm:x", "weights": "a1_in1k", "file": ("w.pth", b"x")}, "weights", "not both"),
        ({"load": "package:x", "weights": "DEFAULT"}, "weights", "brings its own weights"),
        ({"load": "timm:x", "check_set": "none"}, "check_set", "Select a valid choice"),
    ],
)
def test_a_network_that_could_be_anything_is_refused_at_its_field(staff, fields, field, words):
    """A file that PyTorch exported holds code; a page takes names of libraries and plain weights only."""
    assert words in wrong(post(staff, "network-new", **fields), field)


@pytest.mark.parametrize("name", ["photos-new", "network-new"])
def test_only_staff_bring_things_here(client, sent, django_user_model, name):
    assert client.get(reverse(name))["Location"].startswith(reverse("login"))
    client.force_login(django_user_model.objects.create_user("reader"))
    assert client.get(reverse(name)).status_code == 403
    assert post(client, name, samples="1", load="timm:x").status_code == 403
    assert client.delete(reverse(name)).status_code in (403, 405)
    assert not Job.objects.exists()


def test_a_broker_that_is_away_is_said_and_the_job_is_there(staff, monkeypatch):
    def away(*_):
        raise BrokerGoneError("the broker cannot be reached")

    monkeypatch.setattr(tasks, "tell", away)
    page = staff.post(reverse("photos-new"), {"samples": "1"}, follow=True)
    assert "the broker cannot be reached" in page.content.decode()
    assert Job.objects.get().state == "pending"


NAMES = ["cat", "Solar_Dish", "crane", "crane"]


@pytest.mark.parametrize(
    ("names", "name", "index", "found"),
    [
        (NAMES, "solar dish", None, 1),
        (NAMES, "SOLAR-DISH", 0, 1),  # the name goes before the number of another list
        (NAMES, "cat", 0, 0),
        (NAMES, "crane", 3, 3),  # of two that are called so, the one whose number it has
        (NAMES, "crane", 2, 2),
        (NAMES, "crane", None, None),
        (NAMES, "crane", 1, None),
        (NAMES, "dog", 1, None),  # its number in another list means nothing here
        (["0", "1", "2"], "dog", 2, 2),
        (["0", "1", "2"], "dog", 3, None),
        (["0", "1", "2"], "dog", None, None),
        (["0", "1", "3"], "dog", 2, None),
        ([f"class {number}" for number in range(1000)], "dog", 999, 999),
        ([f"class {number}" for number in range(1000)], "dog", 1000, None),
        ([f"class {number}" for number in range(999)], "dog", 5, None),
    ],
)
def test_a_photos_class_is_found_among_a_networks_by_name_and_by_number_only_where_it_means_the_same(
    names, name, index, found
):
    assert class_in(names, name=name, index=index) == found


def test_a_name_that_imagenet_has_twice_is_none_of_the_two():
    """A corgi and a jacket."""
    assert imagenet_class("cardigan") == (None, "cardigan")
    assert imagenet_class("n02113186") == (264, "Cardigan")
    assert imagenet_class("HAMMER") == (587, "hammer")


def test_sets_are_counted_and_found_by_their_names(db):
    tools = ImageSet.objects.create(name="tools")
    ImageSet.objects.create(name="empty")
    for number, name in enumerate(("hammer", "hammer", "ladle")):
        make_image(tools, number, name)
    counted = [(image_set.name, image_set.photos, image_set.classes) for image_set in sets_with_counts()]
    assert counted == [("empty", 0, 0), ("tools", 3, 2)]
    assert find_set("tools") == tools
    with pytest.raises(BadInputError, match=r"there is no set “none” \(there is: empty, tools\)"):
        find_set("none")


def test_networks_are_found_in_the_order_in_which_they_are_named():
    with pytest.raises(BadInputError, match=r"there is: none yet"):
        find_networks("a")
    first, second = make_network("a"), make_network("b")
    assert find_networks(" b, a ,") == [second, first]


def test_who_only_reads_does_not_send_batches_again(client, sent, django_user_model):
    network = make_network()
    run = ImageSet.objects.create(name="tools").precomputes.create(methods=["grad-cam"])
    Batch.objects.create(precompute=run, network=network, state="failed", error="disk full")
    client.force_login(django_user_model.objects.create_user("reader"))
    for name in ("run-retry", "run-stop", "run-remove"):
        assert client.post(reverse(name, args=[run.pk])).status_code == 403
    assert (Batch.objects.get().state, sent) == ("failed", [])


def test_batches_of_one_run_are_tried_again_and_those_of_another_stay(staff, sent):
    network = make_network()
    run, other = (ImageSet.objects.create(name=name).precomputes.create(methods=[]) for name in ("a", "b"))
    waits, failed, elsewhere = (
        Batch.objects.create(precompute=owner, network=network, state=state).pk
        for owner, state in ((run, "pending"), (run, "failed"), (other, "failed"))
    )
    staff.post(reverse("run-retry", args=[run.pk]))
    assert set(sent) == {waits, failed}
    assert Batch.objects.get(pk=elsewhere).state == "failed"


def test_a_run_says_how_many_of_its_own_batches_lost_their_worker(staff, settings):
    network, long_ago = make_network(), timezone.now() - timedelta(seconds=settings.BATCH_STALE_SECONDS + 60)
    run, other = (ImageSet.objects.create(name=name).precomputes.create(methods=[]) for name in ("a", "b"))
    for owner, state, beat in (
        (run, "running", long_ago),
        (run, "running", timezone.now()),
        (run, "done", long_ago),
        (other, "running", long_ago),
    ):
        Batch.objects.create(
            precompute=owner,
            network=network,
            state=state,
            heartbeat_at=beat,
            started_at=beat,
            finished_at=beat,
        )
    assert staff.get(reverse("run", args=[run.pk])).context["stale"] == 1


def test_the_gallery_shows_the_photos_of_its_own_set(staff):
    network = make_network()
    for name in ("tools", "others"):
        make_map(make_image(ImageSet.objects.create(name=name), 1), network, "grad-cam")
    page = staff.get(reverse("image-set", args=["tools"])).context["page"]
    assert [image.image_set.name for image in page] == ["tools"]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "1 s"), (89.4, "89 s"), (90, "2 min"), (5399, "90 min"), (5400, "1.5 h"), (None, "–")],
)
def test_the_time_left_is_said_in_the_unit_that_one_would_say(seconds, words):
    batches = {"pending": 1000, "running": 1, "done": 0, "failed": 0, "stopped": 0}
    state = RunProgress(batches, 4000, 1000, 12.34, seconds, [], idle=False)
    shown = in_words.shown(state)
    assert shown["left"] == words
    assert (shown["photos"], shown["percent"], shown["speed"]) == ("1,000 of 4,000", "25 %", "12.3")
    assert (shown["pending"], shown["state"]) == ("1,000", "running")
    over = RunProgress(dict.fromkeys(batches, 0), 0, 0, None, 0.0, [], idle=True)
    assert [in_words.shown(over)[name] for name in ("left", "speed", "percent", "state")] == [
        "–",
        "–",
        "100 %",
        "waiting for a worker",
    ]


def test_what_is_used_by_a_run_or_has_maps_is_not_deleted_with_its_set_or_network(db):
    from django.db.models import ProtectedError

    network = make_network()
    image_set = ImageSet.objects.create(name="tools")
    make_map(make_image(image_set, 1), network, "grad-cam")
    with pytest.raises(ProtectedError):
        network.delete()
    image_set.precomputes.create(methods=[])
    with pytest.raises(ProtectedError):
        image_set.delete()
    assert (Network.objects.count(), Precompute.objects.count()) == (1, 1)
