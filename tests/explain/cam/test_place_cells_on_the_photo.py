"""Tokens and channels last become cells, each where it lies on the photo; what cannot be placed is refused."""

import pytest
import timm
import torch
from torch import nn

from bench import zoo
from explain.cam import CamError, Network, explain

SIZE = (16, 12)  # 4 × 3 patches of 4 × 4 pixels


class Mix(nn.Module):
    """A block: every token, plus a little of all."""

    def __init__(self, width):
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.own, self.all = nn.Linear(width, width), nn.Linear(width, width)

    def forward(self, tokens):
        normed = self.norm(tokens)
        return tokens + self.own(normed).relu() + self.all(normed).relu().mean(1, keepdim=True)


class Tokens(nn.Module):
    """A transformer in small: `apart` tokens stand in front of the patches, and the first or the mean of all is read."""

    def __init__(self, apart=2, reads="first", order=None):
        super().__init__()
        self.patches = nn.Conv2d(3, 8, 4, 4)
        self.extra = nn.Parameter(torch.randn(1, apart, 8))
        self.blocks = nn.Sequential(Mix(8), Mix(8), Mix(8))
        self.fc = nn.Sequential(nn.LayerNorm(8), nn.Linear(8, 5))
        self.reads, self.order = reads, order

    def forward(self, photos):
        tokens = self.patches(photos).flatten(2).transpose(1, 2)
        if self.order is not None:
            tokens = tokens[:, self.order]
        tokens = torch.cat([self.extra.expand(len(photos), -1, -1), tokens], 1)
        tokens = self.blocks(tokens)
        return self.fc(tokens[:, 0] if self.reads == "first" else tokens.mean(1))


class ChannelsLast(nn.Module):
    def __init__(self):
        super().__init__()
        self.patches, self.stage, self.fc = (
            nn.Conv2d(3, 8, 4, 4),
            nn.Sequential(nn.Linear(8, 8), nn.GELU()),
            nn.Linear(8, 5),
        )

    def forward(self, photos):
        return self.fc(self.stage(self.patches(photos).permute(0, 2, 3, 1)).mean((1, 2)))


class Resized(Tokens):
    """Reads the number of photos and the height of its maps around the layer, as PiT does."""

    def forward(self, photos):
        maps = self.patches(photos)
        count, width, high, wide = maps.shape
        tokens = self.blocks(maps.flatten(2).transpose(1, 2))
        return self.fc(tokens.transpose(1, 2).reshape(count, width, high, wide).mean((2, 3)))


def made(kind, **given):
    torch.manual_seed(0)
    return kind(**given).double().eval()


def photos(count=2):
    return torch.randn(count, 3, *SIZE, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def network(module, **given):
    return Network(module, size=SIZE, dtype=torch.float64, **given)


@torch.no_grad()
def lost_by_hook(module, layer, photo, target, clear):
    """Y − Y' of one photo, from the whole module with a part of the layer's output at 0. It knows nothing of cuts."""

    def hook(_module, _inputs, output):
        output = output.clone()
        clear(output)
        return output

    whole = module(photo)[0, target]
    handle = module.get_submodule(layer).register_forward_hook(hook)
    left = module(photo)[0, target]
    handle.remove()
    return whole - left


def check_against_hook(module, net, clear_cell, clear_channel, cells=(4, 3)):
    batch = photos()
    out = explain(net, batch, ["pixel-ablation-cam", "ablation-cam", "grad-cam"], targets=3)
    assert out.maps["grad-cam"].shape == (2, *cells)
    for n in range(2):
        photo, size = batch[n : n + 1], out.logits[n, 3].abs()
        expected = [
            lost_by_hook(module, net.layer, photo, 3, lambda o, i=i, j=j: clear_cell(o, i, j))
            for i in range(cells[0])
            for j in range(cells[1])
        ]
        actual = out.drops["cell"][n].flatten() * size
        assert actual.abs().max() > 0
        torch.testing.assert_close(actual, torch.stack(expected), rtol=1e-8, atol=1e-11)
        expected = [
            lost_by_hook(module, net.layer, photo, 3, lambda o, k=k: clear_channel(o, k)) for k in range(8)
        ]
        torch.testing.assert_close(
            out.drops["channel"][n] * size, torch.stack(expected), rtol=1e-8, atol=1e-11
        )
    probable = explain(net, batch, ["pixel-ablation-cam"], targets=3, score="probability", chunk=2)
    alone = explain(net, batch[1:], ["pixel-ablation-cam"], targets=3, score="probability")
    torch.testing.assert_close(probable.drops["cell"][1:], alone.drops["cell"])
    together = explain(
        net, batch, ["pixel-ablation-cam", "ablation-cam++", "recipro-cam"], targets=3, chunk=2
    )
    torch.testing.assert_close(together.drops["cell"], out.drops["cell"])


def clear_token(apart):
    def clear(output, i, j):
        output[:, apart + 3 * i + j] = 0

    return clear


def clear_channel_of_tokens(apart):
    def clear(output, k):
        output[:, apart:, k] = 0

    return clear


def test_where_the_class_token_is_read_the_last_block_but_one_is_the_layer_and_each_cell_is_exact():
    module = made(Tokens)
    net = network(module)
    assert net.layer == "blocks.1"  # behind the last block the patches are read by nobody
    assert net.cells == "4 × 3 tokens, without 2 that have no place on the photo"
    assert net.manifest()["cells"] == net.cells
    check_against_hook(module, net, clear_token(2), clear_channel_of_tokens(2))


def test_where_all_tokens_are_read_the_last_block_is_the_layer():
    module = made(Tokens, apart=1, reads="mean")
    net = network(module)
    assert net.layer == "blocks"
    check_against_hook(module, net, clear_token(1), clear_channel_of_tokens(1))


def test_a_layer_whose_cells_nobody_reads_is_refused_with_one_that_will_do():
    with pytest.raises(
        CamError, match=r"do not depend on its cells.*class token.*cut at 'blocks\.1' instead"
    ):
        network(made(Tokens), layer="blocks.2")


def test_channels_last_are_known_by_what_answers():
    def clear_cell(output, i, j):
        output[:, i, j] = 0

    def clear_channel(output, k):
        output[..., k] = 0

    module = made(ChannelsLast)
    net = network(module)
    assert (net.layer, net.cells) == ("stage", "4 × 3 cells, channels last")
    check_against_hook(module, net, clear_cell, clear_channel)


def test_tokens_that_are_not_in_the_order_of_the_photo_are_refused():
    module = made(
        Tokens, apart=1, reads="mean", order=torch.randperm(12, generator=torch.Generator().manual_seed(3))
    )
    with pytest.raises(CamError, match=r"does not move with a patch.*cut at 'patches' instead"):
        network(module, layer="blocks.1")
    with pytest.raises(CamError, match=r"the last that has is 'patches', after 1 of 12"):
        network(module)


def test_rows_and_columns_that_changed_places_are_refused():
    class Turned(nn.Module):
        def __init__(self):
            super().__init__()
            self.patches, self.turned, self.fc = nn.Conv2d(3, 8, 4, 4), nn.Identity(), nn.Linear(8, 5)
            self.block = nn.Conv2d(8, 8, 1)

        def forward(self, photos):
            return self.fc(self.block(self.patches(photos).transpose(2, 3)).mean((2, 3)))

    with pytest.raises(CamError, match=r"does not move with a patch"):
        network(made(Turned), layer="block")


def test_sizes_read_around_the_layer_are_no_connection_around_it():
    module = made(Resized, apart=0)
    net = network(module, layer="blocks.1")
    assert net.cut.graph is not None
    check_against_hook(module, net, clear_token(0), clear_channel_of_tokens(0))
    with pytest.raises(CamError, match=r"for photos of 16 × 12 pixels, not of 12 × 16; stack photos"):
        explain(net, photos().transpose(2, 3), ["grad-cam"])


def test_a_network_that_says_the_same_of_every_photo_is_refused():
    module = made(Tokens)
    nn.init.zeros_(module.fc[1].weight)
    with pytest.raises(CamError, match=r"the same class scores for every photo.*give trained weights"):
        network(module)


def test_one_cell_is_no_map():
    module = nn.Sequential(
        nn.Conv2d(3, 8, 4, 4), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 5)
    ).eval()
    with pytest.raises(CamError, match=r"layer '1': its output .* no more than one cell; cut at '0' instead"):
        Network(module, layer="1", size=SIZE)


@pytest.mark.parametrize("name", ["test_vit", "test_vit2", "test_vit3"])
def test_a_transformer_of_timm_has_its_cells_in_their_places(name):
    """A patch of the photo is changed: the cell that answers most lies there."""
    net = Network.load(f"timm:{name}", class_names=["cat", "dog", "dam"])
    size = net.preprocessing.size
    plain = torch.randn(1, 3, *size, generator=torch.Generator().manual_seed(0))
    high, wide = net.features(plain).shape[2:]
    assert high == wide == size[0] // 16
    for i, j in [(0, 0), (1, high - 1), (high - 1, 2)]:
        changed = plain.clone()
        changed[:, :, 16 * i : 16 * i + 16, 16 * j : 16 * j + 16] += 3
        answer = (net.features(changed) - net.features(plain)).square().sum(1)[0]
        assert divmod(int(answer.argmax()), wide) == (i, j)


SMALL = {"depth": 3, "embed_dim": 48, "num_heads": 3}
TRANSFORMERS = {
    "beit_base_patch16_224": (64, SMALL, "blocks.2"),
    "cait_xxs24_224": (64, SMALL, "blocks"),
    "deit_tiny_distilled_patch16_224": (64, SMALL, "blocks.1"),
    "eva02_tiny_patch14_224": (56, SMALL, "blocks.2"),
    "swin_tiny_patch4_window7_224": (56, {"depths": (1, 1), "embed_dim": 24, "num_heads": (2, 4)}, "norm"),
    "vit_base_patch32_clip_224": (96, SMALL, "blocks.1"),
}


@pytest.mark.parametrize("name", TRANSFORMERS)
def test_transformers_of_timm_are_cut_at_their_last_cells_and_ablated_as_by_brute_force(name):
    size, smaller, layer = TRANSFORMERS[name]
    torch.manual_seed(0)
    module = timm.create_model(name, num_classes=5, img_size=size, **smaller).double().eval()
    net = Network(module, size=size, dtype=torch.float64)
    photo = torch.randn(1, 3, size, size, generator=torch.Generator().manual_seed(5), dtype=torch.float64)
    assert net.layer == layer
    assert zoo.largest_error(module, net, photo) < 1e-9
    assert zoo.agreement(net, photo) > 0.9
