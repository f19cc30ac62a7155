"""captum:NAME against Captum called by hand on the module, and what is refused because Captum would be wrong in silence."""

from copy import deepcopy

import pytest
import torch
from captum import attr
from torch import nn
from torch.nn import functional as fn

from explain.cam import CamError, Network, explain
from explain.cam.brought.linear import Linear
from explain.cam.names import CAPTUM
from tests.strangers import fresh_methods  # noqa: F401


class Small(nn.Module):
    """One ReLU module that runs twice and in place, one ReLU that is a function, and a mean for a pool."""

    def __init__(self):
        super().__init__()
        self.conv1, self.conv2, self.conv3 = (
            nn.Conv2d(3, 4, 3, 1, 1),
            nn.Conv2d(4, 6, 3, 1, 1),
            nn.Conv2d(6, 6, 3, 1, 1),
        )
        self.pool, self.relu, self.fc = nn.AvgPool2d(2), nn.ReLU(inplace=True), nn.Linear(6, 3)

    def forward(self, photos):
        x = self.pool(self.relu(self.conv1(photos)))
        x = self.relu(self.conv2(x))
        return self.fc(fn.relu(self.conv3(x)).mean((2, 3)))


class Apart(Small):
    """The same with every ReLU a module of its own."""

    def __init__(self, of):
        super().__init__()
        self.load_state_dict(of.state_dict())
        self.relu1, self.relu2, self.relu3 = nn.ReLU(), nn.ReLU(), nn.ReLU()
        self.relu = None

    def forward(self, photos):
        x = self.pool(self.relu1(self.conv1(photos)))
        x = self.relu2(self.conv2(x))
        return self.fc(self.relu3(self.conv3(x)).mean((2, 3)))


@pytest.fixture(scope="module")
def net():
    torch.manual_seed(0)
    return Network(Small().eval(), layer="conv3", size=16)


@pytest.fixture(scope="module")
def photo():
    return torch.randn(1, 3, 16, 16, generator=torch.Generator().manual_seed(1))


def ours(net, photo, word, target=1):
    return explain(net, photo, [word], targets=[target]).maps[word]


def black(net, photo):
    mean, std = (torch.tensor(getattr(net.preprocessing, name))[:, None, None] for name in ("mean", "std"))
    return (-mean / std).expand_as(photo).clone()


def grid(cell):
    numbers = torch.arange(16) // cell
    return (numbers[:, None] * (16 // cell) + numbers)[None, None]


BY_HAND = {
    "captum:Saliency": lambda m, x, b: attr.Saliency(m).attribute(x, target=1, abs=False),
    "captum:InputXGradient": lambda m, x, b: attr.InputXGradient(m).attribute(x, target=1),
    "captum:IntegratedGradients": lambda m, x, b: attr.IntegratedGradients(m).attribute(x, b, target=1),
    "captum:IntegratedGradients:baseline=mean:steps=7": lambda m, x, b: attr.IntegratedGradients(m).attribute(
        x, torch.zeros_like(x), target=1, n_steps=7
    ),
    "captum:GuidedBackprop": lambda m, x, b: attr.GuidedBackprop(m).attribute(x, target=1),
    "captum:DeepLift": lambda m, x, b: attr.DeepLift(m).attribute(x, b, target=1),
    "captum:Occlusion:window=4:stride=2": lambda m, x, b: (
        attr.Occlusion(m).attribute(x, (3, 4, 4), (3, 2, 2), b, target=1)
        / 3  # the same in each of three channels
    ),
    "captum:FeatureAblation:cell=4": lambda m, x, b: (
        attr.FeatureAblation(m).attribute(x, b, target=1, feature_mask=grid(4)) / 3
    ),
}


@pytest.mark.parametrize("word", BY_HAND)
def test_it_is_what_captum_gives_by_hand_to_a_millionth(net, photo, word):
    x = photo.clone().requires_grad_(True)
    expected = BY_HAND[word](Apart(net.module).eval(), x, black(net, photo)).detach().sum(1)
    assert expected.abs().max() > 0
    scale = expected.abs().max()
    for sign, shown in (("", expected.clamp_min(0)), (":sign=absolute", expected.abs())):
        torch.testing.assert_close(ours(net, photo, word + sign) / scale, shown / scale, rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", CAPTUM)
def test_a_map_depends_on_its_photo_and_seed_alone(net, photo, name):
    small = {
        "KernelShap": ":cell=8:samples=20",
        "Lime": ":cell=8:samples=20",
        "Occlusion": ":window=4",
        "FeatureAblation": ":cell=8",
    }
    word = name + small.get(name.removeprefix("captum:"), "") + (":stride=4" if "Occlusion" in name else "")
    word += ":sign=absolute"
    batch = torch.cat([photo + 1, photo])
    together = explain(net, batch, [word], targets=[1, 1]).maps[word]
    alone = ours(net, photo, word)
    assert alone.shape == (1, 16, 16)
    assert alone.any()
    assert torch.equal(alone[0], together[1])
    if "seed" in CAPTUM[name].parameters:
        assert not torch.equal(ours(net, photo, f"{word}:seed=7"), alone)


def test_shares_by_kernel_shap_add_up_where_every_covering_is_drawn(net, photo):
    """Four squares, and coverings enough that all 16 come: the shares are Shapley values, by all 24 orders."""
    from itertools import permutations

    x, b, squares = photo[0], black(net, photo)[0], grid(8)[0, 0]
    by_hand = torch.zeros(4)
    with torch.no_grad():
        for order in permutations(range(4)):
            shown = b.clone()
            before = net.module(shown[None])[0, 1]
            for square in order:
                shown[:, squares == square] = x[:, squares == square]
                after = net.module(shown[None])[0, 1]
                by_hand[square] += (after - before) / 24
                before = after
    word = "captum:KernelShap:cell=8:samples=1500:sign=absolute"
    shares = ours(net, photo, word)[0, ::8, ::8].flatten()
    torch.testing.assert_close(shares, by_hand.abs(), rtol=0, atol=4e-2 * float(by_hand.abs().max()))


def test_the_linear_model_is_weighted_least_squares():
    chance = torch.Generator().manual_seed(0)
    x, w = torch.randn(30, 4, generator=chance).double(), torch.rand(30, generator=chance).double()
    y = x @ torch.tensor([1.0, -2.0, 0.5, 3.0]).double() + 0.7
    for ridge in (0.0, 2.0):
        model = Linear(ridge)
        model.fit([(x[:20], y[:20, None], w[:20]), (x[20:], y[20:, None], w[20:])])
        ones = torch.cat([x, torch.ones(30, 1).double()], 1)
        shrunk = torch.diag(torch.tensor([ridge] * 4 + [0.0]).double())
        expected = torch.linalg.solve(ones.T @ (w[:, None] * ones) + shrunk, ones.T @ (w * y))
        torch.testing.assert_close(model.representation()[0], expected[:4])
        torch.testing.assert_close(model(x), ones @ expected)


def test_vargrad_is_the_variance_over_noise(net, photo):
    few, many = (
        ours(net, photo, f"captum:NoiseTunnel:samples=60:seed={seed}:type=vargrad") for seed in (0, 1)
    )
    quiet = ours(net, photo, "captum:NoiseTunnel:noise=0.0001:type=vargrad")
    assert torch.corrcoef(torch.stack([few.flatten(), many.flatten()]))[0, 1] > 0.5
    assert quiet.max() < 1e-3 * few.max()


def test_guided_backprop_is_refused_where_there_is_no_relu_to_guide(photo):
    torch.manual_seed(0)
    module = nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.SiLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2)
    )
    with pytest.raises(
        CamError, match=r"captum:GuidedBackprop changes what goes back through ReLU.*use captum:Saliency"
    ):
        explain(Network(module.eval(), layer="1", size=16), photo, ["captum:GuidedBackprop"])


def test_deep_lift_is_refused_where_captums_rules_are_not_exact(net, photo):
    """A max pool: Captum's attributions do not add up to the difference of the scores."""
    module = deepcopy(net.module)
    module.pool = nn.MaxPool2d(2)
    with pytest.raises(
        CamError, match=r"captum:DeepLift: its attributions miss .* use captum:IntegratedGradients"
    ):
        explain(Network(module, layer="conv3", size=16), photo, ["captum:DeepLift"], targets=[1])


@pytest.mark.parametrize(
    ("word", "words"),
    [
        ("captum:Occlusion:window=20", "window 20 and stride 16 do not fit a photo of 16 × 16"),
        ("captum:Occlusion:stride=9:window=4", "stride no wider than the window"),
        (
            "captum:IntegratedGradients:steps=0",
            "captum:IntegratedGradients:? .*steps is 0; it must be 1 or more",
        ),
        (
            "captum:IntegratedGradients:baseline=red",
            "baseline 'red' does not exist; choose from black, mean, blur",
        ),
        ("captum:IntegratedGradients:steps=2.5", "steps is 2.5; it must be a whole number"),
        ("captum:NoiseTunnel:of=Lime", "of is 'Lime'; choose from Saliency"),
        ("captum:NoiseTunnel:type=mean", "type is 'mean'; choose from smoothgrad"),
        ("captum:Lime:cell=4:samples=3", "samples is 3; it must be 17 or more"),
        ("captum:Lime:cell=0", "cell is 0; it must be 1 or more"),
        ("captum:Saliency:sign=up", "sign is 'up'; choose from positive, absolute, as-is"),
        ("captum:Saliency:seed=1", "no parameter 'seed'; it has: sign"),
        ("captum:Deeplift", "did you mean captum:DeepLift"),
        ("grad-cam:sign=absolute", "grad-cam has no parameter 'sign'"),
    ],
)
def test_bad_parameters_are_one_sentence_with_the_methods_name(net, photo, word, words):
    with pytest.raises(CamError, match=words) as caught:
        explain(net, photo, [word], targets=[1])
    assert ":".join(word.split(":")[:2]) in str(caught.value) or word.startswith("grad-cam")


@pytest.mark.usefixtures("fresh_methods")
def test_without_captum_it_says_what_to_install(net, photo, monkeypatch):
    monkeypatch.setattr("explain.cam.names.captum_version", lambda: "")
    from explain.cam import METHODS

    METHODS.pop("captum:Saliency", None)
    with pytest.raises(
        CamError, match=r"needs Captum, which is not installed here; pip install -r requirements-captum.txt"
    ):
        explain(net, photo, ["captum:Saliency"])
