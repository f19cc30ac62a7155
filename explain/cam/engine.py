"""explain: every asked map of a batch from one pass of the trunk."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from explain.cam.errors import InputError
from explain.cam.methods import Case, find_methods
from explain.cam.network import Network

SCORES = ("logit", "probability")


@dataclass(frozen=True)
class Explanation:
    """Maps of one batch, on the CPU.

    logits   (B, classes)
    targets  (B,) int64: given, or the top class
    maps     name -> (B, h, w), ReLU applied, not normalised
    drops    "cell" (B, h, w) and "channel" (B, K): (Y − Y') / |Y|, signed; present when a method used them
    """

    logits: Tensor
    targets: Tensor
    maps: dict[str, Tensor] = field(default_factory=dict)
    drops: dict[str, Tensor] = field(default_factory=dict)


def explain(
    net: Network,
    batch: Tensor,
    methods: Sequence[str],
    targets: Sequence[int] | Tensor | None = None,
    score: str = "logit",
) -> Explanation:
    """Explain a preprocessed batch (B, 3, H, W) by every method of `methods`, names of METHODS.

    targets  one class index for each photo; the top class where None
    score    Y: the "logit" of the target or its "probability" (softmax)

    On the CPU each photo is computed alone, so its map is the same to the bit whatever company it came in.
    Raises CamError for unknown methods, a batch of another shape, or targets that are no classes.
    """
    found = find_methods(list(methods))
    if score not in SCORES:
        raise InputError(f"score {score!r} does not exist; choose {' or '.join(SCORES)}")
    batch = net.check_batch(batch)
    if not len(batch):
        raise InputError("the batch is empty; give at least one photo")
    wanted = _checked_targets(targets, len(batch), len(net.class_names))
    parts = []
    for n in range(len(batch)):
        target = None if wanted is None else wanted[n : n + 1].to(net.device)
        parts.append(_explain(net, batch[n : n + 1], found, target, score))
    return _joined(parts)


def _checked_targets(targets: Sequence[int] | Tensor | None, photos: int, classes: int) -> Tensor | None:
    if targets is None:
        return None
    wanted = torch.as_tensor(targets).to("cpu")
    if wanted.is_floating_point() or wanted.shape != (photos,):
        raise InputError(
            f"targets have shape {tuple(wanted.shape)}; give {photos} class indices, one per photo"
        )
    bad = wanted[(wanted < 0) | (wanted >= classes)]
    if len(bad):
        raise InputError(f"target {int(bad[0])} is no class of this network; give 0 to {classes - 1}")
    return wanted.to(torch.int64)


@torch.no_grad()
def _explain(net: Network, photos: Tensor, methods: list, targets: Tensor | None, score: str) -> Explanation:
    features = net.features(photos)
    logits = net.head.logits(features)
    chosen = logits.argmax(1) if targets is None else targets
    case = Case(features, net.head, chosen, logits, score)
    maps = {method.name: method.function(case).clamp_min(0).cpu() for method in methods}
    drops = {
        kind: getattr(case, f"{kind}_drops").cpu()
        for kind in ("cell", "channel")
        if f"{kind}_drops" in case.__dict__
    }
    return Explanation(logits.cpu(), chosen.cpu(), maps, drops)


def _joined(parts: list[Explanation]) -> Explanation:
    first = parts[0]
    return Explanation(
        torch.cat([part.logits for part in parts]),
        torch.cat([part.targets for part in parts]),
        {name: torch.cat([part.maps[name] for part in parts]) for name in first.maps},
        {name: torch.cat([part.drops[name] for part in parts]) for name in first.drops},
    )
