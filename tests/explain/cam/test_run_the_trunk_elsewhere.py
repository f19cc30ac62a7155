"""Back ends: the same features and scores from another program, exported once, and refused where they differ."""

from importlib.util import find_spec

import pytest
import torch
from torch import nn

from explain.cam import CamError, Network, backends, explain

EXPORTED = ["openvino", "onnxruntime"]


def small():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, 2, 1), nn.BatchNorm2d(8), nn.ReLU(inplace=True), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.Linear(8, 5),
    ).eval()  # fmt: skip


@pytest.fixture
def batch():
    return torch.randn(3, 3, 24, 16, generator=torch.Generator().manual_seed(2))


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")
@pytest.mark.parametrize("name", EXPORTED)
def test_features_and_maps_are_those_of_torch(name, batch):
    methods = ["grad-cam", "ablation-cam", "pixel-ablation-cam"]
    torch_net = Network(small(), layer="2", size=(24, 16))
    other = Network(small(), layer="2", size=(24, 16), backend=name)
    assert other.manifest()["backend"] == name
    assert other.manifest()["exact"]
    expected = torch_net.features(batch)
    difference = (other.features(batch) - expected).abs().max() / expected.abs().max()
    assert difference < 1e-5
    actual, right = explain(other, batch, methods), explain(torch_net, batch, methods)
    assert (actual.logits - right.logits).abs().max() < 1e-5 * right.logits.abs().max()
    assert torch.equal(other.logits(batch), actual.logits)
    for method in methods:
        assert (actual.maps[method] - right.maps[method]).abs().max() < 1e-4 * right.maps[method].max()


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")
@pytest.mark.parametrize("name", EXPORTED)
def test_an_export_is_made_once_and_found_again_by_the_hash_of_the_weights(name, tmp_path, batch):
    tmp_path /= "new/folder"  # which nobody has made yet
    first = Network(small(), layer="2", size=(24, 16), backend=name, cache=tmp_path)
    (kept,) = tmp_path.iterdir()
    written_at = {path: path.stat().st_mtime_ns for path in kept.iterdir()}
    again = Network(small(), layer="2", size=(24, 16), backend=name, cache=tmp_path)
    assert {path: path.stat().st_mtime_ns for path in kept.iterdir()} == written_at
    assert torch.equal(first.features(batch), again.features(batch))
    other = small()
    other[0].weight.data *= 2
    Network(other, layer="2", size=(24, 16), backend=name, cache=tmp_path)
    assert len(list(tmp_path.iterdir())) == 2


class TwoOutputs(nn.Module):
    def __init__(self):
        super().__init__()
        self.body, self.one, self.other = small()[:5], nn.Linear(8, 1), nn.Linear(8, 1)

    def forward(self, photos):
        pooled = self.body(photos)
        return self.one(pooled), self.other(pooled)


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")
def test_two_outputs_of_the_same_weights_are_two_exports(tmp_path, batch):
    """The first one's export would be found for the second, differ from torch, and be refused for good."""
    module = TwoOutputs().eval()
    for output in ("0", "1"):
        how = {"layer": "body.2", "size": (24, 16), "output": output}
        net = Network(module, backend="onnxruntime", cache=tmp_path, **how)
        expected = Network(module, **how).logits(batch)
        torch.testing.assert_close(net.logits(batch), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("factors", "what"), [((1.001, 1), "feature"), ((1, 1.001), "class score")], ids=["features", "scores"]
)
def test_features_or_scores_that_differ_are_refused(monkeypatch, factors, what):
    def opened(module, *_):
        def run(photo):
            outputs = module(torch.from_numpy(photo))
            return [part.detach().numpy() * factor for part, factor in zip(outputs, factors, strict=True)]

        return lambda: run

    monkeypatch.setattr(backends, "_openvino", opened)
    with pytest.raises(CamError, match=rf"openvino differs from torch by 1\.0e-03 of the largest {what}"):
        Network(small(), layer="2", size=(24, 16), backend="openvino")


def test_a_back_end_that_is_not_installed_says_how_to_install_it(monkeypatch):
    monkeypatch.setattr(backends, "find_spec", lambda name: None if name == "openvino" else find_spec(name))
    with pytest.raises(CamError, match=r"openvino is not installed; pip install -r requirements-fast\.txt"):
        Network(small(), layer="2", size=(24, 16), backend="openvino")


def test_an_unknown_back_end_is_answered_with_the_list():
    with pytest.raises(
        CamError, match="'tensorrt' does not exist; choose from torch, openvino, onnxruntime, bf16"
    ):
        Network(small(), layer="2", size=(24, 16), backend="tensorrt")


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")
def test_an_exported_trunk_reads_one_size(batch):
    net = Network(small(), layer="2", size=(24, 16), backend="openvino")
    with pytest.raises(CamError, match=r"reads photos \(3, 24, 16\), not \(3, 16, 24\)"):
        net.features(batch.transpose(2, 3))


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")
def test_a_conversion_is_told_to_nobody():
    """OpenVINO sends an event to its makers for each, unless its package for that cannot be loaded."""
    Network(small(), layer="2", size=(24, 16), backend="openvino")
    from openvino.tools.ovc import telemetry_utils

    assert telemetry_utils.tm.__name__ == "openvino.tools.ovc.telemetry_stub"


def test_bfloat16_is_marked_as_not_exact(batch):
    net = Network(small(), layer="2", size=(24, 16), backend="bf16")
    out = explain(net, batch, ["grad-cam"])
    assert out.manifest["exact"] is False
    assert out.maps["grad-cam"].dtype == torch.float32
    exact = explain(Network(small(), layer="2", size=(24, 16)), batch, ["grad-cam"])
    assert (out.maps["grad-cam"] - exact.maps["grad-cam"]).abs().max() < 0.1 * exact.maps["grad-cam"].max()


def test_how_a_photo_lies_in_memory_is_decided_by_all_cells_of_the_features(batch):
    """3 · 8 · 9 weights and 8 · 6 · 9 · 2; the first serve 12 × 8 cells of a photo of 24 × 16, the second 6 × 8."""
    from explain.cam.memory_format import _size_of

    trunk = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1, bias=False), nn.Conv2d(8, 6, 3, (2, 1), 1))
    assert _size_of(trunk, trunk, batch[:1]) == (216 + 432, 216 * 12 * 8 + 432 * 6 * 8)
