"""Captum's attributions of the photo's pixels, as methods. What each does, and its parameters: cam/names/captum.py.

Baselines are said by name: black (a black photo), mean (the mean colour of the training photos) or blur. Squares of a grid are
covered in all channels at once. Lime and KernelShap fit their linear models here, so scikit-learn is not needed.
"""

import inspect
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from ..case import Case
from ..errors import InputError
from ..fills import FILLS, filling
from ..method import Method
from ..names.captum import PREFIX, captum_version
from ..names.known import Known
from .alone import one_by_one
from .rules import with_own_activations

AT_ONCE = 8  # photos in one pass
_COST = {
    "Saliency": "one gradient of the whole network",
    "InputXGradient": "one gradient of the whole network",
    "GuidedBackprop": "one gradient of the whole network",
    "DeepLift": "one gradient of the whole network",
    "IntegratedGradients": "one gradient of the whole network per step",
}


def captum_method(known: Known) -> Method:
    """One of Captum's, by its entry in names. Raises InputError where Captum is not installed."""
    name = known.name.removeprefix(PREFIX)
    run = one_by_one(known.name, _FUNCTIONS[name])
    case = inspect.Parameter("case", inspect.Parameter.POSITIONAL_ONLY)
    run.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            case,
            *(
                inspect.Parameter(key, inspect.Parameter.KEYWORD_ONLY, default=value)
                for key, value in (known.parameters or {}).items()
            ),
        ]
    )
    return Method(
        known.name,
        known.citation,
        f"captum.attr.{name}; of gradients the sum over the colour channels",
        _COST.get(name, "one pass of the whole network per sample or place"),
        run,
        signed=True,
        origin={"package": "captum", "version": captum_version()},
    )


def _saliency(case: Case) -> Tensor:
    from captum.attr import Saliency

    return Saliency(case.module).attribute(_photos(case), target=case.targets, abs=False)


def _input_x_gradient(case: Case) -> Tensor:
    from captum.attr import InputXGradient

    return InputXGradient(case.module).attribute(_photos(case), target=case.targets)


def _integrated_gradients(case: Case, *, baseline: str, steps: int) -> Tensor:
    from captum.attr import IntegratedGradients

    _at_least(1, steps=steps)
    return IntegratedGradients(case.module).attribute(
        _photos(case),
        baselines=_baseline(case, baseline),
        target=case.targets,
        n_steps=steps,
        internal_batch_size=AT_ONCE,
    )


def _guided_backprop(case: Case) -> Tensor:
    from captum.attr import GuidedBackprop

    return GuidedBackprop(_with_relus(case)).attribute(_photos(case), target=case.targets)


def _deep_lift(case: Case, *, baseline: str) -> Tensor:
    """Its attributions have to add up to the difference of the scores. They do not where Captum's rules are not exact (max pools,
    activations without a rule, products of features): then the map is refused.
    """
    from captum.attr import DeepLift

    module = with_own_activations(_module(case), "captum:DeepLift", needs=())
    photos, reference = _photos(case), _baseline(case, baseline)
    shares = DeepLift(module).attribute(photos, baselines=reference, target=case.targets)
    with torch.no_grad():
        scores = [module(x).gather(1, case.targets[:, None])[:, 0] for x in (photos, reference)]
    difference = float(scores[0] - scores[1])
    missed = abs(float(shares.detach().sum()) - difference)
    if missed > 0.01 * abs(difference) + 1e-5 * float(shares.detach().abs().sum()):
        raise InputError(
            f"captum:DeepLift: its attributions miss {missed:.2g} of a difference of {difference:.2g} in the score: Captum's rules are "
            "not exact for some layer of this network (max pools, activations without a rule); "
            "use captum:IntegratedGradients"
        )
    return shares


def _gradient_shap(case: Case, *, baseline: str, samples: int, noise: float, seed: int) -> Tensor:
    from captum.attr import GradientShap

    _at_least(1, samples=samples)
    photos = _photos(case)
    total = torch.zeros_like(photos)
    for _ in range(samples):  # one by one: Captum holds all samples in memory at once
        total += GradientShap(case.module).attribute(
            photos,
            baselines=_baseline(case, baseline),
            target=case.targets,
            n_samples=1,
            stdevs=noise * _span(photos),
        )
    return total / samples


def _noise_tunnel(
    case: Case,
    *,
    of: str,
    type: str,
    samples: int,
    noise: float,
    seed: int,
) -> Tensor:
    from captum.attr import NoiseTunnel

    _at_least(1, samples=samples)
    kinds = ("smoothgrad", "smoothgrad_sq", "vargrad")
    if type not in kinds:
        raise InputError(f"captum:NoiseTunnel: type is {type!r}; choose from {', '.join(kinds)}")
    inner, options = _inner(case, of)
    photos = _photos(case)
    return NoiseTunnel(inner).attribute(
        photos,
        nt_type=type,
        nt_samples=samples,
        nt_samples_batch_size=min(samples, AT_ONCE),
        stdevs=noise * _span(photos),
        target=case.targets,
        **options,
    )


def _inner(case: Case, of: str) -> tuple[Any, dict[str, Any]]:
    """The method inside a noise tunnel, and its arguments."""
    from captum import attr

    if of == "Saliency":
        return attr.Saliency(case.module), {"abs": False}
    if of == "InputXGradient":
        return attr.InputXGradient(case.module), {}
    if of == "IntegratedGradients":
        return attr.IntegratedGradients(case.module), {"baselines": _baseline(case, "black"), "n_steps": 20}
    if of == "GuidedBackprop":
        return attr.GuidedBackprop(_with_relus(case)), {}
    inside = "Saliency, InputXGradient, IntegratedGradients, GuidedBackprop"
    raise InputError(f"captum:NoiseTunnel: of is {of!r}; choose from {inside}")


@torch.no_grad()
def _occlusion(case: Case, *, baseline: str, window: int, stride: int) -> Tensor:
    from captum.attr import Occlusion

    _at_least(1, window=window, stride=stride)
    photos = case.photos
    height, width, channels = photos.shape[2], photos.shape[3], photos.shape[1]
    if window > min(height, width) or stride > window:
        raise InputError(
            f"captum:Occlusion: window {window} and stride {stride} do not fit a photo of {height} × {width}; "
            f"choose a window of {min(height, width)} at most, and a stride no wider than the window"
        )
    drops = Occlusion(case.module).attribute(
        photos,
        sliding_window_shapes=(channels, window, window),
        strides=(channels, stride, stride),
        baselines=_baseline(case, baseline),
        target=case.targets,
        perturbations_per_eval=AT_ONCE,
    )
    return drops[:, :1]  # covered in all channels at once, so every channel says the same


@torch.no_grad()
def _feature_ablation(case: Case, *, baseline: str, cell: int) -> Tensor:
    from captum.attr import FeatureAblation

    drops = FeatureAblation(case.module).attribute(
        case.photos,
        baselines=_baseline(case, baseline),
        target=case.targets,
        feature_mask=_grid(case, cell),
        perturbations_per_eval=AT_ONCE,
    )
    return drops[:, :1]  # covered in all channels at once, so every channel says the same


@torch.no_grad()
def _kernel_shap(case: Case, *, baseline: str, cell: int, samples: int, seed: int) -> Tensor:
    from captum.attr import KernelShap

    from .linear import Linear

    shap = KernelShap(case.module)
    shap.interpretable_model = Linear(ridge=0.0)
    return _sampled(shap, case, baseline, cell, samples)


@torch.no_grad()
def _lime(case: Case, *, baseline: str, cell: int, samples: int, seed: int) -> Tensor:
    from captum.attr import Lime

    from .linear import Linear

    return _sampled(Lime(case.module, interpretable_model=Linear(ridge=1.0)), case, baseline, cell, samples)


def _sampled(method: Any, case: Case, baseline: str, cell: int, samples: int) -> Tensor:
    grid = _grid(case, cell)
    _at_least(int(grid.max()) + 2, samples=samples)
    shares = method.attribute(
        case.photos,
        baselines=_baseline(case, baseline),
        target=case.targets,
        feature_mask=grid,
        n_samples=samples,
        perturbations_per_eval=AT_ONCE,
    )
    return shares[:, :1]  # covered in all channels at once, so every channel says the same


def _module(case: Case) -> nn.Module:
    assert case.module is not None
    return case.module


def _with_relus(case: Case) -> nn.Module:
    return with_own_activations(_module(case), "captum:GuidedBackprop", needs=(nn.ReLU,))


def _photos(case: Case) -> Tensor:
    return case.photos.detach().clone().requires_grad_(True)


def _span(photos: Tensor) -> float:
    """From the photo's darkest to its brightest value, as the network reads it: what noise is a share of."""
    return float(photos.detach().max() - photos.detach().min())


def _baseline(case: Case, name: str) -> Tensor:
    if name not in FILLS:
        raise InputError(f"baseline {name!r} does not exist; choose from {', '.join(FILLS)}")
    assert case.net is not None
    return filling(case.net, case.photos.detach(), name).clone()


def _grid(case: Case, cell: int) -> Tensor:
    """The number of the square of `cell` × `cell` pixels that each pixel lies in: (1, 1, H, W)."""
    _at_least(1, cell=cell)
    height, width = case.photos.shape[2:]
    rows, columns = torch.arange(height) // cell, torch.arange(width) // cell
    return (rows[:, None] * (int(columns.max()) + 1) + columns)[None, None].to(case.photos.device)


def _at_least(least: int, **values: int) -> None:
    for key, value in values.items():
        if value < least:
            raise InputError(f"{key} is {value}; it must be {least} or more here")


_FUNCTIONS: dict[str, Callable[..., Tensor]] = {
    "Saliency": _saliency,
    "InputXGradient": _input_x_gradient,
    "IntegratedGradients": _integrated_gradients,
    "NoiseTunnel": _noise_tunnel,
    "GuidedBackprop": _guided_backprop,
    "DeepLift": _deep_lift,
    "GradientShap": _gradient_shap,
    "Occlusion": _occlusion,
    "FeatureAblation": _feature_ablation,
    "KernelShap": _kernel_shap,
    "Lime": _lime,
}
