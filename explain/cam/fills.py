"""What stands where a photo is covered: black, the mean colour of the training photos, or the photo under a Gaussian."""

import torch
from scipy.ndimage import gaussian_filter
from torch import Tensor

from .network import Network

FILLS = ("black", "mean", "blur")
_BLUR = 10.0  # σ in pixels


def filling(net: Network, batch: Tensor, fill: str) -> Tensor:
    """What stands where the mask is 0, for a preprocessed batch (B, 3, H, W): the same shape."""
    if fill == "mean":
        return torch.zeros_like(batch)
    if fill == "black":
        black = -batch.new_tensor(net.preprocessing.mean) / batch.new_tensor(net.preprocessing.std)
        return black[:, None, None].expand_as(batch)
    blurred = gaussian_filter(batch.cpu().double().numpy(), (0, 0, _BLUR, _BLUR), mode="nearest")
    return torch.from_numpy(blurred).to(batch)
