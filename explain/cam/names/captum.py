"""The methods of Captum that can be named, as `captum:NAME`. Captum is an optional extra (requirements-captum.txt).

Whether it is installed is read off its metadata: it is not imported here, since it imports torch.
"""

import sys
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version

from .known import Known
from .spec import Value

PREFIX = "captum:"
_BASELINE = {"baseline": "black"}
_SEED = {"seed": 0}


def _known(name: str, citation: str, words: str, **parameters: Value) -> Known:
    return Known(f"{PREFIX}{name}", f"{citation}; by Captum", words, parameters, signed=True)


CAPTUM = {
    known.name: known
    for known in (
        _known(
            "Saliency", "Simonyan, Vedaldi and Zisserman, 2013", "How fast the score changes with each pixel."
        ),
        _known(
            "InputXGradient", "Shrikumar et al., 2016", "Each pixel times how fast the score changes with it."
        ),
        _known(
            "IntegratedGradients",
            "Sundararajan, Taly and Yan, ICML 2017",
            "Gradients summed on the way from a baseline to the photo.",
            **_BASELINE,
            steps=50,
        ),
        _known(
            "NoiseTunnel",
            "Smilkov et al., 2017 (SmoothGrad); Adebayo et al., 2018 (VarGrad)",
            "Another method, averaged over noisy copies of the photo: SmoothGrad, or VarGrad.",
            of="Saliency",
            type="smoothgrad",
            samples=20,
            noise=0.15,
            **_SEED,
        ),
        _known(
            "GuidedBackprop",
            "Springenberg et al., ICLR-W 2015",
            "The gradient, with only what is positive let through each ReLU.",
        ),
        _known(
            "DeepLift",
            "Shrikumar, Greenside and Kundaje, ICML 2017",
            "The difference from a baseline, passed back layer by layer.",
            **_BASELINE,
        ),
        _known(
            "GradientShap",
            "Lundberg and Lee, NeurIPS 2017",
            "Gradients at random places between a baseline and noisy copies of the photo.",
            **_BASELINE,
            samples=20,
            noise=0.09,
            **_SEED,
        ),
        _known(
            "Occlusion",
            "Zeiler and Fergus, ECCV 2014",
            "How far the score drops when a sliding window is covered. Slow: one pass for each place.",
            **_BASELINE,
            window=32,
            stride=16,
        ),
        _known(
            "FeatureAblation",
            "Captum: Kokhlikyan et al., 2020",
            "How far the score drops when a square of a grid is covered. One pass for each square.",
            **_BASELINE,
            cell=32,
        ),
        _known(
            "KernelShap",
            "Lundberg and Lee, NeurIPS 2017",
            "Shapley values of the squares of a grid, estimated from random coverings.",
            **_BASELINE,
            cell=32,
            samples=200,
            **_SEED,
        ),
        _known(
            "Lime",
            "Ribeiro, Singh and Guestrin, KDD 2016",
            "A linear model of the score around the photo, of the squares of a grid, by ridge regression.",
            **_BASELINE,
            cell=32,
            samples=200,
            **_SEED,
        ),
    )
}


def captum_version() -> str:
    """The version that is installed; empty where none is."""
    return _version(tuple(sys.path))


@lru_cache(maxsize=2)
def _version(_path: tuple[str, ...]) -> str:
    try:
        return version("captum")
    except PackageNotFoundError:
        return ""
