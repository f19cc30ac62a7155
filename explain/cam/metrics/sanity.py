"""A sanity check: a map that does not change when the network forgets everything does not explain the network.

Adebayo et al., Sanity Checks for Saliency Maps, NeurIPS 2018.
"""

from collections.abc import Sequence
from copy import deepcopy

import numpy as np
import torch
from scipy.stats import spearmanr
from torch import Tensor

from ..engine import explain
from ..network import Network


def forgetful(net: Network, *, parts: int | None = None, seed: int = 0) -> Network:
    """A copy whose weights are shuffled within each tensor, in the last `parts` modules with weights, or in all."""
    module = deepcopy(net.module)
    chance = torch.Generator().manual_seed(seed)
    owners = [part for part in module.modules() if list(part.parameters(recurse=False))]
    with torch.no_grad():
        for owner in owners[-parts:] if parts else owners:
            for parameter in owner.parameters(recurse=False):
                order = torch.randperm(parameter.numel(), generator=chance)
                parameter.copy_(parameter.cpu().flatten()[order].view_as(parameter))
    return net.like(module)


def randomisation_check(
    net: Network,
    batch: Tensor,
    methods: Sequence[str],
    targets: Sequence[int] | Tensor | None = None,
    *,
    parts: int | None = None,
    seed: int = 0,
) -> dict[str, np.ndarray]:
    """Spearman's rank correlation (B,) of each photo's map with that of a network that forgot its weights.

    1 means that the map ignores what was forgotten (the control `centre` always does); NaN marks a map without
    contrast.
    """
    known = explain(net, batch, methods, targets)
    forgot = explain(forgetful(net, parts=parts, seed=seed), batch, methods, known.targets)
    return {
        name: np.array([_correlation(known.maps[name][n], forgot.maps[name][n]) for n in range(len(batch))])
        for name in known.maps
    }


def _correlation(first: Tensor, second: Tensor) -> float:
    a, b = first.flatten().double().numpy(), second.flatten().double().numpy()
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return float("nan")
    return float(spearmanr(a, b).statistic)
