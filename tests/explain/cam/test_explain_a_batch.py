"""explain() against numbers worked out on paper, and what it refuses."""

import pytest
import torch

from explain.cam import METHODS, CamError, explain
from explain.cam.names import ATTENTION, CONTROL_NAMES, OWN, OWN_NAMES

PAPER = ["grad-cam", "ablation-cam", "pixel-ablation-cam"]


def close(actual, expected):
    torch.testing.assert_close(actual, torch.tensor(expected, dtype=torch.float64), rtol=1e-10, atol=1e-12)


def test_maps_equal_a_calculation_by_hand(tiny, tiny_batch):
    """W_0 = (1, −2, 3), bias ½; means 2½, ½, ½: Y = 2½ − 1 + 1½ + ½ = 3½."""
    out = explain(tiny, tiny_batch, methods=PAPER, targets=[0])
    close(out.logits, [[3.5, -2.5]])
    close(out.drops["channel"] * 3.5, [[2.5, -1.0, 1.5]])
    close(out.drops["cell"] * 3.5 * 4, [[[7.0, 0.0], [3.0, 2.0]]])
    close(out.maps["grad-cam"] * 4, [[[7.0, 0.0], [3.0, 2.0]]])
    close(out.maps["ablation-cam"] * 3.5, [[[5.5, 4.0], [7.5, 9.0]]])
    close(out.maps["pixel-ablation-cam"] * 14, [[[21.0, 0.0], [9.0, 10.0]]])


def test_a_negative_score_does_not_turn_the_map_around(tiny, tiny_batch):
    """Class 1: W = (−1, 0, 0), Y = −2½. Without its cells the score rises, so every drop is negative."""
    out = explain(tiny, tiny_batch, methods=PAPER, targets=[1])
    close(out.drops["channel"], [[-1.0, 0.0, 0.0]])
    close(out.drops["cell"] * 10, [[[-1.0, -2.0], [-3.0, -4.0]]])
    for name in PAPER:
        assert not out.maps[name].any()


def test_the_top_class_is_explained_when_no_target_is_given(tiny, tiny_batch):
    out = explain(tiny, tiny_batch, methods=["grad-cam"])
    assert out.targets.tolist() == [0]
    assert out.drops == {}


def test_drops_of_the_probability_equal_softmax_with_the_cell_or_channel_gone(tiny, tiny_batch):
    out = explain(tiny, tiny_batch, methods=PAPER, targets=[0], score="probability")
    whole = tiny.module(tiny_batch).softmax(1)[0, 0]
    for cell in range(4):
        ablated = tiny_batch.clone()
        ablated[0, :, cell // 2, cell % 2] = 0
        left = tiny.module(ablated).softmax(1)[0, 0]
        torch.testing.assert_close(out.drops["cell"].view(-1)[cell], (whole - left).detach() / whole.detach())
    for channel in range(3):
        ablated = tiny_batch.clone()
        ablated[0, channel] = 0
        left = tiny.module(ablated).softmax(1)[0, 0]
        torch.testing.assert_close(out.drops["channel"][0, channel], (whole - left).detach() / whole.detach())


def test_a_photo_gives_the_same_bits_whatever_company_it_came_in(tiny, tiny_batch):
    crowd = torch.cat([tiny_batch * 3, tiny_batch, tiny_batch - 1])
    alone, among = explain(tiny, tiny_batch, methods=PAPER), explain(tiny, crowd, methods=PAPER)
    for name in PAPER:
        assert torch.equal(alone.maps[name][0], among.maps[name][1])


def test_every_chunk_is_as_large_as_the_others_so_that_a_photo_alone_is_computed_as_in_a_crowd(
    tiny, tiny_batch, monkeypatch
):
    """Where libraries choose their sums by the size of a batch, a last short chunk would give other bits."""
    run, seen = tiny.run_checked, []
    monkeypatch.setattr(tiny, "run_checked", lambda photos: seen.append(photos) or run(photos))
    crowd = torch.cat([tiny_batch * factor for factor in (1, 2, 3, 4)])
    out = explain(tiny, crowd, methods=PAPER, targets=[0, 1, 0, 1], chunk=3)
    assert [len(photos) for photos in seen] == [3, 3]
    assert not seen[1][1:].any()
    assert out.targets.tolist() == [0, 1, 0, 1]
    assert len(out.logits) == 4
    assert {len(values) for values in [*out.maps.values(), *out.drops.values()]} == {4}
    assert out.manifest["chunk"] == 3


def test_an_unknown_method_is_answered_with_the_list(tiny, tiny_batch):
    with pytest.raises(
        CamError,
        match=r"unknown method gradcam; choose from grad-cam, .*pixel-ablation-cam.*did you mean grad-cam",
    ):
        explain(tiny, tiny_batch, methods=["gradcam"])


@pytest.mark.parametrize(
    ("targets", "message"),
    [([2], "give 0 to 1"), ([-1], "no class"), ([0, 1], "one per photo"), ([0.5], "class indices")],
)
def test_targets_that_are_no_classes_are_refused(tiny, tiny_batch, targets, message):
    with pytest.raises(CamError, match=message):
        explain(tiny, tiny_batch, methods=["grad-cam"], targets=targets)


@pytest.mark.parametrize(
    ("batch", "description"),
    [
        (torch.zeros(3, 2, 2), r"\(3, 2, 2\)"),
        (torch.zeros(1, 4, 2, 2), r"\(1, 4, 2, 2\)"),
        (torch.zeros((1, 3, 2, 2), dtype=torch.uint8), "uint8"),
        (None, "NoneType"),
    ],
)
def test_a_batch_of_another_shape_is_refused_and_said_to_be_what_it_is(tiny, batch, description):
    with pytest.raises(CamError, match=f"{description}.*preprocess"):
        explain(tiny, batch, methods=["grad-cam"])


def test_an_unknown_score_is_refused(tiny, tiny_batch):
    with pytest.raises(CamError, match="logit or probability"):
        explain(tiny, tiny_batch, methods=["grad-cam"], score="softmax")


def test_names_without_torch_are_those_of_the_registry():
    ours = {
        name: method for name, method in METHODS.items() if not method.origin and name not in ATTENTION
    }  # those come in when they are asked for
    assert tuple(ours) == OWN_NAMES
    assert {name: method.parameters for name, method in ours.items()} == {
        name: OWN[name].parameters for name in OWN
    }
    assert tuple(name for name, method in ours.items() if method.citation == "control") == CONTROL_NAMES


def test_several_classes_of_each_photo_come_from_one_pass_and_equal_those_of_one(
    tiny, tiny_batch, monkeypatch
):
    run, passes = tiny.run_checked, []
    monkeypatch.setattr(tiny, "run_checked", lambda photos: passes.append(photos) or run(photos))
    crowd = torch.cat([tiny_batch, tiny_batch * 2])
    both = explain(tiny, crowd, methods=PAPER, targets=[[0, 1], [1, 0]])
    assert len(passes) == 2  # photos
    assert both.targets.tolist() == [[0, 1], [1, 0]]
    for place, targets in enumerate(([0, 1], [1, 0])):
        one = explain(tiny, crowd, methods=PAPER, targets=targets)
        for name in PAPER:
            assert torch.equal(both.maps[name][:, place], one.maps[name])
        assert {kind: torch.equal(drops[:, place], one.drops[kind]) for kind, drops in both.drops.items()} == {
            "cell": True, "channel": True,
        }  # fmt: skip


def test_noise_of_another_class_is_other_noise(tiny, tiny_batch):
    noise = explain(tiny, tiny_batch, methods=["random"], targets=[[0, 1, 0]]).maps["random"][0]
    assert torch.equal(noise[0], noise[2])
    assert not torch.equal(noise[0], noise[1])


@pytest.mark.parametrize("targets", [[[0], [1]], [[]], [[0, 2]]])
def test_classes_that_do_not_fit_are_refused(tiny, tiny_batch, targets):
    with pytest.raises(CamError, match=r"targets are|target 2 is no class"):
        explain(tiny, tiny_batch, methods=PAPER, targets=torch.tensor(targets, dtype=torch.int64))
