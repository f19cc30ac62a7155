"""The figures of the CAM papers, worked out by hand; and masks, fills and curves on tiny photos."""

import numpy as np
import pytest
import torch

from explain.cam import CamError, Network
from explain.cam.metrics.faithfulness import area_under, faithfulness
from explain.cam.metrics.masking import (
    FILLS,
    Masking,
    deletion_auc,
    deletion_curve,
    insertion_curve,
    masked_batch,
    masks_of,
    measure,
    measure_maps,
)
from explain.cam.metrics.sanity import forgetful, randomisation_check


def test_the_figures_equal_a_calculation_by_hand():
    whole = np.array([0.8, 0.5, 0.5, 1.0])
    left = {"a": np.array([0.4, 0.6, 0.5, 0.5]), "b": np.array([0.2, 0.6, 0.1, 0.75])}
    figures = faithfulness(whole, left, confidence=True)
    assert figures["a"].average_drop == pytest.approx((50 + 0 + 0 + 50) / 4)
    assert figures["b"].average_drop == pytest.approx((75 + 0 + 80 + 25) / 4)
    assert figures["a"].increase == figures["b"].increase == pytest.approx(25)  # equal is not more
    assert figures["a"].average_gain == pytest.approx(100 * (0.1 / 0.5) / 4)
    assert figures["a"].win == pytest.approx(100 * (1 + 0.5 + 1 + 0) / 4)  # the second photo is a tie
    assert figures["a"].win + figures["b"].win == pytest.approx(100)
    assert (figures["a"].photos, figures["a"].excluded) == (4, 0)


def test_photos_with_a_negative_or_zero_score_are_left_out_and_counted():
    figures = faithfulness(np.array([2.0, -1.0, 0.0]), {"a": np.array([1.0, 9.0, 9.0])}, confidence=False)[
        "a"
    ]
    assert (figures.average_drop, figures.increase, figures.win) == (50, 0, 100)
    assert (figures.photos, figures.excluded) == (1, 2)
    assert figures.average_gain is None


def test_nothing_above_zero_is_an_error():
    with pytest.raises(CamError, match="none of 2 photos"):
        faithfulness(np.array([-1.0, 0.0]), {"a": np.zeros(2)}, confidence=False)


def test_scores_that_do_not_match_the_photos_are_an_error():
    with pytest.raises(CamError, match="one per photo"):
        faithfulness(np.ones(3), {"a": np.ones(2)}, confidence=True)


def test_a_drop_is_never_negative_however_large_the_increase():
    assert faithfulness(np.array([0.1]), {"a": np.array([0.9])}, confidence=True)["a"].average_drop == 0


def test_the_area_under_a_curve_is_by_trapezoids():
    assert area_under(np.array([0.0, 0.5, 1.0])) == pytest.approx(0.5)
    assert area_under(np.array([1.0, 0.0, 0.0, 0.0])) == pytest.approx(1 / 6)


TIES = torch.tensor([[[0.0, 0.0], [0.0, 1.0]], [[0.0, 0.0], [0.0, 0.0]]])


def test_the_top_mask_keeps_exactly_its_share_of_a_map_with_ties_or_a_blank_one():
    """`map >= percentile` would keep the whole photo here, because over 80 % of the map is zero."""
    masks = masks_of(TIES, (10, 10), Masking())
    assert masks.sum((1, 2)).tolist() == [20, 20]
    assert masks[0, 9, 9] == 1
    assert masks[1].flatten()[:20].tolist() == [1.0] * 20  # a blank map: the first pixels, by stable sort


def test_the_soft_mask_is_the_map_over_its_maximum_and_nothing_for_a_blank_map():
    masks = masks_of(TIES * 5, (2, 2), Masking(mask="soft"))
    assert masks.tolist() == TIES.tolist()


def test_the_mask_of_the_published_code_keeps_soft_values_from_the_percentile_up():
    cells = torch.arange(1.0, 11.0).view(1, 1, 10)
    masks = masks_of(cells, (1, 10), Masking(mask="authors", share=0.2))
    assert masks[0, 0].tolist() == pytest.approx([0] * 8 + [0.9, 1.0])


@pytest.mark.parametrize("values", [{"mask": "hard"}, {"fill": "white"}, {"share": 0}, {"share": 1.5}])
def test_a_mask_that_does_not_exist_is_refused(values):
    with pytest.raises(CamError, match=r"top, soft, authors|0\.2 keeps"):
        Masking(**values)


@pytest.fixture
def two():
    """Reads 2 × 2 photos: class 0 is the mean of all values, class 1 always 0."""
    module = torch.nn.Sequential(
        torch.nn.Identity(),
        torch.nn.AdaptiveAvgPool2d(1),
        torch.nn.Flatten(),
        torch.nn.Linear(3, 2, bias=False),
    )
    module[3].weight.data = torch.tensor([[1.0, 1.0, 1.0], [0.0, 0.0, 0.0]])
    return Network(
        module, layer="0", size=2, mean=(0.5, 0.5, 0.5), std=(0.25, 0.25, 0.25), dtype=torch.float64
    )


def test_black_is_black_in_the_photo_and_mean_is_zero_after_normalisation(two):
    batch = torch.ones(1, 3, 2, 2, dtype=torch.float64)
    cells = torch.tensor([[[0.0, 0.0], [0.0, 1.0]]])
    black = masked_batch(two, batch, cells, Masking(share=0.25, fill="black"))
    assert black[0, 0].tolist() == [[-2, -2], [-2, 1]]  # (0 − 0.5) / 0.25
    mean = masked_batch(two, batch, cells, Masking(share=0.25, fill="mean"))
    assert mean[0, 2].tolist() == [[0, 0], [0, 1]]
    blur = masked_batch(two, batch, cells, Masking(share=0.25, fill="blur"))
    torch.testing.assert_close(blur, batch)  # a flat photo blurs to itself


def test_scores_on_what_is_left_are_those_of_the_network(two):
    batch = torch.ones(1, 3, 2, 2, dtype=torch.float64)
    cells = {"corner": torch.tensor([[[0.0, 0.0], [0.0, 1.0]]])}
    whole = measure(two, batch, torch.tensor([0]))
    assert whole.activation.tolist() == pytest.approx([3])
    assert whole.confidence.tolist() == pytest.approx([1 / (1 + np.exp(-3))])
    left = measure_maps(two, batch, cells, torch.tensor([0]), Masking(share=0.25, fill="mean"))
    assert left["corner"].activation.tolist() == pytest.approx([0.75])


def test_insertion_and_deletion_run_from_the_fill_to_the_photo_and_back(two):
    photo = torch.ones(3, 2, 2, dtype=torch.float64)
    cells = torch.tensor([[0.0, 3.0], [2.0, 1.0]])
    logits = 3 * np.arange(5) / 4
    curve = insertion_curve(two, photo, cells, 0, steps=4, fill="mean")
    assert curve.tolist() == pytest.approx((1 / (1 + np.exp(-logits))).tolist())
    gone = deletion_curve(two, photo, cells, 0, steps=4, fill="mean")
    assert gone.tolist() == pytest.approx(curve[::-1].tolist())


def test_deleting_the_important_pixels_first_gives_the_smaller_area(two):
    photo = torch.zeros(3, 2, 2, dtype=torch.float64)
    photo[:, 0, 1] = 4
    good, bad = torch.tensor([[0.0, 1.0], [0.0, 0.0]]), torch.tensor([[1.0, 0.0], [1.0, 1.0]])
    assert deletion_auc(two, photo, good, 0, fill="mean") < deletion_auc(two, photo, bad, 0, fill="mean")


@pytest.mark.parametrize("fill", FILLS)
def test_every_fill_keeps_the_shape(two, fill):
    batch = torch.randn(2, 3, 2, 2, dtype=torch.float64)
    left = masked_batch(two, batch, torch.rand(2, 2, 2), Masking(fill=fill))
    assert left.shape == batch.shape
    assert torch.isfinite(left).all()


def test_a_map_that_ignores_the_network_does_not_change_when_it_forgets():
    torch.manual_seed(0)
    module = torch.nn.Sequential(
        torch.nn.Conv2d(3, 12, 3, padding=1), torch.nn.ReLU(), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(),
        torch.nn.Linear(12, 5),
    )  # fmt: skip
    net = Network(module.eval(), layer="1", size=12)
    batch = torch.randn(6, 3, 12, 12)
    correlations = randomisation_check(net, batch, ["centre", "pixel-ablation-cam/weights"])
    assert correlations["centre"].tolist() == pytest.approx([1.0] * 6)
    changed = correlations["pixel-ablation-cam/weights"]
    assert np.nanmean(np.abs(changed)) < 0.9


def test_forgetting_shuffles_a_copy_the_same_way_each_time():
    module = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(4, 2))  # fmt: skip
    net = Network(module.eval(), layer="0", size=8)
    before = net.weights_sha256
    last = forgetful(net, parts=1)
    assert torch.equal(last.module[0].weight, module[0].weight)
    assert not torch.equal(last.module[3].weight, module[3].weight)
    assert sorted(last.module[3].weight.flatten().tolist()) == sorted(module[3].weight.flatten().tolist())
    assert forgetful(net).weights_sha256 == forgetful(net).weights_sha256 != before
    assert Network(module, layer="0", size=8).weights_sha256 == before
