"""Attention rollout and Chefer's relevance, against the rules worked out by hand in numpy."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as fn

from explain.cam import CamError, Network, explain

SIZE = (16, 12)


class Attends(nn.Module):
    """One block with two heads. `kept` holds what it attended to, with its gradient, in the written form."""

    def __init__(self, fused):
        super().__init__()
        self.qkv, self.out, self.fused = nn.Linear(8, 24), nn.Linear(8, 8), fused
        self.kept = []

    def forward(self, tokens):
        count, length, width = tokens.shape
        query, key, value = self.qkv(tokens).view(count, length, 3, 2, 4).permute(2, 0, 3, 1, 4)
        if self.fused:
            mixed = fn.scaled_dot_product_attention(query, key, value)
        else:
            attention = (query @ key.transpose(2, 3) / 2).softmax(-1)
            self.kept.append(attention)
            mixed = attention @ value
        return tokens + self.out(mixed.transpose(1, 2).reshape(count, length, width))


class Small(nn.Module):
    def __init__(self, fused, reads):
        super().__init__()
        self.patches, self.first = nn.Conv2d(3, 8, 4, 4), nn.Parameter(torch.zeros(1, 1, 8))
        self.blocks, self.fc = nn.Sequential(Attends(fused), Attends(fused), Attends(fused)), nn.Linear(8, 4)
        self.reads = reads

    def forward(self, photos):
        tokens = self.patches(photos).flatten(2).transpose(1, 2)
        tokens = self.blocks(torch.cat([self.first.expand(len(photos), -1, -1), tokens], 1))
        return self.fc(tokens[:, 0] if self.reads == "first" else tokens[:, 1:].mean(1))


def made(fused, reads):
    torch.manual_seed(0)
    module = Small(fused, reads).double().eval()
    for parameter in module.blocks.parameters():
        nn.init.normal_(parameter, std=0.5)
    return module


def by_hand(module, photo, target):
    """(rollout, relevance), each (4, 3), from the attention that the written form keeps."""
    score = module(photo)[0, target]
    layers = [block.kept.pop() for block in module.blocks]
    gradients = [g[0].numpy() for g in torch.autograd.grad(score, layers)]
    layers = [layer[0].detach().numpy() for layer in layers]
    rows = [0] if module.reads == "first" else range(1, 13)
    rolled = related = np.eye(13)
    for attention, gradient in zip(layers, gradients, strict=True):
        rolled = (0.5 * attention.mean(0) + 0.5 * np.eye(13)) @ rolled
        related = related + np.maximum(attention * gradient, 0).mean(0) @ related
    return [np.mean([flow[row, 1:] for row in rows], 0).reshape(4, 3) for flow in (rolled, related)]


@pytest.mark.parametrize("reads", ["first", "mean"])
@pytest.mark.parametrize("fused", [True, False])
def test_both_are_the_rules_worked_out_by_hand(fused, reads):
    photos = torch.randn(2, 3, *SIZE, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    net = Network(made(fused, reads), size=SIZE, dtype=torch.float64)
    maps = explain(net, photos, ["attention-rollout", "attention-relevance"], targets=[1, 2]).maps
    written = made(False, reads)
    for n, target in enumerate((1, 2)):
        for name, expected in zip(maps, by_hand(written, photos[n : n + 1], target), strict=True):
            np.testing.assert_allclose(maps[name][n].numpy(), expected, rtol=1e-9)


def test_a_network_without_attention_is_refused():
    module = nn.Sequential(
        nn.Conv2d(3, 6, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 4)
    )
    with pytest.raises(
        CamError, match=r"attention-rollout reads the attention of a transformer.*use grad-cam"
    ):
        explain(Network(module.eval(), size=SIZE), torch.randn(1, 3, *SIZE), ["attention-rollout"])


def test_tokens_that_the_network_is_not_cut_at_are_refused():
    net = Network(made(True, "first").float(), layer="patches", size=SIZE)
    with pytest.raises(CamError, match=r"attention-relevance needs layers in which all 12 tokens.*13 × 13"):
        explain(net, torch.randn(1, 3, *SIZE), ["attention-relevance"])
