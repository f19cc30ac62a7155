"""Three sevenths of the sample photos, both networks with real weights, all three methods, against Captum within 1e-4 of the range.

The oracle shares nothing with the library but the network's own parts. It reads the layer's output by a plain
forward hook in float32, and then runs Captum in float64 on a head that is written down here by hand: LayerGradCam and
FeatureAblation, one evaluation for each cell and each channel. What Captum ablates are gates, numbers by which features
are multiplied; masking the features themselves takes it twice as long. That re-runs the head alone, because through the
whole network the 1,280 channels of 49 photos would take an hour; that the whole network gives the same is
checked on one photo by LayerFeatureAblation.
SqueezeNet's classifier works cell by cell, so its head keeps the target's row of the last convolution only.
"""

from copy import deepcopy

import pytest
import torch
from captum.attr import FeatureAblation, LayerFeatureAblation, LayerGradCam
from torch import nn

from explain.cam import explain
from tests.explain.cam.conftest import packaged, sample_photo, sample_rows

METHODS = ["grad-cam", "ablation-cam", "pixel-ablation-cam"]
NETWORKS = {"efficientnet_lite0": "bn2", "squeezenet1_1": "features"}


class LiteHead(nn.Module):
    def __init__(self, module, target):
        super().__init__()
        self.entry = nn.Identity()
        self.fc = nn.Linear(1280, 1)
        self.fc.weight.data = module.classifier.weight.data[target : target + 1].double()
        self.fc.bias.data = module.classifier.bias.data[target : target + 1].double()

    def forward(self, features):
        return self.fc(self.entry(features).mean((2, 3)))


class SqueezeHead(nn.Module):
    def __init__(self, module, target):
        super().__init__()
        self.entry = nn.Identity()
        self.conv = nn.Conv2d(512, 1, 1)
        self.conv.weight.data = module.classifier[1].weight.data[target : target + 1].double()
        self.conv.bias.data = module.classifier[1].bias.data[target : target + 1].double()

    def forward(self, features):
        return self.conv(self.entry(features)).relu().mean((2, 3))


HEADS = {"efficientnet_lite0": LiteHead, "squeezenet1_1": SqueezeHead}


def oracle_maps(head, features):
    """The three maps of one photo (1, K, h, w) in float64, by Captum on the head alone."""
    score = head(features).detach()

    def through(gates):
        """The score where features are multiplied by gates; Captum closes one after the other, from 1 to 0."""
        return head(features * gates)

    gates = FeatureAblation(through)
    cells, channels = torch.ones_like(features[:, :1]), torch.ones_like(features[:, :, :1, :1])
    by_cell = gates.attribute(cells, perturbations_per_eval=16)
    by_channel = gates.attribute(channels, feature_mask=one_by_one(features), perturbations_per_eval=16)
    w_ij = by_cell[:, 0] / score.abs()
    w_k = by_channel[:, :, 0, 0] / score.abs()
    grad_cam = LayerGradCam(head, head.entry).attribute(features, target=0)[:, 0]
    return {
        "grad-cam": grad_cam.detach().relu(),
        "ablation-cam": (w_k[:, :, None, None] * features).sum(1).relu(),
        "pixel-ablation-cam": (w_ij * features.sum(1)).relu(),
    }


def one_by_one(features):
    """A number for each channel (1, K, 1, 1). Those that are zero already, half of all, are cleared at once: nothing changes."""
    alive = features.abs().amax((2, 3), keepdim=True) > 0
    return alive.cumsum(1) * alive


def hooked_features(module, layer, batch):
    seen = []
    handle = module.get_submodule(layer).register_forward_hook(lambda _m, _i, out: seen.append(out.clone()))
    with torch.no_grad():
        module(batch)
    handle.remove()
    return seen[0]


def difference(actual, expected):
    """The largest difference as a share of the oracle map's range."""
    expected = expected.detach()
    spread = expected.max() - expected.min()
    return float((actual.double() - expected).abs().max() / spread)


@pytest.mark.parametrize("part", [0, 2, 4])
@pytest.mark.parametrize("name", NETWORKS)
def test_raw_maps_equal_captum_on_sample_photos(name, part):
    rows = sample_rows()[part::7]
    assert len(rows) == 7
    net = packaged(name)
    assert net.layer == NETWORKS[name]
    batch = torch.stack([net.preprocess(sample_photo(row["file"])) for row in rows])
    targets = [int(row["class_index"]) for row in rows]
    out = explain(net, batch, methods=METHODS, targets=targets)
    features = hooked_features(deepcopy(net.module), NETWORKS[name], batch).double()
    for n, row in enumerate(rows):
        oracle = oracle_maps(HEADS[name](net.module, targets[n]), features[n : n + 1])
        for method in METHODS:
            assert oracle[method].max() > 0, f"{row['file']}: the oracle's {method} map is blank"
            assert difference(out.maps[method][n], oracle[method][0]) < 1e-4, (row["file"], method)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_whole_network_under_captum_gives_the_same(name):
    """On one photo: Grad-CAM, and every fifth cell, by the whole network in float64, each cell one forward pass."""
    net = packaged(name)
    photo = net.preprocess(sample_photo("tabby-1.jpg"))[None]
    out = explain(net, photo, methods=METHODS, targets=[281])
    module = deepcopy(net.module).double()
    layer = module.get_submodule(NETWORKS[name])
    photo = photo.double()
    height, width = out.maps["grad-cam"].shape[1:]
    asked = torch.arange(0, height * width, 5)
    groups = torch.zeros(
        height * width, dtype=torch.int64
    )  # group 0 is all other cells, ablated once and not used
    groups[asked] = torch.arange(1, len(asked) + 1)
    with torch.no_grad():
        by_cell = LayerFeatureAblation(module, layer).attribute(
            photo, target=281, layer_mask=groups.view(1, 1, height, width), perturbations_per_eval=4
        )
        score = module(photo)[0, 281]
    expected = (by_cell[0, 0] / score.abs()).flatten()[asked]
    assert difference(out.drops["cell"][0].flatten()[asked], expected) < 1e-4
    grad_cam = LayerGradCam(module, layer).attribute(photo, target=281)[:, 0].detach().relu()
    assert difference(out.maps["grad-cam"], grad_cam) < 1e-4
