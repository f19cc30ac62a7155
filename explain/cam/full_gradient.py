"""FullGrad: what each bias of the network adds to the score, cell by cell, and what the photo adds."""

import torch
from torch import Tensor, nn
from torch.nn import functional as fn

from .case import Case


def full_gradient(case: Case) -> Tensor:
    """The map of one photo at its own size (1, H, W): Srinivas and Fleuret, section 4.1, as their published code has it.

    Each term is made absolute, scaled to 0..1 as a whole, upsampled bilinearly to the photo and summed over its channels.
    Biases of convolutions and the implicit ones of batch norms count; those of linear layers have no place on the photo.
    """
    photo = case.photos.detach().clone().requires_grad_(True)
    assert case.module is not None
    terms = [_terms(part) for part in case.module.modules() if _bias(part) is not None]
    with torch.enable_grad():
        score = case.module(photo).gather(1, case.targets[:, None]).sum()
        score.backward()
    assert photo.grad is not None
    total = _scaled(photo.grad * photo.detach()).sum(1)
    for found in terms:
        for term in found:
            enlarged = fn.interpolate(_scaled(term), photo.shape[2:], mode="bilinear", align_corners=True)
            total = total + enlarged.sum(1)
    return total


def _bias(part: nn.Module) -> Tensor | None:
    """A layer's bias (K,); of a batch norm what it adds to a feature that is 0: β − γ μ / σ."""
    if isinstance(part, nn.Conv2d):
        return None if part.bias is None else part.bias.detach()
    if isinstance(part, nn.BatchNorm2d) and part.running_mean is not None and part.running_var is not None:
        scale = (part.running_var + part.eps).rsqrt()
        scale = scale if part.weight is None else scale * part.weight.detach()
        shift = -part.running_mean * scale
        return shift if part.bias is None else shift + part.bias.detach()
    return None


def _terms(part: nn.Module) -> list[Tensor]:
    """Filled, when the score goes back, with gradient times bias of each run of a layer."""
    found: list[Tensor] = []
    bias = _bias(part)
    assert bias is not None

    def watch(_module: nn.Module, _inputs: object, output: Tensor) -> None:
        # a hook on the tensor sees the gradient before an activation changes it in place
        output.register_hook(lambda gradient: found.append(gradient.detach() * bias[:, None, None]))

    part.register_forward_hook(watch)
    return found


def _scaled(term: Tensor) -> Tensor:
    size = term.detach().abs()
    low, high = size.min(), size.max()
    return (size - low) / (high - low) if high > low else torch.zeros_like(size)
