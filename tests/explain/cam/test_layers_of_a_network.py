"""Every layer that can be cut at is offered, the deepest last, and each of them can indeed be cut at."""

from explain.cam import Network
from explain.cam.layers import default_layer, layers_of


def test_every_layer_that_is_offered_can_be_cut_at():
    import torch

    torch.set_num_threads(1)
    network = Network.load("timm:test_efficientnet")
    layers = layers_of(network)
    assert layers[-1][0] == network.layer
    assert len({name for name, *_ in layers}) == len(layers)
    batch = torch.zeros(1, 3, *network.preprocessing.size)
    for name, channels, height, width in (layers[0], layers[len(layers) // 2], layers[-1]):
        cut = Network.load("timm:test_efficientnet", layer=name)
        assert tuple(cut.features(batch).shape) == (1, channels, height, width)


def test_a_network_without_a_linear_part_is_cut_before_the_convolution_that_classifies():
    """Cut behind it, a map would be of the class scores, not of what the network saw."""
    import torch
    from torch import nn

    torch.set_num_threads(1)
    module = nn.Sequential(nn.Conv2d(3, 8, 3), nn.Conv2d(8, 5, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    assert default_layer(module.eval(), torch.zeros(1, 3, 8, 8)) == "0"
