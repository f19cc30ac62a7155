"""A network is looked at before it is added: what it says of a photo, and a map that lies where it should."""

import io

import pytest
from django.core.files.base import ContentFile
from django.db.models import QuerySet
from PIL import Image as PillowImage

from explain.cam import CamError, explain
from explain.cam.rendering import render
from explain.core.errors import BadInputError
from explain.jobs import jobs
from explain.models import Image, Network
from explain.networks import registry, trial_run
from explain.networks.registry import load_network
from explain.photos.importer import import_images
from tests.explain.photo_files import make_folder, photo_bytes
from tests.explain.small_network import TINY

pytestmark = pytest.mark.django_db


def tried(**options) -> trial_run.NetworkTrialRun:
    return trial_run.try_network(**{"load": TINY, "layer": None, "weights": "random", **options})


def shown(picture: io.BytesIO) -> bytes:
    return picture.getvalue()


def expected(tiny, photo: PillowImage.Image):
    """The best five classes and the picture of Grad-CAM's map over the photo, by the library alone."""
    net = load_network(tiny)
    out = explain(net, net.preprocess(photo)[None], ["grad-cam"])
    shares = out.logits[0].double().softmax(0)
    best = shares.argsort(descending=True)[:5].tolist()
    placed = render.place(
        out.maps["grad-cam"][0].numpy(), net.crop_box(*photo.size), render.frame_box(*photo.size)
    )
    picture = render.jpeg(render.overlay(render.frame_picture(photo), placed))
    return [(tiny.class_names[place], pytest.approx(float(shares[place]))) for place in best], picture


def test_it_says_what_the_network_sees_on_the_first_photo_of_the_set(photos, tiny, inbox):
    make_folder(inbox / "others", {"hammer/other.jpg": photo_bytes(50)})
    import_images(path=inbox / "others", set_name="others")
    first = photos.images.order_by("pk").first()
    outcome = tried(set_name="photos")
    top, picture = expected(tiny, PillowImage.open(first.file).convert("RGB"))
    assert (outcome.photo, outcome.layer, outcome.classes) == (first.original_name, tiny.layer, 1000)
    assert outcome.top == top
    assert shown(outcome.picture) == picture
    assert outcome.blank is False
    assert outcome.layers[-1][0] == tiny.layer


def test_a_photo_that_is_used_where_it_lies_is_looked_at_too(inbox, tiny):
    make_folder(inbox, {"hammer/1.jpg": photo_bytes(1, (200, 170))})
    import_images(path=inbox, set_name="photos", in_place=True)
    assert not Image.objects.get().file
    top, picture = expected(tiny, PillowImage.open(inbox / "hammer/1.jpg").convert("RGB"))
    outcome = tried(set_name="photos")
    assert (outcome.top, shown(outcome.picture)) == (top, picture)
    (inbox / "hammer/1.jpg").write_bytes(photo_bytes(2))
    with pytest.raises(BadInputError, match="is no longer the file that was imported"):
        tried(set_name="photos")


@pytest.mark.parametrize("set_name", ["", "no-such-set"])
def test_without_photos_of_ones_own_a_sample_is_looked_at(photos, tiny, settings, set_name):
    outcome = tried(set_name=set_name)
    assert outcome.photo == "hammer-1.jpg"
    assert (
        outcome.top
        == expected(tiny, PillowImage.open(settings.BASE_DIR / trial_run.SAMPLE).convert("RGB"))[0]
    )


def test_any_sample_will_do_and_where_there_is_none_it_says_so(settings, tmp_path):
    settings.BASE_DIR = tmp_path
    with pytest.raises(BadInputError, match="there is no photo to try the network on"):
        trial_run._check_photo("")
    make_folder(tmp_path / "samples/photos", {"b.jpg": photo_bytes(2), "a.jpg": photo_bytes(1), "0.txt": "x"})
    assert trial_run._check_photo("")[0] == "a.jpg"


def test_a_network_of_few_classes_says_as_many_as_it_has_and_a_blank_map_is_told(tiny, monkeypatch):
    import torch

    module = torch.nn.Sequential(
        torch.nn.Conv2d(3, 4, 3), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(4, 2)
    )
    module[0].bias.data.fill_(100)  # every feature is above zero and speaks against both classes
    module[3].weight.data.fill_(-1)
    net = registry.cam.Network(module.eval(), layer="0", class_names=["cat", "dog"], size=224)
    monkeypatch.setattr(registry.cam.Network, "load", lambda *_, **__: net)
    outcome = tried()
    assert (len(outcome.top), outcome.classes, outcome.blank) == (2, 2, True)
    assert outcome.to_json()["blank"] is True


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"load": "timm:no_such_network"}, "timm has no network"),
        ({"layer": "blocks.99"}, "blocks.99"),
        ({"weights": "/no/such.pth"}, "no such file"),
    ],
)
def test_what_cannot_be_loaded_is_one_line_and_no_network(options, complaint):
    with pytest.raises((CamError, BadInputError), match=complaint) as caught:
        tried(**options)
    assert "\n" not in str(caught.value)
    assert not Network.objects.exists()


def test_a_network_that_does_not_see_all_that_people_are_shown_is_refused_before_it_is_added(monkeypatch):
    """Its maps could not be shown in the frame of the others."""
    loaded = registry.cam.Network.load(TINY)
    narrow = type(loaded.preprocessing)(size=(160, 160), resize=200)
    monkeypatch.setattr(loaded, "preprocessing", narrow)
    monkeypatch.setattr(registry.cam.Network, "load", lambda *_, **__: loaded)
    for attempt in (lambda: tried(), lambda: registry.add_network(name="mine", load=TINY, weights="random")):
        with pytest.raises(BadInputError, match=r"^network .*covers less of the photo than the frame"):
            attempt()
    assert not Network.objects.exists()


def test_a_job_that_tries_keeps_its_picture_and_adds_what_was_tried(researcher, photos, tiny):
    arguments = {"load": TINY, "set": "photos", "weights": "random", "layer": ""}
    job = jobs.run_job(jobs.ask(kind="try", arguments=arguments, user=researcher).pk)
    job.refresh_from_db()
    assert (job.state, job.result["photo"]) == ("done", "hammer/1.jpg")
    assert job.picture.read() == shown(tried(set_name="photos").picture)
    earlier = job.result["layers"][-2][0]
    added = {**arguments, "name": "mine", "layer": earlier}
    job = jobs.run_job(jobs.ask(kind="network", arguments=added, user=researcher).pk)
    network = Network.objects.get(name="mine")
    expected = {
        "network": "mine",
        "layer": earlier,
        "classes": 1000,
        "is_random": True,
        "notes": [],
        "added": True,
    }
    assert job.result == expected
    assert (network.load, network.layer, network.weights) == (TINY, earlier, "")
    job = jobs.run_job(jobs.ask(kind="network", arguments=added, user=researcher).pk)
    assert job.result["added"] is False


def test_a_job_on_weights_of_ones_own_uses_them(researcher, tiny, tmp_path):
    import timm
    from safetensors.torch import save

    state = timm.create_model("test_efficientnet").state_dict()  # other weights than those of `random`
    name = jobs.keep_upload(ContentFile(save(state), name="mine.safetensors"))
    arguments = {"load": TINY, "file": name, "name": "mine", "weights": "random"}
    jobs.run_job(jobs.ask(kind="network", arguments=arguments, user=researcher).pk)
    network = Network.objects.get(name="mine")
    assert network.weights == str(jobs.local(name))
    assert network.weights_sha256 != tiny.weights_sha256


@pytest.mark.parametrize(
    ("load", "weights", "stored"),
    [
        ("timm:x", None, "DEFAULT"),
        ("torchvision:x", None, "DEFAULT"),
        ("package:x", None, ""),
        ("net.pt2", None, ""),
        ("timm:x", "random", ""),
        ("timm:x", "None", ""),
        ("timm:x", "", ""),
        ("package:x", "default", "DEFAULT"),
        ("torchvision:resnet50", "imagenet1k_v1", "IMAGENET1K_V1"),
        ("timm:resnet50", "TV_IN1K", "tv_in1k"),
    ],
)
def test_which_weights_are_meant(load, weights, stored):
    assert registry.stored_weights(load, weights) == stored


def test_a_path_of_weights_holds_wherever_a_worker_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert registry.stored_weights("timm:x", "w.pth") == str(tmp_path / "w.pth")


@pytest.mark.django_db(transaction=True)
def test_two_who_add_the_same_network_at_once_add_it_once(tiny, monkeypatch):
    """The other was faster: neither saw the row before it was there."""
    with monkeypatch.context() as blind:
        blind.setattr(QuerySet, "first", lambda self: None)
        row, new = registry.add_network(name="tiny", load=TINY, weights="random")
    assert (row.pk, new) == (tiny.pk, False)


def test_a_network_is_computed_where_the_settings_say(settings, monkeypatch):
    import torch

    settings.TORCH_DEVICE = "cuda:1"
    assert registry.torch_device() == "cuda:1"
    settings.TORCH_DEVICE = "auto"
    for there, device in ((True, "cuda"), (False, "cpu")):
        monkeypatch.setattr(torch.cuda, "is_available", lambda there=there: there)
        assert registry.torch_device() == device
