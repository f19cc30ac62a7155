"""Twenty torchvision architectures with random weights in float64, against the whole network with a layer replaced.

The oracle knows nothing of trunks and heads: it runs the whole module with a hook that puts zeros into the layer's
output, every cell and a spread of channels. Gradients come from autograd through the whole module and from Captum.
"""

import pytest
import torch
import torchvision
from captum.attr import LayerGradCam

from explain.cam import Network, explain

ARCHITECTURES = {
    "alexnet": "incremental fully connected",
    "convnext_tiny": "average pool + vectors",
    "densenet121": "average pool + linear",
    "efficientnet_b0": "average pool + linear",
    "googlenet": "average pool + linear",
    "inception_v3": "average pool + linear",
    "mnasnet0_5": "average pool + linear",
    "mnasnet1_0": "average pool + linear",
    "mobilenet_v2": "average pool + linear",
    "mobilenet_v3_large": "average pool + vectors",
    "mobilenet_v3_small": "average pool + vectors",
    "regnet_x_400mf": "average pool + linear",
    "regnet_y_400mf": "average pool + linear",
    "resnet18": "average pool + linear",
    "resnet50": "average pool + linear",
    "resnext50_32x4d": "average pool + linear",
    "shufflenet_v2_x0_5": "average pool + linear",
    "squeezenet1_0": "1×1 convolution + average pool",
    "squeezenet1_1": "1×1 convolution + average pool",
    "vgg11": "incremental fully connected",
}
EARLIER = {  # cuts in the middle, which the general head serves
    "shufflenet_v2_x0_5": "stage4",
    "mobilenet_v3_small": "features.11",
    "squeezenet1_1": "features.10",
}
SIZE = (96, 64)


def built(name):
    """Random weights, with batch statistics taken from noise so that no layer vanishes; not square on purpose."""
    torch.manual_seed(0)
    extra = {"init_weights": False, "aux_logits": False} if name in ("googlenet", "inception_v3") else {}
    module = torchvision.models.get_model(name, weights=None, num_classes=7, **extra)
    if name in ("alexnet", "vgg11"):
        narrow(module.classifier)
    module = module.double()
    size = (112, 144) if name == "inception_v3" else SIZE
    if name not in ("alexnet", "vgg11", "convnext_tiny"):
        with torch.no_grad():
            for part in module.modules():
                if isinstance(part, torch.nn.BatchNorm2d):
                    part.momentum = None
            module.train()(torch.randn(2, 3, *size, dtype=torch.float64))
    return module.eval(), size


def narrow(classifier, width=64):
    """The fully connected layers of 4,096 with 64 instead: the same structure, and a half minute less for VGG."""
    for place, part in enumerate(classifier):
        if isinstance(part, torch.nn.Linear):
            sizes = (width if size == 4096 else size for size in (part.in_features, part.out_features))
            classifier[place] = torch.nn.Linear(*sizes)


def brute_force(module, layer, photo, target, zeros):
    """The class score with each of `zeros` (functions that clear a part of the features) put into the layer.

    As many copies of the photo go through the whole network side by side, each with its own part cleared on the way.
    """

    def clear_each(_module, _input, features):
        features = features.clone()
        for place, clear in enumerate(zeros):
            clear(features[place : place + 1])
        return features

    handle = module.get_submodule(layer).register_forward_hook(clear_each)
    with torch.no_grad():
        scores = module(photo.expand(len(zeros), -1, -1, -1))[:, target]
    handle.remove()
    return scores


def clear_cell(i, j):
    def clear(features):
        features[:, :, i, j] = 0

    return clear


def clear_channel(k):
    def clear(features):
        features[:, k] = 0

    return clear


def autograd(module, layer, photo, target):
    """Features and the score's gradient, through the whole module."""
    seen = []
    handle = module.get_submodule(layer).register_forward_hook(
        lambda _m, _i, out: seen.append(out) or out.clone()  # the clone saves it from in-place activations
    )
    score = module(photo.requires_grad_())[0, target]
    handle.remove()
    return seen[0].detach(), torch.autograd.grad(score, seen[0])[0]


def spread_over(count, most=6):
    """At most so many of 0 … count − 1, the first and the last among them."""
    return torch.linspace(0, count - 1, min(count, most)).round().long().tolist()


def check_drops(module, net, photo):
    out = explain(net, photo, methods=["ablation-cam", "pixel-ablation-cam"])
    target, logits = int(out.targets), out.logits[0]
    spread = logits.max() - logits.min()
    height, width = out.drops["cell"].shape[1:]
    cells = [divmod(cell, width) for cell in spread_over(height * width)]
    channels = spread_over(out.drops["channel"].shape[1])
    left = brute_force(
        module,
        net.layer,
        photo,
        target,
        [clear_cell(*cell) for cell in cells] + [clear_channel(k) for k in channels],
    )
    drops = torch.cat(
        [
            torch.stack([out.drops["cell"][0, i, j] for i, j in cells]),
            out.drops["channel"][0, channels],
        ]
    )
    expected = logits[target] - left
    assert expected.abs().max() > 1e-6 * spread, "nothing was ablated: the test would prove nothing"
    assert ((drops * logits[target].abs() - expected).abs() / spread).max() < 1e-6


def check_gradients(module, net, photo):
    out = explain(net, photo, methods=["grad-cam", "grad-cam++", "hirescam", "layer-cam"])
    target = int(out.targets)
    features, gradient = autograd(module, net.layer, photo.clone(), target)
    layer = module.get_submodule(net.layer)
    captum = LayerGradCam(module, layer).attribute(photo, target=target)[:, 0].detach()
    square, cube = gradient**2, gradient**3
    bottom = 2 * square + cube * features.sum((2, 3), keepdim=True)
    alpha = torch.where(gradient > 0, square / bottom, torch.zeros_like(bottom))
    weights = (alpha * gradient.relu()).sum((2, 3), keepdim=True)
    expected = {
        "grad-cam": captum.relu(),
        "grad-cam++": (weights * features).sum(1).relu(),
        "hirescam": (gradient * features).sum(1).relu(),
        "layer-cam": (gradient.relu() * features).sum(1).relu(),
    }
    for name, value in expected.items():
        scale = max(float(value.max()), 1e-12)
        assert float((out.maps[name] - value).abs().max()) < 1e-8 * scale, name


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_drops_and_gradients_equal_those_of_the_whole_network(name):
    module, size = built(name)
    net = Network(module, size=size, dtype=torch.float64)
    assert net.head.kind == ARCHITECTURES[name]
    photo = torch.randn(1, 3, *size, dtype=torch.float64)
    check_drops(module, net, photo)
    check_gradients(module, net, photo)
    if name == "vgg11":  # after its last pool too, where a cell is one column of the first layer
        check_drops(module, Network(module, layer="features.20", size=size, dtype=torch.float64), photo)


@pytest.mark.parametrize("name", EARLIER)
def test_a_cut_in_the_middle_is_exact_too(name):
    module, size = built(name)
    net = Network(module, layer=EARLIER[name], size=size, dtype=torch.float64)
    assert net.head.kind == "general"
    photo = torch.randn(1, 3, *size, dtype=torch.float64)
    check_drops(module, net, photo)
    check_gradients(module, net, photo)
