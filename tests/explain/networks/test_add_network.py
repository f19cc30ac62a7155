"""A network is loaded and checked before it is added, and its name stands for one network only."""

import json

import pytest
from django.core.management import CommandError, call_command

from explain.cam import CamError
from explain.models import Network
from explain.networks.registry import add_network, load_network
from explain.networks.trial_run import try_network
from tests.explain.cam.program_files import hostile_programs, sound_program
from tests.explain.small_network import TINY

pytestmark = pytest.mark.django_db


def refused(name: str, **options) -> str:
    with pytest.raises(CommandError) as caught:
        call_command("add_network", name, **options)
    assert caught.value.returncode == 2
    message = str(caught.value)
    assert "\n" not in message
    return message


def state_dict_of(name: str, path):
    import timm
    from safetensors.torch import save_file

    save_file(timm.create_model(name).state_dict(), path)
    return path


def test_it_keeps_what_loading_told(tiny):
    assert (tiny.load, tiny.weights, tiny.layer) == (TINY, "", "bn2")
    assert tiny.class_names[587] == "hammer"
    assert tiny.preprocessing["size"] == [160, 160]
    assert len(tiny.weights_sha256) == 64


def test_the_packaged_networks_bring_their_weights(db):
    row, new = add_network(name="squeezenet", load="package:squeezenet1_1")
    assert (new, row.weights, row.preprocessing["size"]) == (True, "", [227, 227])


def test_the_same_network_again_changes_nothing(tiny, capsys):
    call_command("add_network", "tiny", load=TINY, weights="random")
    assert "tiny was there already, and is the same" in capsys.readouterr().out
    assert list(Network.objects.values_list("pk")) == [(tiny.pk,)]


def test_a_name_stands_for_one_network(tiny, tmp_path):
    weights = state_dict_of("test_efficientnet", tmp_path / "other.safetensors")
    message = refused("tiny", load=TINY, weights=str(weights))
    assert message.startswith("network tiny: the name is taken by another network (weights_sha256")
    assert "choose another name" in message
    message = refused("tiny", load="timm:test_resnet", layer="layer4", weights="random")
    assert f"load {TINY} there, timm:test_resnet here" in message
    tiny.refresh_from_db()
    assert tiny.weights == ""


def test_the_same_weights_may_move(db, tmp_path):
    weights = state_dict_of("test_efficientnet", tmp_path / "here.safetensors")
    add_network(name="mine", load=TINY, weights=str(weights))
    moved = weights.rename(tmp_path / "there.safetensors")
    row, new = add_network(name="mine", load=TINY, weights=str(moved))
    assert (new, row.weights) == (False, str(moved))


def test_json_tells_all(db, capsys):
    call_command("add_network", "tiny", "--load", TINY, "--weights", "random", "--json")
    told = json.loads(capsys.readouterr().out)
    assert (told["network"], told["layer"], told["classes"], told["added"]) == ("tiny", "bn2", 1000, True)


def test_a_weights_file_of_another_architecture(tmp_path):
    weights = state_dict_of("test_resnet", tmp_path / "resnet.safetensors")
    message = refused("tiny", load=TINY, weights=str(weights))
    assert "belong to another architecture than timm:test_efficientnet" in message
    assert not Network.objects.exists()


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"load": TINY, "weights": "random", "layer": "blocks.9"}, "blocks.9"),
        ({"load": "timm:no_such_network", "weights": "random"}, "timm has no network 'no_such_network'"),
        ({"load": "torchvision:resnet5", "weights": "random"}, "did you mean"),
        ({"load": "resnet50", "weights": "random"}, "torchvision:NAME"),
        ({"load": TINY, "weights": "/no/such/file.pth"}, "no such file"),
    ],
)
def test_what_does_not_exist(options, complaint):
    assert complaint in refused("tiny", **options)
    assert not Network.objects.exists()


def test_a_name_that_is_no_name():
    assert "letters, digits" in refused("my net", load=TINY, weights="random")


def test_weights_that_changed_since_are_not_used(tiny):
    Network.objects.filter(pk=tiny.pk).update(weights_sha256="f" * 64)
    tiny.refresh_from_db()
    with pytest.raises(Exception, match="network tiny: its weights have changed since it was added"):
        load_network(tiny)


def test_a_process_loads_a_network_once(tiny):
    assert load_network(tiny) is load_network(Network.objects.get(pk=tiny.pk))


def test_a_program_comes_in_only_on_the_command_line_and_with_trust(tmp_path, capsys):
    path = tmp_path / "net.pt2"
    path.write_bytes(sound_program(224, 224))
    assert "if you trust them, give --trust-code" in refused("mine", load=str(path))
    with pytest.raises(CamError, match="--trust-code"):
        try_network(load=str(path), layer=None, weights=None)
    assert not Network.objects.exists()
    call_command("add_network", "mine", "--load", str(path), "--trust-code", "--json")
    assert json.loads(capsys.readouterr().out)["weights"] == "its own"
    assert load_network(Network.objects.get()).layer == "1"


def test_a_worker_loads_the_file_that_was_trusted_and_no_other(tmp_path):
    path, mark = tmp_path / "net.pt2", tmp_path / "pwned"
    path.write_bytes(sound_program(224, 224))
    row, _ = add_network(name="mine", load=str(path), trust_code=True)
    path.write_bytes(hostile_programs(mark)["sample inputs"])
    with pytest.raises(CamError, match="another file than the one that was trusted"):
        load_network(row)
    with pytest.raises(CamError, match="in it holds more than tensors"):
        add_network(name="other", load=str(path), trust_code=True)
    Network.objects.update(weights="")  # as it was added before files were trusted by name
    with pytest.raises(CamError, match="--trust-code"):
        load_network(Network.objects.get())
    assert not mark.exists()
