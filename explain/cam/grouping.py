"""Ablation-CAM++: channels ablated in groups, and groups split where it matters.

Salama, Adly and Torki (ICIP 2022) published no code. Their abstract: cluster the activation maps, build a binary tree
for each group by recursive splitting, ablate each subgroup, and prune. This is our reading of it:

1. each channel's map is a point in h·w dimensions; channels that are zero everywhere get weight 0;
2. Ward's linkage joins them into one tree, cut into `groups` subtrees;
3. a group G has the score s(G) = (Y − Y without G) / |Y|;
4. a group is split in two, unless it is one channel, `depth` splits deep, or |s(G)| < `threshold`;
5. the channels of a group that is not split get s(G) / |G|.

With threshold 0 and no limit of depth every channel stands alone, and the weights are those of Ablation-CAM.
"""

from dataclasses import dataclass

import numpy as np
import torch
from scipy.cluster.hierarchy import ClusterNode, linkage, to_tree
from torch import Tensor

from .case import Case
from .errors import InputError


@dataclass(frozen=True)
class _Group:
    node: ClusterNode
    depth: int

    def halves(self) -> list["_Group"]:
        return [_Group(half, self.depth + 1) for half in (self.node.get_left(), self.node.get_right())]


def group_weights(case: Case, photo: int, groups: int, depth: int, threshold: float) -> Tensor:
    """The weights (K,) of one photo's channels."""
    if groups < 1 or depth < 0 or threshold < 0:
        raise InputError(
            f"ablation-cam++ with groups={groups}, depth={depth}, threshold={threshold};"
            " give at least one group, and no negative depth or threshold"
        )
    features = case.features[photo]
    weights = features.new_zeros(len(features))
    points = features.flatten(1).double().cpu().numpy()
    alive = np.flatnonzero(points.any(axis=1))
    frontier = _first_groups(points[alive], groups)
    while frontier:
        masks = _masks(frontier, alive, len(features)).to(features.device)
        drops = _group_drops(case, photo, masks)
        following = []
        for group, mask, drop in zip(frontier, masks, drops, strict=True):
            if group.node.is_leaf() or group.depth >= depth or abs(float(drop)) < threshold:
                weights[mask] = drop / mask.sum()
            else:
                following += group.halves()
        frontier = following
    return weights


def _first_groups(points: np.ndarray, groups: int) -> list[_Group]:
    """Ward's tree of the points, cut where it has `groups` subtrees (or as many as there are points)."""
    if not len(points):
        return []
    if len(points) == 1:
        return [_Group(ClusterNode(0), 0)]
    roots = [to_tree(linkage(points, "ward"))]
    while len(roots) < min(groups, len(points)):
        widest = max((root for root in roots if not root.is_leaf()), key=lambda root: root.dist)
        roots.remove(widest)
        roots += [widest.get_left(), widest.get_right()]
    return [_Group(root, 0) for root in roots]


def _masks(frontier: list[_Group], alive: np.ndarray, channels: int) -> Tensor:
    masks = torch.zeros((len(frontier), channels), dtype=torch.bool)
    for mask, group in zip(masks, frontier, strict=True):
        mask[alive[group.node.pre_order()]] = True
    return masks


def _group_drops(case: Case, photo: int, masks: Tensor) -> Tensor:
    photo_case = case.of_photo(photo)
    return photo_case.drops(lambda head, *given: head.group_changes(*given, masks))[0]
