"""From a map to the photo that it leaves: masks and fills, and the network's scores on what is left.

    mask      top      1 on exactly round(share · H · W) pixels of the upsampled map, by stable descending sort, else 0
              soft     the upsampled map divided by its maximum (Chattopadhay et al., 2018)
              authors  the soft map where it is at least its own (1 − share) percentile, else 0 (published code)
              percentile          1 where the upsampled map is at least that percentile, else 0
              percentile-8-bits   the same of the map as 8 bits, upsampled and rounded to 8 bits
              percentile-lanczos  the same, enlarged by Lanczos (authors_code.py, which goes on from there to the photo)
    fill      black, mean (the mean colour of the training photos), or blur (the photo under a Gaussian, σ = 10 pixels)

Multiplying a photo after normalisation fills with the mean, before it with black: so the fill is said, not implied.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as fn

from ..backends import EXPORTED
from ..errors import InputError
from ..fills import FILLS, filling
from ..network import Network
from .authors_code import binary_mask, eight_bits
from .faithfulness import area_under

MASKS = ("top", "soft", "authors", "percentile", "percentile-8-bits", "percentile-lanczos")
EXPORT_TAKES = 64
"""Photos that an export is given at once: it keeps all threads busy, each with a photo of its own."""


@dataclass(frozen=True)
class Masking:
    mask: str = "top"
    fill: str = "black"
    share: float = 0.2

    def __post_init__(self) -> None:
        if self.mask not in MASKS or self.fill not in FILLS:
            raise InputError(
                f"mask {self.mask!r} with fill {self.fill!r}: masks are {', '.join(MASKS)}; fills are {', '.join(FILLS)}"
            )
        if not 0 < self.share <= 1:
            raise InputError(f"a share of {self.share} is not in 0..1; 0.2 keeps the top fifth")


@dataclass(frozen=True)
class Measured:
    """The target's score: confidence (softmax, or a sigmoid where the network's scores are such) and activation (logit), each (B,) float64."""

    confidence: np.ndarray
    activation: np.ndarray


def upsampled(maps: Tensor, size: Sequence[int]) -> Tensor:
    """Maps (B, h, w) at the size of the network's input, bilinear: (B, H, W)."""
    return fn.interpolate(maps[:, None].double(), size, mode="bilinear", align_corners=False)[:, 0]


def masks_of(maps: Tensor, size: Sequence[int], masking: Masking) -> Tensor:
    """The mask of each map (B, h, w): (B, H, W) float64 in 0..1. A blank soft map leaves nothing."""
    if masking.mask.startswith("percentile"):
        return _from_percentile(maps, size, masking)
    large = upsampled(maps, size)
    if masking.mask == "top":
        flat = large.flatten(1)
        order = flat.argsort(dim=1, descending=True, stable=True)
        kept = order[:, : round(masking.share * flat.shape[1])]
        return torch.zeros_like(flat).scatter_(1, kept, 1.0).view_as(large)
    top = large.amax((1, 2), keepdim=True)
    soft = torch.where(top > 0, large / top, 0.0)
    if masking.mask == "soft":
        return soft
    limit = soft.flatten(1).quantile(1 - masking.share, dim=1)[:, None, None]
    return torch.where(soft >= limit, soft, 0.0)


def _from_percentile(maps: Tensor, size: Sequence[int], masking: Masking) -> Tensor:
    """1 from the percentile up: all that equals it too, so a map that is mostly zero keeps the whole photo."""
    if masking.mask == "percentile-lanczos":
        height, width = size
        masks = [binary_mask(cells, (height, width), masking.share) for cells in maps.cpu().numpy()]
        return torch.from_numpy(np.stack(masks)).double()
    if masking.mask == "percentile-8-bits":
        levels = np.stack([eight_bits(cells) for cells in maps.cpu().numpy()])
        large = upsampled(torch.from_numpy(levels), size).round()
    else:
        large = upsampled(maps, size)
    limit = large.flatten(1).quantile(1 - masking.share, dim=1)[:, None, None]
    return (large >= limit).double()


def masked_batch(net: Network, batch: Tensor, maps: Tensor, masking: Masking) -> Tensor:
    """What the maps (B, h, w) leave of a preprocessed batch (B, 3, H, W)."""
    batch = net.check_batch(batch)
    masks = masks_of(maps, batch.shape[2:], masking).to(batch)[:, None]
    return masks * batch + (1 - masks) * filling(net, batch, masking.fill)


def measure(net: Network, batch: Tensor, targets: Tensor, chunk: int = 8) -> Measured:
    """The targets' scores on a preprocessed batch (B, 3, H, W)."""
    if net.backend in EXPORTED:  # photo by photo in any case, and several at once
        chunk = max(chunk, EXPORT_TAKES)
    batch = net.check_batch(batch)
    logits = torch.cat([net.logits_checked(part).cpu().double() for part in batch.split(chunk)])
    chosen = targets.cpu()[:, None]
    confidence = net.probabilities(logits).gather(1, chosen)[:, 0]
    return Measured(confidence.numpy(), logits.gather(1, chosen)[:, 0].numpy())


def measure_maps(
    net: Network, batch: Tensor, maps: Mapping[str, Tensor], targets: Tensor, masking: Masking
) -> dict[str, Measured]:
    """For each method, the targets' scores on what its maps (B, h, w) leave of the photos."""
    return {
        name: measure(net, masked_batch(net, batch, values, masking), targets)
        for name, values in maps.items()
    }


def insertion_curve(
    net: Network, photo: Tensor, cells: Tensor, target: int, *, steps: int = 20, fill: str = "blur"
) -> np.ndarray:
    """The confidence (steps + 1,) while the photo (3, H, W) appears over the fill, the map's highest pixels first."""
    return _curve(net, photo, cells, target, steps, fill, appearing=True)


def deletion_curve(
    net: Network, photo: Tensor, cells: Tensor, target: int, *, steps: int = 20, fill: str = "black"
) -> np.ndarray:
    """The confidence (steps + 1,) while the fill takes the photo's (3, H, W) place, the map's highest pixels first."""
    return _curve(net, photo, cells, target, steps, fill, appearing=False)


def insertion_auc(net: Network, photo: Tensor, cells: Tensor, target: int, **how) -> float:
    """The area under insertion_curve: higher is better."""
    return area_under(insertion_curve(net, photo, cells, target, **how))


def deletion_auc(net: Network, photo: Tensor, cells: Tensor, target: int, **how) -> float:
    """The area under deletion_curve: lower is better."""
    return area_under(deletion_curve(net, photo, cells, target, **how))


def _curve(
    net: Network, photo: Tensor, cells: Tensor, target: int, steps: int, fill: str, *, appearing: bool
) -> np.ndarray:
    if steps < 1 or fill not in FILLS:
        raise InputError(
            f"steps={steps}, fill={fill!r}: give at least one step and a fill of {', '.join(FILLS)}"
        )
    batch = net.check_batch(photo[None])
    other = filling(net, batch, fill)
    order = upsampled(cells[None], batch.shape[2:])[0].flatten().argsort(descending=True, stable=True)
    rank = torch.empty_like(order).scatter_(0, order, torch.arange(len(order), device=order.device))
    shown = []
    for step in range(steps + 1):
        first = (rank < round(step / steps * len(rank))).view(batch.shape[2:]).to(batch.device)
        shown.append(torch.where(first if appearing else ~first, batch[0], other[0]))
    targets = torch.full((steps + 1,), target, dtype=torch.int64)
    return measure(net, torch.stack(shown), targets).confidence
