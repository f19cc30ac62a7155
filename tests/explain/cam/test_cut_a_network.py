"""Cutting any network at a layer: what is read, what is refused, and that nothing of the module changes."""

from copy import deepcopy

import pytest
import torch
from torch import nn

from explain.cam import CamError, Network, explain
from explain.cam.names import OWN_NAMES

torch.manual_seed(0)

# Those that run the whole network many times, so seldom that a test can wait for them.
SELDOM = {"rise": "rise:masks=8", "occlusion": "occlusion:stride=8:window=8"}
METHODS = tuple(SELDOM.get(name, name) for name in OWN_NAMES)


def small(*, inplace=True, tail=None):
    return nn.Sequential(
        nn.Conv2d(3, 6, 3, padding=1, stride=2),
        nn.BatchNorm2d(6),
        nn.ReLU(inplace=inplace),
        nn.Conv2d(6, 8, 3, padding=1),
        nn.ReLU(inplace=inplace),
        *(tail or [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 4)]),
    )


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 6, 3, padding=1)
        self.block = nn.Sequential(nn.Conv2d(6, 6, 3, padding=1), nn.ReLU(), nn.Conv2d(6, 6, 3, padding=1))
        self.joined = nn.ReLU(inplace=True)
        self.fc = nn.Linear(6, 4)

    def forward(self, photos):
        stem = self.stem(photos)
        return self.fc(self.joined(stem + self.block(stem)).mean((2, 3)))


class Untraceable(Residual):
    """A branch on values: torch.fx cannot follow it, so the cut is made by a hook."""

    def forward(self, photos):
        stem = self.stem(photos)
        if float(stem.detach().abs().sum()) < 0:
            return None
        return self.fc(self.joined(stem + self.block(stem)).mean((2, 3)))


class Bare(Untraceable):
    def forward(self, photos):
        if float(photos.detach().abs().sum()) < 0:
            return None
        return self.fc(self.joined(self.block(self.stem(photos))).mean((2, 3)))


def photos(count=2, size=(16, 12)):
    return torch.randn(count, 3, *size, generator=torch.Generator().manual_seed(1))


def drops_by_hook(module, layer, batch, target):
    """Each cell's drop by running the whole module with the layer's output replaced."""
    part, drops = module.get_submodule(layer), []
    whole = module(batch)[:, target]

    def ablated(cell):
        def hook(_m, _i, out):
            out = out.clone()
            out[:, :, cell // out.shape[3], cell % out.shape[3]] = 0
            return out

        handle = part.register_forward_hook(hook)
        score = module(batch)[:, target]
        handle.remove()
        return score

    shape = []
    handle = part.register_forward_hook(lambda _m, _i, out: shape.append(out.shape))
    module(batch)
    handle.remove()
    for cell in range(shape[0][2] * shape[0][3]):
        drops.append((whole - ablated(cell)) / whole.abs())
    return torch.stack(drops, 1).view(len(batch), *shape[0][2:])


@pytest.mark.parametrize("layer", ["2", "3", "4"])
@pytest.mark.parametrize("inplace", [True, False])
@torch.no_grad()
def test_an_in_place_activation_does_not_spoil_the_features(layer, inplace):
    module = small(inplace=inplace).eval()
    net = Network(module, layer=layer, size=(16, 12))
    out = explain(net, photos(), methods=["pixel-ablation-cam"], targets=[1, 1])
    torch.testing.assert_close(
        out.drops["cell"], drops_by_hook(module, layer, photos(), 1), rtol=1e-3, atol=1e-5
    )


@torch.no_grad()
def test_a_network_that_cannot_be_traced_is_cut_by_a_hook_and_gives_the_same():
    module = Bare().eval()
    net = Network(module, layer="block", size=(16, 12))
    assert net.cut.graph is None
    assert net.head.kind == "general"
    out = explain(net, photos(), methods=list(METHODS), targets=[1, 1])
    torch.testing.assert_close(
        out.drops["cell"], drops_by_hook(module, "block", photos(), 1), rtol=1e-3, atol=1e-5
    )


def test_no_hook_stays_and_nothing_of_the_module_changes():
    for module in (small().eval(), Bare().eval()):
        before = deepcopy(module.state_dict())
        layer = "4" if isinstance(module, nn.Sequential) else "block"
        net = Network(module, layer=layer, size=(16, 12))
        explain(net, photos(), methods=list(METHODS))
        assert net.module is module
        assert not any(part._forward_hooks or part._forward_pre_hooks for part in module.modules())
        assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())
        assert all(parameter.requires_grad and parameter.grad is None for parameter in module.parameters())


def test_no_hook_stays_after_a_failure():
    module = Bare().eval()
    net = Network(module, layer="block", size=(16, 12))
    with pytest.raises(RuntimeError):
        net.features(torch.randn(1, 3, 0, 0))
    assert not any(part._forward_hooks for part in module.modules())


@pytest.mark.parametrize("kind", [Residual, Untraceable])
@pytest.mark.parametrize("layer", ["block", "block.2"])
def test_a_connection_around_the_layer_is_refused_with_the_nearest_that_works(kind, layer):
    with pytest.raises(CamError, match=rf"'{layer}'.*goes around.*cut at 'joined' instead"):
        Network(kind().eval(), layer=layer, size=(16, 12))
    assert Network(kind().eval(), layer="joined", size=(16, 12)).layer == "joined"


def test_a_dense_connection_in_densenet_is_refused():
    import torchvision

    module = torchvision.models.densenet121(weights=None).eval()
    layer = "features.denseblock4.denselayer16"
    with pytest.raises(CamError, match=r"cut at 'features\.denseblock4' instead"):
        Network(module, layer=layer, size=64)


def test_a_layer_that_does_not_exist_is_answered_with_near_names():
    with pytest.raises(CamError, match=r"layer 'blok.2' does not exist in Residual; did you mean block.2"):
        Network(Residual(), layer="blok.2", size=8)


def test_a_layer_without_cells_is_refused():
    with pytest.raises(CamError, match=r"layer 'fc' gives shape \(1, 4\), not features"):
        Network(Residual(), layer="fc", size=8)


def test_a_layer_that_never_runs_is_refused():
    module = Residual()
    module.spare = nn.Conv2d(3, 3, 1)
    with pytest.raises(CamError, match="does not run"):
        Network(module, layer="spare", size=8)


def test_a_network_in_train_mode_is_copied_and_explained_in_eval_mode():
    module = small()
    assert module.training
    net = Network(module, layer="4", size=(16, 12))
    assert module.training
    assert not net.module.training
    expected = deepcopy(module).eval()(photos())
    torch.testing.assert_close(explain(net, photos(), methods=["grad-cam"]).logits, expected.detach())


def test_half_precision_weights_are_computed_in_float32():
    module = small().eval().half()
    out = explain(Network(module, layer="4", size=(16, 12)), photos(), methods=["grad-cam", "ablation-cam"])
    assert next(module.parameters()).dtype == torch.float16
    assert out.maps["grad-cam"].dtype == out.logits.dtype == torch.float32
    torch.testing.assert_close(out.logits, deepcopy(module).float()(photos()).detach())


def test_channels_last_photos_and_weights_give_the_same_maps():
    module = small().eval()
    plain = explain(Network(module, layer="4", size=(16, 12)), photos(), methods=list(METHODS))
    last = deepcopy(module).to(memory_format=torch.channels_last)
    batch = photos().contiguous(memory_format=torch.channels_last)
    other = explain(Network(last, layer="4", size=(16, 12)), batch, methods=list(METHODS))
    for name in METHODS:
        torch.testing.assert_close(other.maps[name], plain.maps[name], rtol=1e-4, atol=1e-5)


def test_a_map_has_the_height_and_width_of_the_photo_and_not_the_other_way_round():
    module = small().eval()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.abs_()
    net = Network(module, layer="4", size=(16, 12))
    batch = torch.zeros(1, 3, 16, 12)
    batch[0, :, 12:, :3] = 5  # bottom left
    maps = explain(net, batch, methods=["pixel-ablation-cam", "hirescam", "recipro-cam"], targets=[0]).maps
    for cells in maps.values():
        assert cells.shape == (1, 8, 6)
        assert divmod(int(cells[0].argmax()), 6) in {(i, j) for i in (5, 6, 7) for j in (0, 1, 2)}


@pytest.mark.parametrize(
    ("tail", "kind"),
    [
        ([nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(), nn.Linear(8, 4)], "average pool + linear"),
        ([nn.AdaptiveAvgPool2d(1), nn.BatchNorm2d(8), nn.Flatten(), nn.Linear(8, 4)], "average pool + linear"),
        ([nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.LayerNorm(8), nn.Linear(8, 4)], "average pool + vectors"),
        ([nn.BatchNorm2d(8), nn.GELU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 4)], "average pool + linear"),
        ([nn.Conv2d(8, 4, 1), nn.ReLU(inplace=True), nn.AdaptiveAvgPool2d(1), nn.Flatten()], "1×1 convolution + average pool"),
        ([nn.Conv2d(8, 4, 1), nn.BatchNorm2d(4), nn.AdaptiveAvgPool2d(1), nn.Flatten()], "general"),
        ([nn.Conv2d(8, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten()], "general"),
        ([nn.MaxPool2d(2), nn.Flatten(), nn.Linear(96, 9), nn.ReLU(), nn.Linear(9, 4)], "incremental fully connected"),
        ([nn.MaxPool2d(3, 2, 1), nn.Flatten(), nn.Linear(96, 9), nn.ReLU(), nn.Linear(9, 4)], "incremental fully connected"),
        ([nn.ReLU(inplace=True), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(96, 9), nn.Sigmoid(), nn.Linear(9, 4)], "incremental fully connected"),
        ([nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(8, 4)], "general"),
        ([nn.Flatten(), nn.Linear(384, 4)], "general"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("score", ["logit", "probability"])
def test_the_fast_head_is_chosen_by_the_graph_and_equals_the_general_one(tail, kind, score):
    torch.manual_seed(3)
    module = small(tail=deepcopy(tail)).eval().double()
    for part in module.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.running_mean.uniform_(-1, 1)
            part.running_var.uniform_(0.5, 2)
    settings = {"layer": "4", "size": (16, 12), "dtype": torch.float64}
    fast, general = Network(module, **settings), Network(module, **settings, head="general")
    assert fast.head.kind == kind
    assert general.head.kind == "general"
    batch = photos(3).double()
    methods = [name for name in METHODS if name.split(":")[0] not in ("score-cam", *SELDOM)]
    actual = explain(fast, batch, methods=methods, score=score)
    expected = explain(general, batch, methods=methods, score=score)
    for name in methods:
        torch.testing.assert_close(actual.maps[name], expected.maps[name], rtol=1e-8, atol=1e-10)
    for name in ("cell", "channel"):
        assert expected.drops[name].abs().max() > 0
        torch.testing.assert_close(actual.drops[name], expected.drops[name], rtol=1e-8, atol=1e-10)


def test_many_channels_through_a_sparse_layer_lose_nothing():
    """From 128 vectors on, columns that a ReLU leaves at zero in all of them are left out of the next layer."""
    torch.manual_seed(4)
    tail = [
        nn.AdaptiveAvgPool2d(2),
        nn.Flatten(),
        nn.Linear(600, 40),
        nn.ReLU(),
        nn.Linear(40, 9),
        nn.ReLU(),
        nn.Linear(9, 4),
    ]
    tail[2].bias.data[:25] = -50  # never active
    module = nn.Sequential(nn.Conv2d(3, 150, 3), nn.ReLU(), *tail).eval()
    settings = {"layer": "1", "size": (12, 10), "dtype": torch.float64}
    fast, general = Network(module, **settings), Network(module, **settings, head="general")
    assert fast.head.kind == "incremental fully connected"
    batch = torch.randn(2, 3, 12, 10, dtype=torch.float64)
    actual, expected = (explain(net, batch, ["ablation-cam"]).drops["channel"] for net in (fast, general))
    assert expected.abs().max() > 0
    torch.testing.assert_close(actual, expected, rtol=1e-8, atol=1e-10)


def test_a_head_that_does_not_fit_cannot_be_forced():
    with pytest.raises(CamError, match="has not the form 'mlp'; choose general"):
        Network(small(), layer="4", size=(16, 12), head="mlp")


@pytest.mark.parametrize(
    ("module", "layer"),
    [(small(), "4"), (Residual(), "joined"), (nn.Sequential(small()[:5], nn.MaxPool2d(2), nn.Flatten(), nn.Linear(96, 4)), "0")],
)  # fmt: skip
def test_the_last_convolutional_output_is_the_layer_when_none_is_named(module, layer):
    assert Network(module, size=(16, 12)).layer == layer


def test_a_network_without_cells_says_so():
    with pytest.raises(CamError, match="no layer that gives features"):
        Network(nn.Sequential(nn.Flatten(), nn.Linear(12, 4)), size=2)


def test_class_names_are_counted():
    with pytest.raises(CamError, match="4 class scores, but 2 class names"):
        Network(small(), size=(16, 12), class_names=["cat", "dog"])


def test_a_device_that_is_not_there_is_refused():
    with pytest.raises(CamError, match="choose cpu or cuda"):
        Network(small(), size=(16, 12), device="cuda:99")
