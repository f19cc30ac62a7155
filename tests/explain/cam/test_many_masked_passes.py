"""RISE, occlusion and Score-CAM run the network on many masked copies: by the authors' definitions, and the same bits each time."""

from itertools import product

import numpy as np
import pytest
import torch
from scipy.ndimage import zoom
from torch import nn

from explain.cam import METHODS, CamError, Network, explain, masked_passes
from explain.cam.case import Case
from explain.cam.masked_passes import fitting, rise

PARAMETERS = {"rise": {"masks": 30, "cells": 3, "seed": 5}, "occlusion": {"window": 4, "stride": 3}}


def network(dtype=torch.float64) -> Network:
    torch.manual_seed(3)
    module = nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 5, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten()
    )
    return Network(module.eval(), layer="1", size=(8, 11), dtype=dtype)


def photos(count=1, dtype=torch.float64):
    return torch.randn(count, 3, 8, 11, generator=torch.Generator().manual_seed(1), dtype=dtype)


def case_of(score, photo) -> Case:
    """A network that is a function of the photo alone."""
    return Case(photo, photo, None, torch.tensor([0]), None, lambda copies: score(copies)[:, None])


def the_mask(grid, place, height, width):
    """Section 3.2 of the paper, by another program's bilinear upsampling."""
    cells = len(grid)
    square = (-(-height // cells), -(-width // cells))
    factors = [(cells + 1) * side / cells for side in square]
    large = zoom(grid.astype(float), factors, order=1, mode="nearest", grid_mode=True)
    return large[place[0] : place[0] + height, place[1] : place[1] + width]


def test_rise_is_the_authors_sum_over_their_masks():
    net, photo = network(), photos()
    out = explain(net, photo, ["rise"], targets=[2], parameters={"rise": {**PARAMETERS["rise"], "p": 0.3}})
    chance = np.random.default_rng(5)
    grids, places = chance.random((30, 3, 3)) < 0.3, chance.integers(0, (3, 4), (30, 2))
    total = np.zeros((8, 11))
    for grid, place in zip(grids, places, strict=True):
        mask = the_mask(grid, place, 8, 11)
        with torch.no_grad():
            total += float(net.module(photo * torch.from_numpy(mask))[0, 2]) * mask
    total /= 30 * 0.3
    torch.testing.assert_close(
        out.maps["rise"][0], torch.from_numpy(total - total.min()), rtol=1e-10, atol=1e-12
    )


def test_rise_is_unbiased_for_the_mean_score_where_a_pixel_is_kept():
    """Every mask of a grid of 2 × 2 over 4 × 4 pixels, 16 grids at 4 places, gives the expectation; the mean over seeds comes to it."""
    weights = torch.arange(16, dtype=torch.float64).view(4, 4) - 6

    def score(copies):
        return (copies[:, 0] * weights).sum((1, 2)) ** 2 / 50 + 3

    photo = torch.ones(1, 1, 4, 4, dtype=torch.float64)
    expected = np.zeros((4, 4))
    for bits, place in product(product((0, 1), repeat=4), product((0, 1), repeat=2)):
        mask = the_mask(np.reshape(bits, (2, 2)), place, 4, 4)
        expected += float(score(torch.from_numpy(mask)[None, None])[0]) * mask / (64 * 0.5)
    found = np.stack([rise(case_of(score, photo), 0, 400, 2, 0.5, seed).numpy() for seed in range(40)])
    error = found.std(axis=0, ddof=1) / np.sqrt(len(found))
    assert (np.abs(found.mean(axis=0) - expected) < 4.5 * error).all()
    assert error.max() < 0.025 * np.ptp(expected)


def test_every_pixel_is_kept_with_probability_p():
    ones = rise(
        case_of(lambda copies: copies.new_ones(len(copies)), photos(dtype=torch.float64)), 0, 6000, 3, 0.3, 0
    )
    assert np.abs(ones.numpy() - 1).max() < 0.1


def test_rise_finds_the_only_pixels_that_count():
    def score(copies):
        return copies[:, 0, 1:3, 8:10].mean((1, 2))

    found = rise(case_of(score, torch.ones(1, 3, 8, 11, dtype=torch.float64)), 0, 4000, 7, 0.5, 0).numpy()
    assert np.unravel_index(found.argmax(), found.shape) in list(product((1, 2), (8, 9)))


def test_occlusion_is_the_mean_drop_of_the_squares_over_a_pixel():
    net, photo = network(), photos()
    drops, times = np.zeros((8, 11)), np.zeros((8, 11))
    with torch.no_grad():
        whole = float(net.module(photo)[0, 3])
        for top, left in product((0, 3, 6), (0, 3, 6, 9)):
            copy = photo.clone()
            copy[0, :, top : top + 4, left : left + 4] = 0
            drops[top : top + 4, left : left + 4] += whole - float(net.module(copy)[0, 3])
            times[top : top + 4, left : left + 4] += 1
    out = explain(
        net,
        photo,
        ["occlusion"],
        targets=[3],
        parameters={"occlusion": {**PARAMETERS["occlusion"], "baseline": "mean"}},
    )
    assert times.min() == 1
    expected = torch.from_numpy(drops / times)
    assert (expected > 0).any()
    assert (expected < 0).any()
    torch.testing.assert_close(out.maps["occlusion"][0], expected.clamp_min(0), rtol=1e-6, atol=1e-9)


def test_occlusion_is_captums():
    pytest.importorskip("captum")
    net, photo = network(), photos()
    asked = {"occlusion": {"window": 4, "stride": 2}, "captum:Occlusion": {"window": 4, "stride": 2}}
    out = explain(net, photo, list(asked), targets=[1], parameters=asked)
    torch.testing.assert_close(out.maps["occlusion"], out.maps["captum:Occlusion"], rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("name", ["rise", "occlusion", "score-cam"])
def test_a_map_has_the_same_bits_in_any_company_and_order(name):
    net, some = network(torch.float32), photos(3, torch.float32)
    given = {name: PARAMETERS.get(name, {})}
    together = explain(net, some, [name], targets=[0, 1, 2], parameters=given).maps[name]
    other_way = explain(net, some.flip(0), [name], targets=[2, 1, 0], parameters=given, chunk=2).maps[name]
    assert torch.equal(together, explain(net, some, [name], targets=[0, 1, 2], parameters=given).maps[name])
    torch.testing.assert_close(other_way.flip(0), together, rtol=0, atol=1e-5 * float(together.max()))
    for photo in range(3):
        alone = explain(net, some[photo : photo + 1], [name], targets=[photo], parameters=given).maps[name]
        assert torch.equal(alone[0], together[photo])


@pytest.mark.parametrize("name", ["rise", "occlusion"])
@pytest.mark.parametrize("size", [1, 7, 64])
def test_another_size_of_pass_gives_the_same_map(monkeypatch, name, size):
    net, photo = network(torch.float32), photos(dtype=torch.float32)
    given = {name: PARAMETERS[name]}
    usual = explain(net, photo, [name], targets=[1], parameters=given).maps[name]
    wanted = masked_passes.scores_of_masked
    monkeypatch.setattr(
        masked_passes, "scores_of_masked", lambda *values, **more: wanted(*values, **{**more, "least": size})
    )
    other = explain(net, photo, [name], targets=[1], parameters=given).maps[name]
    torch.testing.assert_close(other, usual, rtol=0, atol=1e-5 * float(usual.max()))


def test_photos_that_only_fill_the_batch_up_cost_no_passes():
    net, passes = network(), []
    case = Case(photos(4), net.features(photos(4)), net.head, torch.zeros(4, dtype=torch.int64), net.logits(photos(4)),
                lambda copies: passes.append(len(copies)) or net.logits(copies), net=net, wanted=2)  # fmt: skip
    maps = METHODS["rise"].maps(case, {"masks": 20})
    assert sum(passes) == 2 * 20
    assert maps.shape == (4, 8, 11)
    assert not maps[2:].any()


def test_how_many_copies_fit_is_a_power_of_two_of_the_least():
    assert fitting(free=0, each=10, least=8) == 8
    assert fitting(free=319, each=10, least=8) == 8
    assert fitting(free=320, each=10, least=8) == 16
    assert fitting(free=1e12, each=10, least=8) == 512


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("rise", {"p": 1.0}, "rise with p=1.0; give the share of a photo that is kept"),
        ("rise", {"masks": 0}, "rise: masks is 0; it must be 1 or more"),
        ("rise", {"cells": 0}, "rise: cells is 0; it must be 1 or more"),
        ("occlusion", {"window": 9}, "window 9 and stride 16 do not fit a photo of 8 × 11"),
        ("occlusion", {"window": 4, "stride": 5}, "a stride no wider than the window"),
        ("occlusion", {"baseline": "pink", "window": 4, "stride": 2}, "baseline 'pink' does not exist"),
    ],
)
def test_parameters_that_make_no_sense_are_named(name, values, message):
    with pytest.raises(CamError, match=message.replace("(", r"\(")):
        explain(network(), photos(), [name], parameters={name: values})
