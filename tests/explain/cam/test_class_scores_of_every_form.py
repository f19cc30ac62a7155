"""One logit, several labels, tuples, dictionaries and dataclasses: the class scores are found, or asked for in one sentence."""

from collections import namedtuple
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor, nn

from explain.cam import CamError, Network, explain
from explain.cam.scoring.scores import sigmoid_drops

METHODS = ["grad-cam", "hirescam", "ablation-cam", "pixel-ablation-cam", "recipro-cam", "score-cam"]


def trunk():
    return nn.Sequential(nn.Conv2d(3, 6, 3, 4, 1), nn.ReLU())


class Returning(nn.Module):
    """Class scores inside of something."""

    def __init__(self, give, classes=4, head=None):
        super().__init__()
        torch.manual_seed(0)
        self.trunk = trunk()
        self.fc = nn.Linear(6, classes)
        self.give = give

    def forward(self, x):
        features = self.trunk(x)
        return self.give(self.fc(features.mean((2, 3))), features)


@dataclass
class Output:
    logits: Tensor
    hidden: Tensor


Pair = namedtuple("Pair", "scores features")


def network(module, **options):
    return Network(module.eval(), layer="trunk", size=32, **options)


def photos(count=3):
    return torch.randn(count, 3, 32, 32, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize(
    ("give", "output"),
    [
        (lambda z, f: {"features": f, "logits": z}, "logits"),
        (lambda z, f: (z, f), "0"),
        (lambda z, f: [f, z], "1"),
        (lambda z, f: Pair(z, f), "scores"),
        (lambda z, f: Output(z, f), "logits"),
    ],
    ids=["dict", "tuple", "list", "named tuple", "dataclass"],
)
def test_an_output_that_is_named_is_explained_like_the_plain_network(give, output):
    module, plain = Returning(give), network(Returning(lambda z, f: z))
    with pytest.raises(
        CamError, match=r"instead of class scores \(B, classes\); say which .* \(1, 4\)"
    ) as refused:
        network(module)
    assert "\n" not in str(refused.value)
    net = network(module, output=output)
    actual, expected = explain(net, photos(), METHODS), explain(plain, photos(), METHODS)
    torch.testing.assert_close(actual.logits, expected.logits)
    for method in METHODS:
        torch.testing.assert_close(actual.maps[method], expected.maps[method], rtol=1e-4, atol=1e-6)
    assert type(module(photos())) is not Tensor, "the user's own module is as it was"
    assert net.manifest()["output"] == output


@pytest.mark.parametrize(
    ("give", "options", "said"),
    [
        (lambda z, f: {"logits": z}, {"output": "logit"}, "returns no 'logit'; did you mean logits"),
        (lambda z, f: {"logits": z, "n": 3}, {"output": "n"}, "its output 'n' is a int, not class scores"),
        (lambda z, f: z, {"output": "logits"}, "returns no 'logits'; it returns one tensor"),
        (lambda z, f: None, {}, "returns a NoneType instead of class scores"),
        (lambda z, f: z[:, :1], {"score": "softmax"}, "softmax of one is always 1; say score"),
        (lambda z, f: z[:, :1].sigmoid(), {}, "last step is a sigmoid, so what it returns are probabilities"),
        (lambda z, f: z.sigmoid(), {"score": "sigmoid"}, "last step is a sigmoid"),
    ],
)  # fmt: skip
def test_scores_that_are_none_are_refused_in_a_sentence(give, options, said):
    with pytest.raises(CamError, match=said) as refused:
        network(Returning(give), **options)
    assert "\n" not in str(refused.value)


def test_several_inputs_are_refused_in_words():
    class Two(Returning):
        def forward(self, image, metadata):
            return self.fc(self.trunk(image).mean((2, 3)) + metadata)

    with pytest.raises(CamError, match=r"it reads 2 inputs \(image, metadata\).*wrap it in a module"):
        network(Two(None))


def test_a_network_that_cannot_read_the_photo_is_refused_in_a_sentence():
    module = Returning(lambda z, f: z)
    with pytest.raises(
        CamError, match=r"cannot read a photo as it is given here \(\(1, 1, 32, 32\): .*say what it reads"
    ):
        network(module, mean=(0.5,), std=(0.5,))


@pytest.mark.parametrize("shape", ["(B, 1)", "(B,)"])
def test_one_logit_is_a_class_and_its_opposite(shape):
    module = Returning((lambda z, f: z) if shape == "(B, 1)" else (lambda z, f: z[:, 0]), classes=1)
    net = network(module, class_names=["pneumonia"])
    z = module(photos()).detach().reshape(-1, 1)
    torch.testing.assert_close(net.logits(photos()), torch.cat([-z, z], 1))
    assert net.class_names == ["not pneumonia", "pneumonia"]
    torch.testing.assert_close(
        net.probabilities(net.logits(photos())), torch.cat([1 - z.sigmoid(), z.sigmoid()], 1)
    )
    assert "It gives one score: above 0 it says pneumonia, below not pneumonia." in net.notes
    for score in ("logit", "probability"):
        out = [explain(net, photos(), METHODS, targets=target, score=score) for target in (0, 1)]
        for method in ("grad-cam", "ablation-cam"):
            assert out[1].maps[method].any() or out[0].maps[method].any()
        shares = [z.sigmoid() if target else (-z).sigmoid() for target in (0, 1)]
        for target in (0, 1):
            without = _without_each_cell(module, target, score)
            whole = shares[target][0] if score == "probability" else (z if target else -z)[0]
            expected = (whole - without) / whole.abs()
            torch.testing.assert_close(out[target].drops["cell"][0].flatten(), expected, rtol=1e-3, atol=1e-5)


def _without_each_cell(module, target, score):
    """The score with each cell of the features at zero, by the module's own parts."""
    features = module.trunk(photos()[:1]).detach()
    scores = []
    for cell in range(features[0, 0].numel()):
        left = features.flatten(2).clone()
        left[:, :, cell] = 0
        z = module.fc(left.mean(2)).flatten()[0].detach()
        z = z if target else -z
        scores.append(z.sigmoid() if score == "probability" else z)
    return torch.stack(scores)


def test_labels_that_stand_each_for_itself_have_probabilities_of_their_own():
    module = Returning(lambda z, f: z)
    net = network(module, score="sigmoid", class_names=list("abcd"))
    z = net.logits(photos())
    torch.testing.assert_close(net.probabilities(z), z.sigmoid())
    assert net.manifest()["scores"] == "sigmoid"
    out = explain(net, photos(), ["ablation-cam", "grad-cam"], targets=2, score="probability")
    features = module.trunk(photos()).detach()
    expected = torch.autograd.functional.jacobian(
        lambda f: module.fc(f.mean((2, 3)))[:, 2].sigmoid().sum(), features
    )
    weights = expected.mean((2, 3), keepdim=True)
    torch.testing.assert_close(out.maps["grad-cam"], (weights * features).sum(1).relu(), rtol=1e-4, atol=1e-7)
    again = net.like(layer="trunk")
    assert again.score == "sigmoid"


def test_the_drop_of_a_sigmoid_is_exact_where_next_to_nothing_changes():
    z, change = (
        torch.tensor([[3.0, -40.0]], dtype=torch.float64),
        torch.tensor([[1e-12, 1e-12]], dtype=torch.float64),
    )
    slope = 1 - z.sigmoid()
    torch.testing.assert_close(sigmoid_drops(z, change), slope * change, rtol=1e-6, atol=0)
    assert sigmoid_drops(z, torch.full_like(z, 900.0)).isfinite().all()


def test_what_ends_in_a_softmax_is_said():
    net = network(Returning(lambda z, f: z.softmax(1)))
    assert any("Its last step is a softmax" in note for note in net.notes)
    assert network(Returning(lambda z, f: z)).module.__class__ is Returning
