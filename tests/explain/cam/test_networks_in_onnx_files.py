"""A network in an ONNX file gives the maps of its module by every method that needs no gradient, and says so of the others."""

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from explain.cam import CamError, Network, explain
from explain.cam.loading.description import Description

METHODS = ["ablation-cam", "pixel-ablation-cam", "recipro-cam", "score-cam", "eigen-cam"]


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.conv1, self.conv2, self.fc = nn.Conv2d(3, 5, 3, 4, 1), nn.Conv2d(5, 5, 3, 1, 1), nn.Linear(5, 3)
        self.last = nn.ReLU()

    def forward(self, x):
        stem = self.conv1(x).relu()
        return self.fc(self.last(stem + self.conv2(stem)).mean((2, 3)))


def written(module, path, *, photos=("B", 3, 32, 32), outputs=("scores",), domain="", inputs=1):
    """The module as an ONNX file, node by node."""
    weights = {name.replace(".", "_"): value.detach().numpy() for name, value in module.named_parameters()}
    conv = {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}
    nodes = [
        helper.make_node("Conv", ["photos", "conv1_weight", "conv1_bias"], ["a"], strides=[4, 4], **conv),
        helper.make_node("Relu", ["a"], ["/stem/Relu_0"]),
        helper.make_node(
            "Conv", ["/stem/Relu_0", "conv2_weight", "conv2_bias"], ["b"], strides=[1, 1], **conv
        ),
        helper.make_node("Add", ["/stem/Relu_0", "b"], ["joined"]),
        helper.make_node("Relu", ["joined"], ["/last/Relu"], domain=domain),
        helper.make_node("GlobalAveragePool", ["/last/Relu"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["flat"]),
        helper.make_node("Gemm", ["flat", "fc_weight", "fc_bias"], ["scores"], transB=1),
    ]
    given = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, photos) for name in ("photos", "more")[:inputs]
    ]
    shapes = {"scores": ("B", 3), "flat": ("B", 5)}
    made = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shapes[name]) for name in outputs]
    kept = [numpy_helper.from_array(value, name) for name, value in weights.items()]
    opsets = [helper.make_opsetid(name, 17 if not name else 1) for name in dict.fromkeys(("", domain))]
    model = helper.make_model(
        helper.make_graph(nodes, "net", given, made, kept), opset_imports=opsets, ir_version=9
    )
    onnx.save(model, path)
    return path


@pytest.mark.parametrize("photos", [("B", 3, 32, 32), (1, 3, 32, 32)], ids=["any number", "one at a time"])
def test_its_maps_are_those_of_its_module(tmp_path, photos):
    module = Residual().eval()
    net = Network.load("onnx:file", weights=written(module, tmp_path / "net.onnx", photos=photos))
    own = Network(module, layer="last", size=32)
    assert (net.layer, net.preprocessing.size) == ("last_Relu", (32, 32))
    batch = torch.randn(3, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    actual, expected = explain(net, batch, METHODS), explain(own, batch, METHODS)
    torch.testing.assert_close(actual.logits, expected.logits, rtol=1e-4, atol=1e-5)
    for method in METHODS:
        assert expected.maps[method].any()
        torch.testing.assert_close(actual.maps[method], expected.maps[method], rtol=1e-3, atol=1e-5)
    for method in ("grad-cam", "full-grad"):
        with pytest.raises(CamError, match="has no gradients; choose a method that needs none") as refused:
            explain(net, batch, [method])
        assert "\n" not in str(refused.value)


def test_it_is_cut_where_all_paths_meet_and_nowhere_else(tmp_path):
    net = Network.load("onnx:file", weights=written(Residual(), tmp_path / "net.onnx"))
    assert [name for name, _ in net.module.named_children()] == [
        "a", "stem_Relu_0", "joined", "last_Relu", "pooled", "scores",
    ]  # fmt: skip


def test_one_of_its_outputs_is_named(tmp_path):
    path = written(Residual(), tmp_path / "net.onnx", outputs=("flat", "scores"))
    with pytest.raises(CamError, match=r"output =: flat \(1, 5\), scores \(1, 3\)"):
        Network.load("onnx:file", weights=path)
    net = Network.load(
        "onnx:file", weights=path, description=Description(output="scores", classes=("a", "b", "c"))
    )
    photos = torch.randn(2, 3, 32, 32)
    torch.testing.assert_close(net.logits(photos), Residual()(photos).detach(), rtol=1e-4, atol=1e-5)
    assert explain(net, photos, ["ablation-cam"]).maps["ablation-cam"].shape == (2, 8, 8)


def test_other_weights_have_another_hash(tmp_path):
    other = Residual()
    nn.init.ones_(other.fc.bias)
    first, second = (
        Network.load("onnx:file", weights=written(module, tmp_path / f"{number}.onnx"))
        for number, module in enumerate((Residual(), other))
    )
    assert first.weights_sha256 != second.weights_sha256


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"inputs": 2}, r"it reads 2 inputs \(photos, more\)"),
        ({"domain": "com.mine"}, "operators of its own .com.mine."),
        ({"photos": ("B", 3, 32)}, r"photos are float32 of shape \(B, C, H, W\)"),
    ],
)
def test_a_file_that_cannot_be_run_on_photos_is_one_sentence(tmp_path, options, said):
    with pytest.raises(CamError, match=said) as refused:
        Network.load("onnx:file", weights=written(Residual(), tmp_path / "net.onnx", **options))
    assert "net.onnx" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_weights_in_another_file_are_not_read(tmp_path):
    path = written(Residual(), tmp_path / "net.onnx")
    model = onnx.load(path)
    onnx.external_data_helper.convert_model_to_external_data(model, location="../secret", size_threshold=0)
    for one in model.graph.initializer:
        one.raw_data = b""
    path.write_bytes(model.SerializeToString())
    with pytest.raises(CamError, match="weights lie in another file; save it as one file"):
        Network.load("onnx:file", weights=path)


@pytest.mark.parametrize("where", ["constant", "branch"])
def test_weights_that_do_not_stand_among_the_weights_are_not_read_from_another_file_either(tmp_path, where):
    """ONNX Runtime reads the other file, from the folder where the worker runs, for a constant within a node, too."""
    path = written(Residual(), tmp_path / "net.onnx")
    model = onnx.load(path)
    kept = next(one for one in model.graph.initializer if one.name == "conv1_weight")
    outside = TensorProto(name="outside", data_type=TensorProto.FLOAT, dims=kept.dims)
    outside.data_location = TensorProto.EXTERNAL
    outside.external_data.add(key="location", value="secret")
    nodes = [helper.make_node("Constant", [], ["conv1_weight"], value=outside)]
    if where == "branch":
        made = helper.make_tensor_value_info("chosen", TensorProto.FLOAT, list(kept.dims))
        nodes = [helper.make_node("Constant", [], ["chosen"], value=outside)]
        branch = helper.make_graph(nodes, "branch", [], [made])
        nodes = [
            helper.make_node(
                "Constant", [], ["always"], value=helper.make_tensor("", TensorProto.BOOL, [], [1])
            ),
            helper.make_node("If", ["always"], ["conv1_weight"], then_branch=branch, else_branch=branch),
        ]
    model.graph.initializer.remove(kept)
    later = list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend([*nodes, *later])
    path.write_bytes(model.SerializeToString())
    with pytest.raises(CamError, match="weights lie in another file; save it as one file"):
        Network.load("onnx:file", weights=path)


def test_that_nothing_says_how_photos_are_scaled_is_said(tmp_path):
    path = written(Residual(), tmp_path / "net.onnx")
    unsaid = "does not say how photos are scaled"
    scales = {(): True, ("mean",): True, ("mean", "std"): False}
    for keys, is_noted in scales.items():
        said = Description.of({"classes": ["a", "b", "c"], **{key: [0.5, 0.5, 0.5] for key in keys}})
        net = Network.load("onnx:file", weights=path, description=said)
        assert any(unsaid in note for note in net.notes) is is_noted, keys


@pytest.mark.parametrize("content", [b"", b"hello", b"\x08\x09\x12\xff", np.random.default_rng(0).bytes(300)])
def test_a_file_that_is_no_onnx_is_one_sentence(tmp_path, content):
    (tmp_path / "net.onnx").write_bytes(content)
    with pytest.raises(CamError, match=r"net\.onnx") as refused:
        Network.load("onnx:file", weights=tmp_path / "net.onnx")
    assert "\n" not in str(refused.value)
    with pytest.raises(CamError, match=r"path of an \.onnx file as its weights"):
        Network.load("onnx:file")
