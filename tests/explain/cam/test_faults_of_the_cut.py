"""What used to go wrong in silence, or with a stranger's traceback: right, or one sentence that names a remedy."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch import nn

from explain.cam import CamError, Network, explain
from explain.cam.loading.weights import weights_hash

SIZE = (16, 12)


def small(**given):
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 6, 3, 2, 1), nn.BatchNorm2d(6), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 4)
    ).eval()  # fmt: skip


class Branching(nn.Module):
    """A branch on values: it cannot be traced, so it is cut by a hook. `asserts`: it reads photos of one size only."""

    def __init__(self, asserts=False, alone=False):
        super().__init__()
        torch.manual_seed(0)
        self.body, self.fc = nn.Sequential(nn.Conv2d(3, 6, 3, 2, 1), nn.ReLU()), nn.Linear(6, 4)
        self.asserts, self.alone = asserts, alone

    def forward(self, photos):
        if float(photos.detach().abs().sum()) < 0:
            return None
        assert not self.asserts or tuple(photos.shape[2:]) == (80, 72)
        maps = self.body(photos)
        return self.fc(maps.view(1, 6, -1).mean(2) if self.alone else maps.mean((2, 3)))


def photos(count=2, size=SIZE):
    return torch.randn(count, 3, *size, generator=torch.Generator().manual_seed(1))


def test_two_threads_on_one_network_give_the_maps_of_one():
    net = Network(Branching().eval(), layer="body", size=SIZE)
    batches = [photos(1) * factor for factor in range(1, 25)]
    methods = ["grad-cam", "pixel-ablation-cam", "full-grad"]
    alone = [explain(net, batch, methods, targets=1).maps for batch in batches]
    torch.set_num_threads(1)
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(lambda batch: explain(net, batch, methods, targets=1).maps, batches))
    different = [
        n
        for n, (a, b) in enumerate(zip(alone, together, strict=True))
        if any(not torch.equal(a[m], b[m]) for m in methods)
    ]
    assert different == []


@pytest.mark.parametrize("how", ["optimiser", "past its count", "replaced"])
def test_weights_that_change_afterwards_are_seen(how):
    module = small()
    net = Network(module, layer="2", size=SIZE)
    explain(net, photos(), ["ablation-cam"])
    before = net.weights_sha256
    if how == "replaced":
        module[5] = nn.Linear(6, 4).eval()
    elif how == "optimiser":
        with torch.no_grad():
            module[5].weight.mul_(-2)
    else:
        module[5].weight.data *= -2
    out, expected = (
        explain(net, photos(), ["ablation-cam"]),
        explain(Network(module, layer="2", size=SIZE), photos(), ["ablation-cam"]),
    )
    torch.testing.assert_close(out.logits, module(photos()).detach())
    torch.testing.assert_close(out.maps["ablation-cam"], expected.maps["ablation-cam"])
    assert net.weights_sha256 == out.manifest["weights_sha256"] == weights_hash(module) != before


def test_training_mode_afterwards_is_refused():
    module = small()
    net = Network(module, layer="2", size=SIZE)
    module.train()
    with pytest.raises(CamError, match=r"put into training mode.*module\.eval\(\)"):
        explain(net, photos(), ["grad-cam"])


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers_are_named(value):
    module = small()
    module[1].running_var[2] = value
    with pytest.raises(CamError, match=r"NaN or infinity \(1\.running_var\).*take a checkpoint"):
        Network(module, layer="2", size=SIZE)


def test_a_network_that_asserts_its_size_is_cut_all_the_same():
    module = Branching(asserts=True).eval()
    batch = photos(1, (80, 72))
    actual = explain(Network(module, layer="body", size=(80, 72)), batch, ["pixel-ablation-cam"], targets=1)
    expected = explain(
        Network(Branching().eval(), layer="body", size=(80, 72)), batch, ["pixel-ablation-cam"], targets=1
    )
    torch.testing.assert_close(actual.maps["pixel-ablation-cam"], expected.maps["pixel-ablation-cam"])


def test_a_network_that_reads_one_photo_only_is_run_one_by_one():
    net = Network(Branching(alone=True).eval(), layer="body", size=SIZE)
    expected = explain(Network(Branching().eval(), layer="body", size=SIZE), photos(), ["pixel-ablation-cam"])
    for chunk in (1, 2):
        actual = explain(net, photos(), ["pixel-ablation-cam"], chunk=chunk)
        torch.testing.assert_close(actual.maps["pixel-ablation-cam"], expected.maps["pixel-ablation-cam"])


def test_bfloat16_is_never_said_to_be_exact():
    assert Network(small(), layer="2", size=SIZE, dtype=torch.bfloat16).manifest()["exact"] is False
    assert Network(small(), layer="2", size=SIZE).manifest()["exact"] is True


def test_a_layer_may_be_given_as_the_part_itself():
    module = small().train()  # which is copied
    assert Network(module, layer=module[2], size=SIZE).layer == "2"
    with pytest.raises(CamError, match=r"this ReLU is no part of Sequential"):
        Network(module, layer=nn.ReLU(), size=SIZE)


def test_one_target_serves_for_all_photos():
    net = Network(small(), layer="2", size=SIZE)
    one, each = (
        explain(net, photos(), ["grad-cam"], targets=3),
        explain(net, photos(), ["grad-cam"], targets=[3, 3]),
    )
    assert torch.equal(one.maps["grad-cam"], each.maps["grad-cam"])
    assert one.targets.tolist() == [3, 3]


@pytest.mark.parametrize(
    "targets", [[lambda scores: scores[1]] * 2, lambda scores: scores[1], [True, False], "ab"]
)
def test_targets_of_another_kind_are_refused_in_words(targets):
    with pytest.raises(CamError, match=r"give 2 class indices, one per photo, or one for all"):
        explain(Network(small(), layer="2", size=SIZE), photos(), ["grad-cam"], targets=targets)


def test_a_last_stage_of_one_residual_block_is_the_layer():
    from torchvision.models.resnet import BasicBlock, ResNet

    module = ResNet(BasicBlock, [1, 1, 1, 1], num_classes=4).eval()
    net = Network(module, size=96)
    assert net.layer == "layer4"
    batch = photos(1, (96, 96))
    seen = []
    handle = module.layer4.register_forward_hook(lambda _m, _i, output: seen.append(output.detach()))
    module(batch)
    handle.remove()
    torch.testing.assert_close(net.features(batch), seen[0])
    with pytest.raises(CamError, match=r"'layer4\.0\.bn2'.*goes around.*cut at 'layer4\.0' instead"):
        Network(module, layer="layer4.0.bn2", size=96)


def test_photos_of_32_pixels_have_a_layer_with_more_than_one_cell():
    net = Network.load("torchvision:resnet18", class_names=["cat", "dog"], preprocessing=None)
    small_photos = Network(net.module, size=32)
    assert small_photos.layer == "layer3"
    assert small_photos.cells == "2 × 2 cells"


class Pairs(nn.Module):
    """As in TNT: after the first convolution everything is passed on in pairs, which no layer can be cut at."""

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.one, self.two = nn.Linear(6, 6), nn.Linear(6, 6)

        def forward(self, pair):
            first, second = pair
            mixed = self.one(second.mean(1)) + self.two(first.mean(1))
            return first + mixed[:, None], second + mixed[:, None]

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.patches = nn.Conv2d(3, 6, 4, 4)
        self.blocks, self.fc = nn.Sequential(*[self.Block() for _ in range(8)]), nn.Linear(6, 4)

    def forward(self, photos):
        tokens = self.patches(photos).flatten(2).transpose(1, 2)
        return self.fc(self.blocks((tokens, tokens))[1].mean(1))


def test_the_first_layer_of_a_network_is_not_taken_unasked():
    """TNT was cut at its first convolution, and its maps said what the photo looks like."""
    with pytest.raises(CamError, match=r"the last that has is 'patches', after 1 of 18 layers with weights"):
        Network(Pairs().eval(), size=SIZE)
    assert Network(Pairs().eval(), size=SIZE, layer="patches").layer == "patches"
