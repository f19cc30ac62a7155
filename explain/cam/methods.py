"""Our own methods. Adding one is one function here, and one entry with its citation in names/own.py.

A function takes a Case and gives maps (B, h, w) before the final ReLU; its keyword arguments are its parameters. Notation: A^k_ij features, Y the score, g = ∂Y/∂A, w_ij and w_k the drops.
"""

import hashlib
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as fn

from .brought.alone import one_by_one
from .case import Case
from .errors import InputError
from .full_gradient import full_gradient
from .grouping import group_weights
from .masked_passes import occlusion, photo_by_photo, rise, scores_of_masked
from .method import METHODS, Method
from .names.own import OWN

FREE, GRADIENT, CELLS, CHANNELS = (
    "nothing",
    "gradient of the head",
    "one head score per cell",
    "one per channel",
)
GROUPS, PHOTOS = "one head score per group", "one pass of the whole network per channel"
MASKS, SQUARES = "one pass of the whole network per mask", "one pass of the whole network per square"


def _method(name: str, formula: str, cost: str) -> Callable[..., Callable[..., Tensor]]:
    def register(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
        METHODS[name] = Method(name, OWN[name].citation, formula, cost, function)
        return function

    return register


def _weighted(weights: Tensor, features: Tensor) -> Tensor:
    return torch.einsum("bk,bkhw->bhw", weights, features)


@_method("grad-cam", "ReLU(Σ_k mean_ij(g^k) · A^k)", GRADIENT)
def grad_cam(case: Case) -> Tensor:
    return _weighted(case.gradient.mean((2, 3)), case.features)


@_method("grad-cam++", "ReLU(Σ_k A^k · Σ_ij α^k_ij ReLU(g^k_ij)), α = g² / (2g² + g³ ΣA)", GRADIENT)
def grad_cam_plus_plus(case: Case) -> Tensor:
    """α is written 1 / (2 + g·ΣA): the same, but nothing is squared, so no ε drowns a small gradient.

    The paper explains exp(Y); its factor exp(Y) is one constant for the whole map and is left out.
    """
    gradient = case.gradient
    bottom = 2 + gradient * case.features.sum((2, 3), keepdim=True)
    alpha = torch.where(bottom == 0, 0.0, 1 / bottom)
    return _weighted((alpha * gradient.clamp_min(0)).sum((2, 3)), case.features)


@_method(
    "finer-cam",
    "ReLU(Σ_k mean_ij(∂S/∂A^k) · A^k), S = Y − α Σ_d q_d Y_d over the classes d nearest in score, q their softmax",
    GRADIENT,
)
def finer_cam(case: Case, alpha: float = 1.0, classes: int = 3) -> Tensor:
    """Grad-CAM of what tells the target from the `classes` most like it, as pytorch-grad-cam's FinerCAM has it.

    S is of class scores, so its gradient is a sum of theirs; q changes with the features, too.
    """
    if classes < 1:
        raise InputError(f"finer-cam with classes={classes}; compare with at least one class")
    maps = [_finer_cam(case.of_photo(photo), alpha, classes) for photo in range(len(case.features))]
    return torch.cat(maps)


def _finer_cam(case: Case, alpha: float, classes: int) -> Tensor:
    logits = case.logits[0]
    away = (logits - logits[case.targets[0]]).abs()
    away[case.targets[0]] = torch.inf
    nearest = away.argsort(stable=True)[: min(classes, len(logits) - 1)]
    scores = logits[nearest]
    q = scores.softmax(0)
    shares = -alpha * q * (1 + scores - (q * scores).sum())
    gradient = case.head.gradient(case.features, case.targets)
    for share, other in zip(shares, nearest, strict=True):
        gradient = gradient + share * case.head.gradient(case.features, other[None])
    return _weighted(gradient.mean((2, 3)), case.features)


@_method("hirescam", "ReLU(Σ_k g^k ⊙ A^k)", GRADIENT)
def hires_cam(case: Case) -> Tensor:
    return (case.gradient * case.features).sum(1)


@_method("layer-cam", "ReLU(Σ_k ReLU(g^k) ⊙ A^k)", GRADIENT)
def layer_cam(case: Case) -> Tensor:
    return (case.gradient.clamp_min(0) * case.features).sum(1)


@_method("xgrad-cam", "ReLU(Σ_k A^k · Σ_ij g^k_ij A^k_ij / Σ_ij A^k_ij)", GRADIENT)
def xgrad_cam(case: Case) -> Tensor:
    """A channel that sums to 0 has no share to weigh a gradient by: weight 0."""
    total = case.features.sum((2, 3), keepdim=True)
    shares = torch.where(total == 0, 0.0, case.features / total)
    return _weighted((case.gradient * shares).sum((2, 3)), case.features)


@_method("eigen-cam", "ReLU(first principal component of the cells over the channels)", FREE)
def eigen_cam(case: Case) -> Tensor:
    """The same for every class: no score enters. Channels are centred first, as pytorch-grad-cam does.

    A principal component has no sign of its own; here it is the one under which the map goes with the features' sum.
    """
    maps = []
    for features in case.features:
        cells = features.flatten(1).T.double()
        centred = cells - cells.mean(0)
        direction = torch.linalg.svd(centred, full_matrices=False).Vh[0]
        along = centred @ direction
        maps.append(torch.where(along @ centred.sum(1) < 0, -along, along).view(case.cells))
    return torch.stack(maps).to(case.features)


_method(
    "full-grad",
    "Σ_layers Σ_k ψ(∂Y/∂b ⊙ b) + ψ(∂Y/∂X ⊙ X), ψ: |·| scaled to 0..1, upsampled",
    "gradient of the network",
)(one_by_one("full-grad", full_gradient))


@_method("score-cam", "ReLU(Σ_k softmax_k(Y(X ∘ H^k)) · A^k)", PHOTOS)
def score_cam(case: Case, chunk: int = 8) -> Tensor:
    """H^k is A^k upsampled to the photo and scaled to 0..1. A channel that is constant says nothing: weight 0."""
    return photo_by_photo(case, lambda n: _score_cam(case, n, chunk))


def _score_cam(case: Case, n: int, chunk: int) -> Tensor:
    features, size = case.features[n], case.photos.shape[2:]
    low, high = features.amin((1, 2)), features.amax((1, 2))
    alive = (high > low).nonzero()[:, 0]

    def masks(some: slice) -> Tensor:
        part = alive[some]
        scaled = (features[part] - low[part, None, None]) / (high - low)[part, None, None]
        return fn.interpolate(scaled[:, None], size, mode="bilinear", align_corners=False)

    scores = features.new_full((len(features),), -torch.inf)
    for some, _, found in scores_of_masked(case, n, len(alive), masks, least=chunk):
        scores[alive[some]] = found
    weights = scores.softmax(0) if len(alive) else torch.zeros_like(scores)
    return torch.einsum("k,khw->hw", weights, features)


@_method("rise", "S − min S, S = Σ_i Y(X ∘ M_i) · M_i / (N p) over N random masks M_i of mean p", MASKS)
def rise_map(case: Case, masks: int = 4000, cells: int = 7, p: float = 0.5, seed: int = 0) -> Tensor:
    """At the photo's size. S of every pixel lies around the mean score, so the authors show it from its lowest to its highest
    value; here the lowest is taken away, and the scale is left raw. They explain the probability: score="probability".
    """

    def made(photo: int) -> Tensor:
        importance = rise(case, photo, masks, cells, p, seed)
        return (importance - importance.min()).to(case.features)

    return photo_by_photo(case, made)


@_method("occlusion", "ReLU(mean of Y − Y_w over the squares w that cover the pixel)", SQUARES)
def occlusion_map(case: Case, baseline: str = "black", window: int = 32, stride: int = 16) -> Tensor:
    """At the photo's size."""
    return photo_by_photo(case, lambda n: occlusion(case, n, baseline, window, stride).to(case.features))


@_method("ablation-cam", "ReLU(Σ_k w_k · A^k), w_k = (Y − Y_k)/|Y|", CHANNELS)
def ablation_cam(case: Case) -> Tensor:
    return _weighted(case.channel_drops, case.features)


@_method("ablation-cam++", "ReLU(Σ_k w_k · A^k), w_k = (Y − Y_G)/|Y| / |G| for the group G of k", GROUPS)
def ablation_cam_plus_plus(case: Case, groups: int = 8, depth: int = 6, threshold: float = 0.01) -> Tensor:
    """Channels share the drop of their group; see grouping.py for the reading and the parameters."""
    weights = [group_weights(case, n, groups, depth, threshold) for n in range(len(case.features))]
    return _weighted(torch.stack(weights), case.features)


@_method("pixel-ablation-cam", "ReLU(w_ij · Σ_k A^k_ij), w_ij = (Y − Y_ij)/|Y|", CELLS)
def pixel_ablation_cam(case: Case) -> Tensor:
    return case.cell_drops * case.features.sum(1)


@_method("pixel-ablation-cam/authors", "Σ_k A^k_ij · minmax_ij((Y − Y_ij)/(Y + 1e-9))", CELLS)
def pixel_ablation_cam_authors(case: Case) -> Tensor:
    """Scaled to 0..1 first, so no weight is negative and the ReLU never acts. Weights that are all equal give 0."""
    whole = case.scores_of(case.logits, case.targets)[:, None, None]
    weights = case.cell_drops * (whole.abs() / (whole + 1e-9))
    low, high = weights.amin((1, 2), keepdim=True), weights.amax((1, 2), keepdim=True)
    scaled = torch.where(high > low, (weights - low) / (high - low), 0.0)
    return scaled * case.features.sum(1)


@_method("pixel-ablation-cam/weights", "ReLU(w_ij)", CELLS)
def pixel_ablation_cam_weights(case: Case) -> Tensor:
    return case.cell_drops


@_method(
    "recipro-cam", "Y^ij − min Y^ij, Y^ij the score of a 3 × 3 neighbourhood alone", "one head score per cell"
)
def recipro_cam(case: Case) -> Tensor:
    """All features but those around one cell are zero; the neighbourhood is weighted (¼, ½, ¼)² · 4, its centre 1.

    The paper scales the scores to 0..1 (min-max); the lowest is taken away here, and the scale is left raw.
    """
    maps = []
    for n, features in enumerate(case.features):
        head = case.head.of_photo(n)
        scores = torch.cat(
            [
                case.scores_of(logits, case.targets[n].expand(len(logits)))
                for logits in head.scores_of_masked(features, _neighbourhoods(*case.cells, features))
            ]
        )
        maps.append((scores - scores.min()).view(case.cells))
    return torch.stack(maps)


def _neighbourhoods(height: int, width: int, like: Tensor) -> Tensor:
    """One mask (h, w) for each cell: 1 there, ½ beside it, ¼ at its corners, else 0."""

    def line(length: int) -> Tensor:
        distance = (torch.arange(length)[:, None] - torch.arange(length)).abs()
        return torch.where(distance == 0, 1.0, torch.where(distance == 1, 0.5, 0.0))

    masks = line(height)[:, None, :, None] * line(width)[None, :, None, :]
    return masks.reshape(height * width, 1, height, width).to(like)


@_method("random", "uniform noise, seeded by the photo and the class", FREE)
def random_map(case: Case, seed: int = 0) -> Tensor:
    """Other photos and other classes get other noise; the same photo always gets the same for a class, whatever company it came in."""
    maps = []
    for photo, target in zip(case.photos, case.targets.tolist(), strict=True):
        key = hashlib.sha256(photo.detach().cpu().double().contiguous().numpy().tobytes()).digest()
        chance = np.random.default_rng([seed, int.from_bytes(key[:8], "big"), target])
        maps.append(torch.from_numpy(chance.random(case.cells)))
    return torch.stack(maps).to(case.features)


@_method("centre", "exp(−r²/2σ²) from the centre, σ a quarter of each side", FREE)
def centre_map(case: Case) -> Tensor:
    def bell(length: int) -> Tensor:
        at = (torch.arange(length, dtype=torch.float64) + 0.5) / length - 0.5
        return torch.exp(-(at**2) / (2 * 0.25**2))

    height, width = case.cells
    cells = bell(height)[:, None] * bell(width)
    return cells.to(case.features).expand(len(case.photos), height, width)
