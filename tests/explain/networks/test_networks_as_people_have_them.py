"""Weights of one's own come in by the command line, by the page and by a program: with the same code and the same words."""

import json
from html import unescape

import pytest
import timm
import torch
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.urls import reverse

from explain.cam import CamError
from explain.core.errors import BadInputError
from explain.jobs import jobs
from explain.models import Job, Network, Prediction
from explain.networks import add_network, load_network
from explain.networks.registry import _load
from studies.models import ApiToken

pytestmark = pytest.mark.django_db(transaction=True)

LOAD = "timm:test_resnet"
CLASSES = ["hammer", "solar dish"]


@pytest.fixture
def weights(tmp_path):
    """A checkpoint of two classes as a training script leaves it."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    module = timm.create_model("test_resnet", num_classes=2)
    path = tmp_path / "training" / "best.ckpt"
    path.parent.mkdir()
    state = {f"model.{name}": value for name, value in module.state_dict().items()}
    torch.save({"state_dict": state, "epoch": 3}, path)
    return path


def by_command(capsys, name="mine", **options):
    call_command("add_network", name, "--json", **{"load": LOAD, **options})
    return json.loads(capsys.readouterr().out)


def by_program(client, user, **fields):
    """What the job of a POST to the API has to say: its result, or its error; or the answer's own."""
    token = ApiToken.issue(user, name="script", scope="write")[1]
    answer = client.post(
        "/api/networks/",
        {"name": "mine", "load": LOAD, **fields},
        headers={"Authorization": f"Token {token}"},
    )
    if answer.status_code != 202:
        return json.dumps(answer.json(), ensure_ascii=False)
    job = Job.objects.get(pk=answer.json()["id"])
    return job.result if job.state == "done" else job.error


def uploaded(path):
    return SimpleUploadedFile(path.name, path.read_bytes())


def test_the_three_ways_give_the_same_network(client, researcher, tasks_run_in_place, weights, capsys):
    said = {"classes": "hammer\nsolar dish", "size": "96", "order": "bgr"}
    told = by_command(capsys, weights=str(weights), **said)
    row = Network.objects.get()
    assert (told["classes"], told["input"], told["is_random"]) == (2, "96 × 96", False)
    assert any("state_dict was taken" in note for note in told["notes"])
    kept = {
        key: getattr(row, key)
        for key in ("layer", "class_names", "preprocessing", "said", "notes", "weights_sha256")
    }
    row.delete()
    result = by_program(client, researcher, file=uploaded(weights), **said)
    assert (result["classes"], result["notes"]) == (2, told["notes"])
    assert {key: getattr(Network.objects.get(), key) for key in kept} == kept
    Network.objects.all().delete()
    client.force_login(researcher)
    page = client.post(reverse("network-new"), {"load": LOAD, "file": uploaded(weights), **said}, follow=True)
    text = unescape(page.content.decode())
    assert "It reads photos as 96 × 96 pixels, in colour (BGR), mean" in text
    assert "state_dict was taken" in text
    assert "out of 2 classes" in text
    assert "solar dish" in text
    job = Job.objects.filter(kind="try").get()
    client.post(reverse("job", args=[job.pk]), {"name": "mine", "layer": job.result["layer"]})
    assert {key: getattr(Network.objects.get(), key) for key in kept} == kept


def test_a_network_toml_says_the_same_beside_the_weights_and_on_the_page(
    client, researcher, tasks_run_in_place, weights, capsys
):
    toml = weights.with_name("network.toml")
    toml.write_text(
        f'load = "{LOAD}"\nclasses = ["hammer", "solar dish"]\nsize = 96\nscore = "sigmoid"\nlayer = "layer3"'
    )
    told = by_command(capsys, load="", weights=str(weights))
    row = Network.objects.get()
    assert (row.load, row.layer, row.class_names) == (LOAD, "layer3", CLASSES)
    assert row.said == {"score": "sigmoid", "size": [96, 96]}
    assert told["layer"] == "layer3"
    row.delete()
    result = by_program(client, researcher, load="", file=uploaded(weights), toml=uploaded(toml))
    assert (result["classes"], result["layer"]) == (2, "layer3")
    assert Network.objects.get().said == row.said


def test_a_worker_loads_what_was_added_and_not_what_the_file_beside_it_says_now(weights, photos):
    row, _ = add_network(
        name="mine",
        load=LOAD,
        weights=str(weights),
        described={"classes": CLASSES, "size": 96, "score": "sigmoid"},
    )
    weights.with_name("network.toml").write_text('size = 64\nclasses = ["a", "b"]')
    _load.cache_clear()
    net = load_network(Network.objects.get())
    assert (net.class_names, net.preprocessing.size, net.score) == (CLASSES, (96, 96), "sigmoid")
    call_command("precompute", "photos", networks="mine", methods="grad-cam", inline=True, verbosity=0)
    prediction = Prediction.objects.filter(network=row).first()
    logits = net.logits(net.preprocess(_picture(prediction.image))[None])[0]
    assert prediction.top_probability == pytest.approx(float(logits.max().sigmoid()), rel=1e-4)


def _picture(image):
    from explain.photos import pixels_of

    return pixels_of(image)


def test_random_weights_are_said_wherever_the_network_is_shown(
    client, researcher, tasks_run_in_place, capsys
):
    call_command("add_network", "tiny", load=LOAD, weights="random")
    assert (
        "Its weights are random: nobody has trained it, and its maps mean nothing." in capsys.readouterr().out
    )
    client.force_login(researcher)
    researcher.is_superuser = True
    researcher.save()
    assert '<span class="tag bad">random weights</span>' in client.get(reverse("runs")).content.decode()
    page = client.post(
        reverse("network-new"), {"load": LOAD, "weights": "random"}, follow=True
    ).content.decode()
    assert "<strong>Random weights:</strong> nobody has trained it" in page
    row, _ = add_network(name="squeeze", load="package:squeezenet1_1")
    assert (Network.objects.get(name="tiny").is_random, row.is_random) == (True, False)


BAD = [
    ({"size": "big"}, "size is 'big'; give whole numbers"),
    ({"mean": "103.9, 116.8, 123.7"}, "divide by 255"),
    ({"classes": "a\nb\nc"}, "gives 2 class scores, but 3 class names"),
    ({"channels": "1"}, "its weights read 3 channels, and 1 are described"),
    ({"score": "softmax", "classes": "cat"}, 'say score = "sigmoid"'),
    ({"output": "logits"}, "returns no 'logits'; it returns one tensor"),
    ({"checkpoint": "model_ema"}, "holds no 'model_ema', which checkpoint = asks for"),
    ({"load": "timm:test_vit"}, "belong to another architecture than timm:test_vit"),
    ({"load": "timm:test_resnet5"}, "timm has no network"),
    ({"layer": "layer9"}, "layer 'layer9' does not exist"),
]


@pytest.mark.parametrize(("said", "words"), BAD)
def test_what_is_wrong_is_one_sentence_and_leaves_nothing_whichever_way_it_came(
    client, researcher, tasks_run_in_place, weights, capsys, said, words
):
    with pytest.raises(CommandError) as refused:
        by_command(capsys, weights=str(weights), **said)
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)
    answer = by_program(client, researcher, file=uploaded(weights), **said)
    assert words in answer.replace('\\"', '"')
    assert not Network.objects.exists()
    assert not any(_stored(default_storage, "uploads"))


def _stored(storage, folder):
    if not storage.exists(folder):
        return
    folders, files = storage.listdir(folder)
    yield from files
    for name in folders:
        yield from _stored(storage, f"{folder}/{name}")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty.pth", b"", "file"),
        ("text.pth", b"hello", "text.pth"),
        ("photo.pth", b"\x89PNG\r\n\x1a\n", "photo.pth"),
        ("half.safetensors", b"\x10\0\0\0\0\0\0\0{}", "half.safetensors"),
        ("net.h5", b"\x89HDF", "give a .safetensors, .pth, .pt or .ckpt file"),
    ],
)
def test_a_file_that_is_none_is_one_sentence(client, researcher, tasks_run_in_place, name, content, words):
    answer = by_program(client, researcher, file=SimpleUploadedFile(name, content))
    assert words in answer
    assert "/uploads/" not in answer
    assert not Network.objects.exists()


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("network.toml", b"size =", "it is written as key = value"),
        ("network.toml", b"sizes = 3", "did you mean size"),
        ("best.pth", b"PK\x03\x04\xff", "not text in UTF-8"),
    ],
)
def test_a_description_that_is_none_is_said_at_its_field(client, researcher, name, content, words):
    client.force_login(researcher)
    page = client.post(reverse("network-new"), {"load": LOAD, "toml": SimpleUploadedFile(name, content)})
    assert words in unescape(page.content.decode())
    assert "toml" in page.context["form"].errors
    assert not Job.objects.exists()


def test_a_network_that_photos_cannot_be_given_to_is_refused(tmp_path):
    torch.save(
        timm.create_model("test_resnet", num_classes=2, in_chans=5).state_dict(), tmp_path / "five.pth"
    )
    with pytest.raises(
        BadInputError,
        match=r"it reads 5 channels, and photos have 1 \(grey\) or 3; bring its maps from files",
    ):
        add_network(name="five", load=LOAD, weights=str(tmp_path / "five.pth"))
    with pytest.raises((CamError, BadInputError), match="nothing says what it is"):
        add_network(name="five", weights=str(tmp_path / "five.pth"))
    assert not Network.objects.exists()
    assert jobs.KINDS


@pytest.mark.parametrize(
    "said", [{"classes": "cat"}, {"classes": "cat, dog", "channels": "1"}], ids=["one score", "grey"]
)
def test_random_weights_that_are_to_be_otherwise_than_usual_are_the_same_when_they_are_loaded_again(said):
    row, _ = add_network(name="mine", load=LOAD, weights="random", described=said)
    net = load_network(row)
    assert net.weights_sha256 == row.weights_sha256
    assert net.class_names == row.class_names
