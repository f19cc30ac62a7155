"""What training scripts save: prefixes, averages beside plain weights, other heads, other channels, and things beside the network."""

import argparse
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision
from torch import nn

from explain.cam import CamError, Network
from explain.cam.errors import WeightsError
from explain.cam.loading.checkpoint import Checkpoint
from explain.cam.loading.description import Description
from explain.cam.loading.fitting import fit
from explain.cam.loading.sources import _with_channels, from_torchvision
from explain.cam.loading.weights import read_checkpoint

OWN = {
    "conv.weight": (4, 3, 3, 3),
    "bn.weight": (4,),
    "bn.running_mean": (4,),
    "bn.num_batches_tracked": (),
    "layer1.conv.weight": (8, 4, 3, 3),
    "fc.weight": (10, 8),
    "fc.bias": (10,),
}


def state(prefix="", fill=1.0, classes=10, channels=3, without=()):
    shapes = {**OWN, "fc.weight": (classes, 8), "fc.bias": (classes,), "conv.weight": (4, channels, 3, 3)}
    return {prefix + name: torch.full(shape, fill) for name, shape in shapes.items() if name not in without}


def fitted(content, **options):
    options = {"classes": 10, "source": "net.pth", "network": "timm:net", **options}
    return fit(Checkpoint.of(content), OWN, **options)


def taken(content, **options):
    """The value that fills the state that was taken."""
    return float(fitted(content, **options).tensors["conv.weight"].flatten()[0])


@pytest.mark.parametrize(
    "prefix",
    ["", "module.", "model.", "net.", "backbone.", "_orig_mod.", "_orig_mod.module.", "module.model._orig_mod.backbone.",
     "classifier_of_birds."],
)  # fmt: skip
@pytest.mark.parametrize("entry", [(), ("state_dict",), ("model_ema", "state_dict")])
def test_the_same_network_comes_out_whatever_stands_in_front_of_its_names(prefix, entry):
    content = state(prefix, 2.0)
    for key in reversed(entry):
        content = {key: content, "epoch": 9}
    one = fitted(content)
    assert set(one.tensors) == set(OWN)
    assert float(one.tensors["fc.bias"][0]) == 2
    assert (one.classes, one.channels) == (None, None)


def test_wrappers_in_the_middle_of_names_are_taken_out():
    """DataParallel around the features alone, and a compiled layer."""
    content = {
        name.replace("layer1.", "layer1._orig_mod.").replace("bn.", "bn.module."): value
        for name, value in state().items()
    }
    assert set(fitted(content).tensors) == set(OWN)


def test_a_network_with_a_part_that_is_called_module_keeps_it():
    own = {"module.conv.weight": (4, 3, 3, 3), "fc.weight": (10, 4)}
    content = {"net." + name: torch.ones(shape) for name, shape in own.items()}
    one = fit(Checkpoint.of(content), own, classes=10, source="s", network="n")
    assert set(one.tensors) == set(own)


@pytest.mark.parametrize(
    ("content", "value", "said"),
    [
        ({"state_dict": state(fill=1), "state_dict_ema": state(fill=2)}, 2, "state_dict_ema was taken, a moving average; it holds state_dict as well"),
        ({"model": state(fill=1), "ema": {"module": state(fill=2)}, "optimizer": {"state": {0: {"exp_avg": torch.ones(3)}}}}, 2, "ema.module was taken"),
        ({"net": state(fill=1), "epoch": 3}, 1, "net was taken."),
        ({"weights": state("module.", 1)}, 1, "weights was taken."),
        ({"state_dict": {**state("model.", 1), **state("ema_model.", 2)}}, 2, "Its names begin with ema_model."),
        ({"n_averaged": torch.tensor(5), **state("module.", 3)}, 3, "Not used of the file: n_averaged."),
        ({"model": state(fill=1), "ema": {k: v for k, v in state(fill=2).items() if "running" not in k}}, 1, "model was taken."),
    ],
)  # fmt: skip
def test_of_several_states_the_average_is_taken_and_it_says_so(content, value, said):
    assert taken(content) == value
    assert said in " ".join(fitted(content).notes)


def test_another_state_is_taken_where_one_is_asked_for():
    content = {"state_dict": state(fill=1), "state_dict_ema": state(fill=2)}
    assert taken(content, asked="state_dict") == 1
    with pytest.raises(WeightsError, match=r"holds no 'swa'.*choose from state_dict_ema, state_dict"):
        fitted(content, asked="swa")


def test_a_teacher_beside_its_student_is_asked_about():
    content = {"state_dict": {**state("student.", 1), **state("teacher.", 2)}}
    with pytest.raises(
        WeightsError, match=r"2 networks that fit, state_dict.student and state_dict.teacher; say"
    ):
        fitted(content)
    assert taken(content, asked="teacher") == 2


def test_head_and_channels_are_read_from_the_file():
    one = fitted(state(classes=7, channels=1))
    assert (one.classes, one.channels) == (7, 1)
    assert "It has 7 class scores, as fc.weight in the file has." in one.notes
    assert "It reads 1 channel, as its first layer in the file." in one.notes


@pytest.mark.parametrize(
    ("names", "beside"),
    [
        ({"fc.weight": "fc.1.weight", "fc.bias": "fc.1.bias"}, ""),
        ({"fc.weight": "head.weight", "fc.bias": "head.bias"}, ""),
        ({"fc.weight": "classifier.weight", "fc.bias": "classifier.bias"}, "backbone."),
    ],
)
def test_a_last_layer_under_another_name_is_found_and_said(names, beside):
    plain = state(classes=7)
    content = {names[n] if n in names else beside + n: v for n, v in plain.items()}
    content["criterion.weight"] = torch.ones(7)
    one = fitted(content)
    assert (set(one.tensors), one.classes) == (set(OWN), 7)
    assert f"{names['fc.weight'].removesuffix('.weight')} was taken as its last layer, fc" in " ".join(
        one.notes
    )
    assert "Not used of the file: criterion.weight." in one.notes


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({**state(without=("fc.weight", "fc.bias")), "fc.0.weight": torch.ones(6, 8), "fc.3.weight": torch.ones(7, 6)}, r"2 missing \(fc.weight, fc.bias\), 2 unknown"),
        ({**state(), "layer1.1.conv.weight": torch.ones(8, 8, 3, 3)}, r"another architecture .*unknown \(layer1.1.conv"),
        ({**state(), "cbam.weight": torch.ones(4)}, r"unknown \(cbam.weight\)"),
        ({**state("backbone."), "head.weight": torch.ones(7, 10)}, r"beside timm:net it holds head.weight, which may be a part .*ignore ="),
        ({**state("backbone."), "metric_fc.weight": torch.ones(7, 8)}, "it holds metric_fc.weight"),
        (state(without=("layer1.conv.weight",)), r"1 missing \(layer1.conv.weight\)"),
        ({**state(), "bn.running_mean": torch.ones(5)}, r"bn.running_mean is \(5,\) and should be \(4,\)"),
        ({"epoch": 3, "lr": {"a": 0.1}}, "it is not a state dict"),
        ({"a": torch.ones(3)}, "another architecture"),
    ],
)  # fmt: skip
def test_what_would_be_another_network_is_refused_by_name(content, said):
    """A ResNet-34 has all that a ResNet-18 has: what is left over decides."""
    with pytest.raises(WeightsError, match=said) as refused:
        fitted(content)
    assert "\n" not in str(refused.value)


def test_what_the_network_runs_without_can_be_named():
    content = {**state("backbone."), "projector.0.weight": torch.ones(7, 10)}
    one = fitted(content, ignore=("projector.",))
    assert "Not used of the file: projector.0.weight." in one.notes
    assert set(one.tensors) == set(OWN)


@pytest.mark.parametrize(
    "kept",
    [
        {"classes": ["a", "b"]},
        {"hyper_parameters": {"class_names": ("a", "b")}},
        {"class_to_idx": {"b": 1, "a": 0}},
        {"config": {"id2label": {"0": "a", "1": "b"}}},
    ],
)
def test_names_of_classes_that_the_file_has_are_its(kept):
    assert Checkpoint.of({"state_dict": state(), **kept}).class_names(2) == ("a", "b")
    assert Checkpoint.of({"state_dict": state(), **kept}).class_names(3) is None


def test_a_file_with_arguments_and_numbers_of_numpy_is_read_and_nothing_of_it_runs(tmp_path):
    content = {
        "model": OrderedDict(state()),
        "args": argparse.Namespace(lr=0.1, out=Path("/tmp/x")),
        "best": np.float64(0.9),
        "pathlib": Path("a"),
    }
    torch.save(content, tmp_path / "deit.pth")
    assert set(read_checkpoint(tmp_path / "deit.pth").states) == {("model",)}
    torch.save({"state_dict": state(), "loss": nn.CrossEntropyLoss()}, tmp_path / "loss.pth")
    with pytest.raises(WeightsError, match=r"more than tensors \(torch.nn.modules.loss.CrossEntropyLoss\)"):
        read_checkpoint(tmp_path / "loss.pth")


def test_a_fine_tuned_resnet_of_seven_classes_simply_works(tmp_path):
    torch.manual_seed(0)
    module = torchvision.models.resnet18()
    module.fc = nn.Sequential(nn.Dropout(0.4), nn.Linear(512, 7))
    module.eval()
    birds = ["auk", "bunting", "crane", "dove", "egret", "finch", "gull"]
    saved = {f"model.{name}": value for name, value in module.state_dict().items()}
    torch.save(
        {"state_dict": saved, "class_to_idx": {name: n for n, name in enumerate(birds)}},
        tmp_path / "birds.ckpt",
    )
    net = Network.load("torchvision:resnet18", weights=tmp_path / "birds.ckpt")
    photo = torch.randn(2, 3, 224, 224)
    torch.testing.assert_close(net.logits(photo), module(photo).detach(), rtol=1e-4, atol=1e-5)
    assert net.class_names == birds
    assert net.layer == "layer4"
    assert any("fc.1 was taken as its last layer" in note for note in net.notes)


def test_a_thousand_classes_that_the_file_names_are_not_called_by_imagenets_names(tmp_path):
    import timm

    names = [f"plant {number}" for number in range(1000)]
    torch.save(
        {"state_dict": timm.create_model("test_resnet").state_dict(), "classes": names},
        tmp_path / "plants.pth",
    )
    net = Network.load("timm:test_resnet", weights=tmp_path / "plants.pth")
    assert net.class_names == names


def test_seven_classes_of_which_five_are_named_are_refused(tmp_path):
    import timm

    torch.save(timm.create_model("test_resnet", num_classes=7).state_dict(), tmp_path / "seven.pth")
    assert Network.load("timm:test_resnet", weights=tmp_path / "seven.pth").class_names == list("0123456")
    with pytest.raises(CamError, match="gives 7 class scores, but 5 class names"):
        Network.load("timm:test_resnet", weights=tmp_path / "seven.pth", class_names=list("abcde"))


@pytest.mark.parametrize("spec", ["timm:test_resnet", "torchvision:squeezenet1_1"])
def test_a_network_of_grey_photos_reads_grey_photos(spec, tmp_path):
    from PIL import Image

    library, name = spec.split(":")
    if library == "timm":
        import timm

        module = timm.create_model(name, in_chans=1, num_classes=4).eval()
    else:
        module = _with_channels(torchvision.models.get_model(name, num_classes=4), 1).eval()
    torch.save(module.state_dict(), tmp_path / "grey.pth")
    net = Network.load(spec, weights=tmp_path / "grey.pth")
    photo = net.preprocess(Image.new("RGB", (300, 280), (200, 100, 0)))
    assert photo.shape[0] == 1
    assert any("Nothing says its mean and std" in note for note in net.notes)
    torch.testing.assert_close(net.logits(photo[None]), module(photo[None]).detach(), rtol=1e-4, atol=1e-5)


def test_a_part_that_asks_for_its_version_is_given_it(tmp_path):
    module = torchvision.models.mnasnet0_5(num_classes=7)
    torch.save({"model": module.state_dict()}, tmp_path / "m.pth")
    source = from_torchvision("mnasnet0_5", tmp_path / "m.pth", Description())
    assert torch.equal(source.module.classifier[1].weight, module.classifier[1].weight)


@pytest.mark.parametrize(("with_heads", "classes"), [(True, 7), (False, 7), (True, 1000)])
def test_googlenet_is_read_whatever_the_heads_of_its_training_were(tmp_path, with_heads, classes):
    """People replace `fc` and leave the second heads as they were."""
    module = torchvision.models.googlenet(num_classes=classes, aux_logits=with_heads, init_weights=False)
    module.fc = nn.Linear(1024, 7)
    torch.save(module.state_dict(), tmp_path / "g.pth")
    source = from_torchvision("googlenet", tmp_path / "g.pth", Description())
    assert torch.equal(source.module.fc.weight, module.fc.weight)
