"""Functions in the field's three forms as methods: right, alone on a copy of the network, and every fault one sentence."""

import re

import numpy as np
import pytest
import torch
from torch import nn

from explain.cam import METHODS, CamError, Network, explain, known_methods, register
from tests.strangers import fresh_methods  # noqa: F401

pytestmark = pytest.mark.usefixtures("fresh_methods")


@pytest.fixture
def net():
    torch.manual_seed(0)
    module = nn.Sequential(
        nn.Conv2d(3, 6, 3, 2, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 4)
    )
    return Network(module.eval(), layer="1", size=8)


@pytest.fixture
def batch():
    return torch.randn(3, 3, 8, 8, generator=torch.Generator().manual_seed(1))


def gradient_of(net, batch, targets):
    leaf = batch.clone().requires_grad_(True)
    net.module(leaf).gather(1, torch.tensor(targets)[:, None]).sum().backward()
    return leaf.grad


TARGETS = [2, 0, 1]


def from_case(case, power=1):
    leaf = case.photos.clone().requires_grad_(True)
    case.module(leaf).gather(1, case.targets[:, None]).sum().backward()
    return leaf.grad.sum(1) ** power


def from_attribute(inputs, target=None, model=None):
    model(inputs).gather(1, target[:, None]).sum().backward()
    return inputs.grad


class Attributor:
    def __init__(self, model):
        self.model = model

    def attribute(self, inputs, target=None, scale=1.0):
        return from_attribute(inputs, target, self.model) * scale


def explain_func(model, inputs, targets, **kwargs):
    assert isinstance(inputs, np.ndarray)
    assert isinstance(targets, np.ndarray)
    leaf = torch.from_numpy(inputs).requires_grad_(True)
    return from_attribute(leaf, torch.from_numpy(targets), model).numpy()


@pytest.mark.parametrize("function", [from_case, from_attribute, Attributor, explain_func])
def test_each_form_gives_the_map_that_it_computes_summed_over_channels(net, batch, function):
    register("mine", function, "Doe, 2026")
    out = explain(net, batch, ["mine"], targets=TARGETS)
    expected = gradient_of(net, batch, TARGETS).sum(1).clamp_min(0)
    assert expected.max() > 0
    torch.testing.assert_close(out.maps["mine"], expected)


def test_parameters_with_defaults_are_those_of_a_method(net, batch):
    register("mine", Attributor, "Doe, 2026")
    out = explain(net, batch, ["mine", "mine:scale=-2:sign=absolute"], targets=TARGETS)
    signed = gradient_of(net, batch, TARGETS).sum(1)
    torch.testing.assert_close(out.maps["mine:scale=-2:sign=absolute"], 2 * signed.abs())
    assert out.manifest["methods"]["mine:scale=-2:sign=absolute"] == {"scale": -2, "sign": "absolute"}
    with pytest.raises(CamError, match=r"mine has no parameter 'scal'; it has: scale, sign"):
        explain(net, batch, ["mine:scal=2"])
    with pytest.raises(CamError, match="scale is 'big'; it must be a number"):
        explain(net, batch, ["mine:scale=big"])


def test_signs_have_three_rules(net, batch):
    register("mine", from_case, "Doe, 2026")
    words = ["mine", "mine:sign=absolute", "mine:sign=as-is"]
    maps = explain(net, batch, words, targets=TARGETS).maps
    signed = gradient_of(net, batch, TARGETS).sum(1)
    assert (signed < 0).any()
    assert (signed > 0).any()
    for word, shown in zip(
        words, (signed.clamp_min(0), signed.abs(), signed - signed.amin((1, 2), keepdim=True)), strict=True
    ):
        torch.testing.assert_close(maps[word], shown)


def test_the_manifest_says_who_made_it_and_which_text_of_it(net, batch):
    register("mine", from_case, "Doe, 2026")
    brought = explain(net, batch, ["mine", "grad-cam"]).manifest["brought"]
    assert list(brought) == ["mine"]
    assert brought["mine"]["citation"] == "Doe, 2026"
    assert re.fullmatch("[0-9a-f]{64}", brought["mine"]["file_sha256"])


def test_it_is_listed_and_can_be_a_decorator():
    @register("mine", citation="Doe, 2026")
    def function(case):
        return case.features.sum(1)

    assert METHODS["mine"].citation == known_methods()["mine"].citation == "Doe, 2026"
    assert function.__name__ == "function"


def test_nothing_that_it_does_to_the_network_is_left(net, batch):
    def rough(case):
        case.module.train()
        for value in case.module.parameters():
            value.data.zero_()
        case.module.register_forward_hook(lambda *_: torch.zeros(1, 4))
        return case.features.sum(1)

    register("rough", rough, "Doe, 2026")
    before = explain(net, batch, ["grad-cam"]).maps["grad-cam"]
    explain(net, batch, ["rough"])
    assert torch.equal(explain(net, batch, ["grad-cam"]).maps["grad-cam"], before)
    assert not net.module.training


def test_chance_is_that_of_the_photo_and_is_given_back(net, batch):
    def chancy(case, seed=0):
        return torch.rand(1, 4, 4) + float(np.random.rand())

    register("chancy", chancy, "Doe, 2026")
    torch.manual_seed(5)
    np.random.seed(5)
    expected = torch.rand(1), np.random.rand()
    torch.manual_seed(5)
    np.random.seed(5)
    together = explain(net, batch, ["chancy"]).maps["chancy"]
    assert (torch.rand(1), np.random.rand()) == expected
    alone = explain(net, batch[1:2], ["chancy"]).maps["chancy"]
    assert torch.equal(alone[0], together[1])
    assert torch.equal(explain(net, batch, ["chancy"], chunk=3).maps["chancy"], together)
    assert not torch.equal(together[0], together[1])
    assert not torch.equal(explain(net, batch[1:2], ["chancy:seed=1"]).maps["chancy:seed=1"], alone)


def test_a_batch_that_is_filled_up_asks_for_no_map_of_what_fills_it(net, batch):
    register("bright", lambda case: case.photos.sum(1) / case.photos.abs().max(), "Doe, 2026")
    maps = explain(net, batch, ["bright"], chunk=2).maps["bright"]  # black photos would give 0 / 0
    assert torch.equal(maps, explain(net, batch, ["bright"]).maps["bright"])


def test_under_probability_it_explains_the_probability(net, batch):
    register("mine", from_case, "Doe, 2026")
    leaf = batch.clone().requires_grad_(True)
    net.module(leaf).softmax(1).gather(1, torch.tensor(TARGETS)[:, None]).sum().backward()
    out = explain(net, batch, ["mine"], targets=TARGETS, score="probability")
    torch.testing.assert_close(out.maps["mine"], leaf.grad.sum(1).clamp_min(0))


BAD = {
    "a list": (lambda case: [[1.0]], "gives a list; return a tensor"),
    "integers": (lambda case: torch.ones(1, 4, 4, dtype=torch.int64), "gives int64; return floats"),
    "booleans": (lambda case: np.ones((1, 4, 4), bool), "gives bool; return floats"),
    "complex": (lambda case: torch.ones(1, 4, 4, dtype=torch.complex64), "gives complex64; return floats"),
    "objects": (lambda case: np.array([[[None]]]), "gives an array of object; return floats"),
    "one number": (lambda case: torch.ones(1), r"gives shape \(1,\)"),
    "no batch": (lambda case: torch.ones(4, 4), r"gives shape \(4, 4\) for a batch of one photo"),
    "two photos": (lambda case: torch.ones(2, 4, 4), r"gives shape \(2, 4, 4\)"),
    "no cells": (lambda case: torch.ones(1, 0, 4), "gives a map without cells"),
    "NaN": (
        lambda case: torch.full((1, 4, 4), torch.nan),
        "gives 16 values of 16 that are no finite numbers",
    ),
    "infinity": (lambda case: torch.tensor([[[1.0, torch.inf]]]), "gives 1 values of 2"),
    "an error": (lambda case: case.photos.nothing, "failed with AttributeError: .*nothing"),
}


@pytest.mark.parametrize("fault", BAD)
def test_a_result_that_is_no_map_is_one_sentence_with_the_methods_name(net, batch, fault):
    function, words = BAD[fault]
    register("bad", function, "Doe, 2026")
    with pytest.raises(CamError, match=f"method bad {words}") as caught:
        explain(net, batch, ["bad"])
    assert "\n" not in str(caught.value)


def test_maps_of_different_sizes_are_refused(net, batch):
    sizes = iter([(1, 4, 4), (1, 8, 8)])
    register("bad", lambda case: torch.ones(next(sizes)), "Doe, 2026")
    with pytest.raises(CamError, match="method bad gives maps of different sizes"):
        explain(net, batch[:2], ["bad"], chunk=2)


@pytest.mark.parametrize(
    ("name", "function", "citation", "words"),
    [
        ("grad-cam", from_case, "Doe", "one of ours"),
        ("captum:Mine", from_case, "Doe", "one of ours"),
        ("a b", from_case, "Doe", "no name of a method"),
        ("a:b=1", from_case, "Doe", "no name of a method"),
        ("x" * 61, from_case, "Doe", "60 at most"),
        ("mine", from_case, " ", "no citation; say whose it is"),
        ("mine", "text", "Doe", "is a str; give a function"),
        ("mine", lambda a, b: a, "Doe", r"takes \(a, b\); write it as function\(case\)"),
        ("mine", lambda model: model, "Doe", r"takes \(model\); write it as"),
        ("mine", lambda: 1, "Doe", r"takes \(\); write it as"),
        ("mine", dict, "Doe", "class dict has no attribute"),
    ],
)
def test_what_cannot_be_registered_is_one_sentence(name, function, citation, words):
    with pytest.raises(CamError, match=words):
        register(name, function, citation)
    assert "mine" not in METHODS
