"""explain: all maps of a batch that are asked for, from one pass of the trunk."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from .backends import EXPORTED
from .case import Case
from .errors import InputError
from .method import Method
from .network import Network
from .registry import find_methods
from .scoring.scores import SCORES, score_of

Parameters = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Explanation:
    """Maps of one batch, on the CPU. Of several classes for each photo every map and drop has an axis more, after the photos.

    logits   (B, classes)
    targets  (B,) int64: given, or the top class; (B, n) of n classes for each photo
    maps     name -> (B, h, w), ReLU applied (of signed maps: what their sign rule keeps), not normalised
    drops    "cell" (B, h, w) and "channel" (B, K): (Y − Y') / |Y|, signed; present when a method used them
    manifest what made them, in plain values: network, hash of its weights, layer, score, methods and parameters, versions
    """

    logits: Tensor
    targets: Tensor
    maps: dict[str, Tensor] = field(default_factory=dict)
    drops: dict[str, Tensor] = field(default_factory=dict)
    manifest: dict[str, Any] = field(default_factory=dict)

    def first(self, count: int) -> "Explanation":
        """The first `count` photos."""
        if count == len(self.targets):
            return self
        maps = {name: values[:count] for name, values in self.maps.items()}
        drops = {name: values[:count] for name, values in self.drops.items()}
        return Explanation(self.logits[:count], self.targets[:count], maps, drops)


def explain(
    net: Network,
    batch: Tensor,
    methods: Sequence[str],
    targets: int | Sequence[int] | Tensor | None = None,
    score: str = "logit",
    *,
    parameters: Parameters | None = None,
    chunk: int | None = None,
    report: Callable[[int], object] = lambda done: None,
) -> Explanation:
    """Explain a preprocessed batch (B, 3, H, W) by every method of `methods`: names, or names with parameters.

    targets     one class index for each photo, or one for all; the top class where None. Of (B, n) each photo is explained for
                its n classes, from the same pass of the trunk: maps are then (B, n, h, w), drops (B, n, h, w) and (B, n, K)
    score       Y: the "logit" of the target or its "probability": a softmax, or the sigmoid of each
                where the network's scores are so
    parameters  other than the defaults, by method: {"ablation-cam++": {"groups": 16}}
    chunk       photos computed together; a last chunk is filled up with black, so a photo's map is the same to the bit
                whatever company it came in. 1 on the CPU, where that costs nothing, and 16 elsewhere
    report      called after each chunk with how many photos are done; what it raises ends the explaining

    Raises CamError for unknown methods or parameters, a batch of another shape, or targets that are no classes.
    """
    asked_methods = find_methods(methods)
    _check_parameters(asked_methods, parameters or {})
    if score not in SCORES:
        raise InputError(f"score {score!r} does not exist; choose {' or '.join(SCORES)}")
    batch = net.check_batch(batch)
    if not len(batch):
        raise InputError("the batch is empty; give at least one photo")
    wanted = _checked_targets(targets, len(batch), len(net.class_names))
    size = chunk or (1 if net.device.type == "cpu" else 16)
    # an export takes the whole batch at once, photo by photo, and keeps all its threads busy
    done = net.run(batch) if net.backend in EXPORTED else None
    parts = []
    for start in range(0, len(batch), size):
        photos = batch[start : start + size]
        taken = Chunk(
            photos=_filled(photos, size),
            done=done
            and (_filled(done[0][start : start + size], size), _filled(done[1][start : start + size], size)),
            targets=None if wanted is None else _filled(wanted[start : start + size], size).to(net.device),
            wanted=len(photos),
        )
        parts.append(_explain(net, taken, asked_methods, score, parameters or {}).first(len(photos)))
        report(start + len(photos))
    asked_for = {
        method.name: method.parameters | dict((parameters or {}).get(method.name, {}))
        for method in asked_methods
    }
    manifest = net.manifest() | {"score": score, "chunk": size, "methods": asked_for}
    if brought := {method.name: method.source for method in asked_methods if method.origin}:
        manifest["brought"] = brought
    return _joined(parts, manifest)


def _filled(values: Tensor, size: int) -> Tensor:
    """`values` with zeros at the end, so that there are `size`."""
    missing = size - len(values)
    return torch.cat([values, values.new_zeros((missing, *values.shape[1:]))]) if missing else values


def _check_parameters(methods: Sequence[Method], parameters: Parameters) -> None:
    asked = {method.name: method for method in methods}
    for name, values in parameters.items():
        if name not in asked:
            raise InputError(f"parameters are given for {name!r}, which is not asked for; add it to methods")
        asked[name].check(values)


def _checked_targets(
    targets: int | Sequence[int] | Tensor | None, photos: int, classes: int
) -> Tensor | None:
    if targets is None:
        return None
    try:
        wanted = torch.as_tensor(targets).to("cpu")
    except (TypeError, ValueError, RuntimeError):
        kind = type(targets[0] if isinstance(targets, Sequence) and targets else targets).__name__
        raise InputError(
            f"targets hold a {kind}; give {photos} class indices, one per photo, or one for all"
        ) from None
    if not wanted.ndim:
        wanted = wanted.expand(photos)
    fits = wanted.shape[:1] == (photos,) and (wanted.ndim == 1 or (wanted.ndim == 2 and wanted.shape[1] > 0))
    if wanted.is_floating_point() or wanted.dtype == torch.bool or not fits:
        raise InputError(
            f"targets are {str(wanted.dtype).removeprefix('torch.')} of shape {tuple(wanted.shape)};"
            f" give {photos} class indices, one per photo, or one for all"
        )
    bad = wanted[(wanted < 0) | (wanted >= classes)]
    if len(bad):
        raise InputError(f"target {int(bad[0])} is no class of this network; give 0 to {classes - 1}")
    return wanted.to(torch.int64)


@dataclass(frozen=True)
class Chunk:
    """Photos that are computed together, of a batch that was checked. `done` is (features, logits), None where the network has yet to run on them;
    `targets` is None where the top class is explained. The first `wanted` photos are asked for, the rest fills up.
    """

    photos: Tensor
    done: tuple[Tensor, Tensor] | None
    targets: Tensor | None
    wanted: int


@torch.no_grad()
def _explain(
    net: Network, chunk: Chunk, methods: Sequence[Method], score: str, parameters: Parameters
) -> Explanation:
    features, logits, head = (*chunk.done, net.head) if chunk.done else net.run_checked(chunk.photos)
    chosen = logits.argmax(1) if chunk.targets is None else chunk.targets

    def of_classes(classes: Tensor) -> Explanation:
        case = Case(
            chunk.photos,
            features,
            head,
            classes,
            logits,
            net.logits,
            score_of(score, net.score),
            net.module,
            net,
            chunk.wanted,
        )
        maps = {method.name: method.maps(case, parameters.get(method.name, {})).cpu() for method in methods}
        used = [kind for kind in ("cell", "channel") if f"{kind}_drops" in case.__dict__]
        drops = {kind: getattr(case, f"{kind}_drops").cpu() for kind in used}
        return Explanation(logits.cpu(), classes.cpu(), maps, drops)

    if chosen.ndim == 1:
        return of_classes(chosen)
    return _side_by_side([of_classes(classes) for classes in chosen.unbind(1)])


def _side_by_side(parts: list[Explanation]) -> Explanation:
    """One explanation of the same photos for each of several classes, as one with an axis more."""
    first = parts[0]
    return Explanation(
        first.logits,
        torch.stack([part.targets for part in parts], 1),
        {name: torch.stack([part.maps[name] for part in parts], 1) for name in first.maps},
        {name: torch.stack([part.drops[name] for part in parts], 1) for name in first.drops},
    )


def _joined(parts: list[Explanation], manifest: dict[str, Any]) -> Explanation:
    first = parts[0]
    return Explanation(
        torch.cat([part.logits for part in parts]),
        torch.cat([part.targets for part in parts]),
        {name: torch.cat([part.maps[name] for part in parts]) for name in first.maps},
        {name: torch.cat([part.drops[name] for part in parts]) for name in first.drops},
        manifest,
    )
