"""Each method against a calculation by hand or its paper's steps written out again."""

import numpy as np
import pytest
import torch
from torch import nn

from explain.cam import METHODS, CamError, Network, explain
from explain.cam.names import OWN_NAMES
from tests.explain.cam.conftest import TINY_FEATURES, Tiny

A = torch.tensor(TINY_FEATURES, dtype=torch.float64)
W = torch.tensor([1.0, -2.0, 3.0], dtype=torch.float64)


def close(actual, expected):
    torch.testing.assert_close(actual, torch.as_tensor(expected, dtype=torch.float64), rtol=1e-10, atol=1e-12)


def one_map(net, batch, name, target=0, **parameters):
    out = explain(net, batch, [name], targets=[target] * len(batch), parameters={name: parameters})
    return out.maps[name][0]


def test_grad_cam_plus_plus_by_hand(tiny, tiny_batch):
    """g = W/4 in all four cells, ΣA = 10, 2, 2: α = 1/(2 + g ΣA) = 1/4.5, …, 1/3.5; the second channel's g < 0."""
    weights = [4 * (1 / 4.5) * 0.25, 0.0, 4 * (1 / 3.5) * 0.75]
    close(one_map(tiny, tiny_batch, "grad-cam++"), sum(w * a for w, a in zip(weights, A, strict=True)))


def test_grad_cam_plus_plus_keeps_its_precision_where_gradients_are_tiny(tiny, tiny_batch):
    """An ε in the denominator would drown g² = 1e-18: the map must only scale."""
    before = one_map(tiny, tiny_batch, "grad-cam++")
    small = Tiny()
    small.fc.weight.data[0] = W.float() * 1e-9
    net = Network(small, layer="layer", size=2, dtype=torch.float64)
    after = one_map(net, tiny_batch, "grad-cam++")
    g = W.float().double() * 1e-9 / 4
    alpha = 1 / (2 + g * A.sum((1, 2)))
    expected = torch.einsum("k,khw->hw", 4 * alpha * g.clamp_min(0), A)
    torch.testing.assert_close(after / after.max(), expected / expected.max(), rtol=1e-6, atol=0)
    assert before.max() > 0


def test_hirescam_and_layer_cam_by_hand(tiny, tiny_batch):
    close(one_map(tiny, tiny_batch, "hirescam") * 4, [[7.0, 0.0], [3.0, 2.0]])
    close(
        one_map(tiny, tiny_batch, "layer-cam") * 4, [[7.0, 2.0], [3.0, 4.0]]
    )  # the negative channel says nothing


def test_pixel_ablation_cam_weights_is_grad_cam_up_to_a_constant_behind_an_average_pool(tiny, tiny_batch):
    """A fact of linear heads: w_ij = Grad-CAM / |Y|, so only the × A of equation 5 tells the two apart."""
    weights = one_map(tiny, tiny_batch, "pixel-ablation-cam/weights")
    close(weights * 3.5, one_map(tiny, tiny_batch, "grad-cam"))


@pytest.mark.parametrize("target", [0, 1])
def test_the_authors_variant_follows_the_published_steps(tiny, tiny_batch, target):
    """Every cell zeroed in turn, (Y − Y_ij)/(Y + 1e-9), min-max to 0..1, times the sum over channels."""
    with torch.no_grad():
        score = tiny.module(tiny_batch)[0, target]
        weights = torch.zeros(2, 2, dtype=torch.float64)
        for i in range(2):
            for j in range(2):
                ablated = tiny_batch.clone()
                ablated[0, :, i, j] = 0
                weights[i, j] = (score - tiny.module(ablated)[0, target]) / (score + 1e-9)
    weights = (weights - weights.min()) / (weights.max() - weights.min())
    expected = torch.zeros(2, 2, dtype=torch.float64)
    for channel in tiny_batch[0]:
        expected += channel * weights
    close(one_map(tiny, tiny_batch, "pixel-ablation-cam/authors", target), expected)


def test_the_authors_variant_of_equal_weights_is_blank_and_not_nan(tiny):
    assert not one_map(tiny, torch.ones(1, 3, 2, 2, dtype=torch.float64), "pixel-ablation-cam/authors").any()


def test_score_cam_follows_algorithm_1():
    torch.manual_seed(0)
    module = nn.Sequential(
        nn.Conv2d(3, 5, 3, stride=2, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(5, 4)
    )  # fmt: skip
    net = Network(module.eval(), layer="1", size=8, dtype=torch.float64)
    photo = torch.randn(1, 3, 8, 8, dtype=torch.float64)
    module = net.module
    with torch.no_grad():
        features = module[1](module[0](photo))[0]
        scores = []
        for channel in features:
            scaled = (channel - channel.min()) / (channel.max() - channel.min())
            mask = nn.Upsample(size=(8, 8), mode="bilinear")(scaled[None, None])
            scores.append(module(photo * mask)[0, 2])
        weights = torch.softmax(torch.stack(scores), 0)
        expected = (weights[:, None, None] * features).sum(0).relu()
    assert expected.max() > 0
    close(one_map(net, photo, "score-cam", 2), expected)
    close(one_map(net, photo, "score-cam", 2, chunk=1), expected)


def test_score_cam_gives_a_constant_channel_no_weight(tiny):
    flat = torch.full((1, 3, 2, 2), 2.0, dtype=torch.float64)
    assert not one_map(tiny, flat, "score-cam").any()


def test_recipro_cam_keeps_one_neighbourhood_and_asks_for_the_score(tiny, tiny_batch):
    scores = torch.zeros(2, 2, dtype=torch.float64)
    for i in range(2):
        for j in range(2):
            mask = torch.full((2, 2), 0.25, dtype=torch.float64)
            mask[i, :] = mask[:, j] = 0.5
            mask[i, j] = 1
            scores[i, j] = tiny.module(tiny_batch * mask)[0, 0].detach()
    close(one_map(tiny, tiny_batch, "recipro-cam"), scores - scores.min())


def test_grouped_ablation_with_no_pruning_is_ablation_cam(tiny, tiny_batch):
    exact = one_map(tiny, tiny_batch, "ablation-cam")
    close(one_map(tiny, tiny_batch, "ablation-cam++", threshold=0.0, depth=100), exact)


def test_grouped_ablation_of_one_group_shares_its_drop(tiny, tiny_batch):
    """All three channels gone leave the bias ½ of 3½: a drop of 3/3½, a third of it for each."""
    expected = A.sum(0) / 3.5
    close(one_map(tiny, tiny_batch, "ablation-cam++", groups=1, depth=0), expected)
    close(one_map(tiny, tiny_batch, "ablation-cam++", groups=1, threshold=2.0), expected)  # pruned


def test_grouped_ablation_gives_a_dead_channel_nothing(tiny):
    batch = torch.tensor([TINY_FEATURES], dtype=torch.float64)
    batch[0, 1] = 0
    close(one_map(tiny, batch, "ablation-cam++", groups=1, depth=0), (A[0] + A[2]) * (4 / 4.5 / 2))
    assert not one_map(tiny, torch.zeros(1, 3, 2, 2, dtype=torch.float64), "ablation-cam++").any()


def test_the_random_control_is_seeded_by_the_photo(tiny, tiny_batch):
    again, other = one_map(tiny, tiny_batch, "random"), one_map(tiny, tiny_batch + 1, "random")
    crowd = explain(tiny, torch.cat([tiny_batch + 1, tiny_batch]), ["random"]).maps["random"]
    assert torch.equal(again, crowd[1])
    assert torch.equal(other, crowd[0])
    assert not torch.equal(again, other)
    assert not torch.equal(again, one_map(tiny, tiny_batch, "random", seed=1))
    assert ((again >= 0) & (again < 1)).all()


def test_the_centre_control_is_a_bell_in_the_middle(tiny):
    batch = torch.zeros(1, 3, 5, 7, dtype=torch.float64)
    centre = one_map(tiny, batch, "centre")
    assert centre[2, 3] == 1
    close(centre, centre.flip(0).flip(1))
    close(centre[2, 0], np.exp(-((3 / 7) ** 2) / (2 * 0.25**2)))


def test_an_unknown_parameter_is_answered_with_those_that_exist(tiny, tiny_batch):
    with pytest.raises(CamError, match="no parameter 'group'; it has: groups, depth, threshold"):
        one_map(tiny, tiny_batch, "ablation-cam++", group=3)
    with pytest.raises(CamError, match="not asked for"):
        explain(tiny, tiny_batch, ["grad-cam"], parameters={"random": {"seed": 1}})
    with pytest.raises(CamError, match="at least one group"):
        one_map(tiny, tiny_batch, "ablation-cam++", groups=0)


OF_PIXELS = {"full-grad": {}, "rise": {"masks": 20}, "occlusion": {"window": 4, "stride": 2}}


@pytest.mark.parametrize("name", OWN_NAMES)
@pytest.mark.parametrize("score", ["logit", "probability"])
def test_every_method_gives_a_map_of_the_layers_size_that_does_not_depend_on_company(name, score):
    torch.manual_seed(0)
    module = nn.Sequential(
        nn.Conv2d(3, 6, 3, 2, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 4)
    )
    net = Network(module.eval(), layer="1", size=(12, 8))
    batch = torch.randn(5, 3, 12, 8)
    given = {"score": score, "parameters": {name: OF_PIXELS.get(name, {})}}
    together = explain(net, batch, [name], **given)
    assert together.maps[name].shape == ((5, 12, 8) if name in OF_PIXELS else (5, 6, 4))
    assert together.maps[name].min() >= 0
    for photo in range(5):
        alone = explain(net, batch[photo : photo + 1], [name], **given)
        assert torch.equal(alone.maps[name][0], together.maps[name][photo])
    for photos in (batch, batch[1:]):  # chunks of a fixed size, the last filled up: as on a GPU
        padded = explain(net, photos, [name], chunk=3, **given)
        torch.testing.assert_close(
            padded.maps[name], together.maps[name][-len(photos) :], rtol=1e-4, atol=1e-5
        )


def test_a_registry_entry_says_what_it_is():
    for name, method in METHODS.items():
        assert method.name == name
        assert all((method.citation, method.formula, method.cost))


@pytest.mark.parametrize(
    "name", [name for name in METHODS if name.startswith(("ablation", "pixel-ablation"))]
)
def test_a_score_of_exactly_zero_gives_a_map_of_numbers(tiny, name):
    """Its cells give −3, −2, 1 and 2, a quarter of each; the bias is 0.5. A drop is a share of 0, which counts as 1."""
    batch = torch.tensor([[[[1, 2], [3, 4]], [[2, 2], [1, 1]], [[0, 0], [0, 0]]]], dtype=torch.float64)
    assert tiny.logits(batch)[0, 0] == 0
    cells = one_map(tiny, batch, name)
    assert cells.isfinite().all()
    drops = torch.tensor([-3.0, -2.0, 1.0, 2.0]) / 4
    expected = {
        "pixel-ablation-cam": (drops * batch[0].sum(0).flatten()).relu().view(2, 2),
        "pixel-ablation-cam/weights": drops.relu().view(2, 2),
        "pixel-ablation-cam/authors": torch.zeros(2, 2),  # there the score itself is a factor
    }
    if name in expected:
        close(cells, expected[name].double())


def test_grouped_ablation_splits_no_further_than_it_is_told(tiny):
    """Two like channels and one unlike: at depth 1 the two are ablated together and share one weight."""
    features = torch.tensor([[[[1, 2], [3, 4]], [[9, 0], [0, 0]], [[1, 2], [3, 3]]]], dtype=torch.float64)
    score = float(tiny.logits(features)[0, 0])
    gives = W * features[0].mean((1, 2))
    apart = gives / abs(score)
    both = apart[[0, 2]].mean()
    together = torch.stack([both, apart[1], both])
    whole = apart.mean().expand(3)
    for depth, weights in ((0, whole), (1, together), (2, apart)):
        cells = one_map(tiny, features, "ablation-cam++", groups=1, depth=depth, threshold=0.0)
        close(cells, torch.einsum("k,khw->hw", weights, features[0]).relu())


def test_xgrad_cam_weighs_gradients_by_each_cells_share(tiny, tiny_batch):
    """The head is linear, so g^k = W_k / 4 in every cell, and its weighted mean is the same; a channel of zeros gets nothing."""
    close(one_map(tiny, tiny_batch, "xgrad-cam"), torch.einsum("k,khw->hw", W / 4, A).relu())
    batch = torch.tensor([TINY_FEATURES], dtype=torch.float64)
    batch[0, 2] = 0
    close(one_map(tiny, batch, "xgrad-cam"), torch.einsum("k,khw->hw", W[:2] / 4, A[:2]).relu())


def test_xgrad_cam_behind_a_head_that_is_not_linear():
    torch.manual_seed(0)
    module = nn.Sequential(
        nn.Conv2d(3, 5, 3, 2, 1), nn.ReLU(), nn.Conv2d(5, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(16, 3)
    )
    net = Network(module.eval(), layer="1", size=8, dtype=torch.float64)
    photo = torch.randn(1, 3, 8, 8, dtype=torch.float64)
    features = net.features(photo).requires_grad_(True)
    net.module[2:](features)[0, 2].backward()
    a, g = features.detach().numpy()[0], features.grad.numpy()[0]
    weights = (g * a / a.sum(axis=(1, 2), keepdims=True)).sum(axis=(1, 2))
    expected = np.maximum((weights[:, None, None] * a).sum(0), 0)
    assert expected.max() > 0
    close(one_map(net, photo, "xgrad-cam", 2), expected)


def test_eigen_cam_is_the_first_principal_component_of_the_cells(tiny):
    """As pytorch-grad-cam's get_2d_projection has it in numpy, up to a sign: there LAPACK's, here that of the features."""
    features = torch.randn(1, 3, 4, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    cells = features.numpy()[0].reshape(3, -1).T
    cells = cells - cells.mean(axis=0)
    component = (cells @ np.linalg.svd(cells, full_matrices=True)[2][0]).reshape(4, 5)
    if (component * features.numpy()[0].sum(0)).sum() < 0:
        component = -component
    close(one_map(tiny, features, "eigen-cam"), np.maximum(component, 0))
    close(one_map(tiny, features, "eigen-cam", 1), np.maximum(component, 0))  # whatever the class
    close(one_map(tiny, -features, "eigen-cam"), np.maximum(-component, 0))
    assert not one_map(tiny, torch.ones(1, 3, 2, 2, dtype=torch.float64), "eigen-cam").any()


@pytest.mark.parametrize(("alpha", "classes"), [(1.0, 3), (0.6, 2), (0.0, 1)])
def test_finer_cam_is_grad_cam_of_the_difference_from_the_nearest_classes(alpha, classes):
    """The score of pytorch-grad-cam's FinerWeightedTarget, softmax and all, by autograd; with α = 0 it is Grad-CAM."""
    torch.manual_seed(0)
    module = nn.Sequential(
        nn.Conv2d(3, 5, 3, 2, 1), nn.ReLU(), nn.Conv2d(5, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(16, 6)
    )
    net = Network(module.eval(), layer="1", size=8, dtype=torch.float64)
    photo = torch.randn(1, 3, 8, 8, dtype=torch.float64)
    features = net.features(photo).requires_grad_(True)
    logits = net.module[2:](features)[0]
    others = sorted((abs(float((logits[d] - logits[2]).detach())), d) for d in range(6) if d != 2)[:classes]
    probability = logits.softmax(0)
    weighed = sum(probability[d] * (logits[2] - alpha * logits[d]) for _, d in others)
    (weighed / sum(probability[d] for _, d in others)).backward()
    expected = (features.grad.mean((2, 3), keepdim=True) * features.detach()).sum(1)[0].relu()
    assert expected.max() > 0
    close(one_map(net, photo, "finer-cam", 2, alpha=alpha, classes=classes), expected)
    if alpha == 0:
        close(one_map(net, photo, "grad-cam", 2), expected)


def test_finer_cam_compares_with_as_many_classes_as_there_are(tiny, tiny_batch):
    """Two classes: Grad-CAM of Y − Y', whose weights are W − (−1, 0, 0) behind the average pool."""
    difference = torch.tensor([2.0, -2.0, 3.0], dtype=torch.float64)
    close(one_map(tiny, tiny_batch, "finer-cam"), torch.einsum("k,khw->hw", difference / 4, A).relu())
    with pytest.raises(CamError, match="finer-cam with classes=0; compare with at least one class"):
        one_map(tiny, tiny_batch, "finer-cam", classes=0)


class WithBiases(nn.Module):
    """A convolution with a bias, one without behind a batch norm, a ReLU in place, and a pool."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.first, self.second = nn.Conv2d(3, 4, 3, 1, 1), nn.Conv2d(4, 5, 3, 2, 1, bias=False)
        self.norm, self.act, self.fc = nn.BatchNorm2d(5), nn.ReLU(inplace=True), nn.Linear(5, 2, bias=False)
        (
            self.norm.running_mean.normal_(),
            self.norm.running_var.uniform_(0.5, 2),
            self.norm.bias.data.normal_(),
        )

    def forward(self, photos):
        return self.fc(self.act(self.norm(self.second(self.act(self.first(photos))))).mean((2, 3)))


def full_gradients_by_hand(module, photo, target):
    """Each term of the score, with the biases added as tensors of their own so that autograd gives their gradients."""
    photo = photo.clone().requires_grad_(True)
    norm = module.norm
    scale = norm.weight / (norm.running_var + norm.eps).sqrt()
    implicit = (norm.bias - norm.running_mean * scale).detach()
    first = module.first.bias.detach()[:, None, None].expand(4, 8, 8).clone().requires_grad_(True)
    second = implicit[:, None, None].expand(5, 4, 4).clone().requires_grad_(True)
    x = (nn.functional.conv2d(photo, module.first.weight, padding=1) + first).relu()
    x = nn.functional.conv2d(x, module.second.weight, stride=2, padding=1) * scale[:, None, None]
    score = module.fc((x + second).relu().mean((2, 3)))[0, target]
    score.backward()
    return float(score), [
        photo.grad * photo.detach(),
        (first.grad * first.detach())[None],
        (second.grad * second.detach())[None],
    ]


def test_full_grad_sums_what_every_bias_and_the_photo_add_to_the_score():
    net = Network(WithBiases().eval(), layer="act", size=8, dtype=torch.float64)
    photo = torch.randn(1, 3, 8, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    score, terms = full_gradients_by_hand(net.module, photo, 1)
    close(
        sum(term.sum() for term in terms), score
    )  # section 3.2: they make up the whole score, so none is left out
    expected = torch.zeros(8, 8, dtype=torch.float64)
    for term in terms:
        size = term.abs()
        size = (size - size.min()) / (size.max() - size.min())
        expected += nn.Upsample(size=(8, 8), mode="bilinear", align_corners=True)(size)[0].sum(0)
    close(one_map(net, photo, "full-grad", 1), expected)
