"""Explanation maps of convolutional networks, exact and at the price of one forward pass.

    from explain.cam import Network, explain

    net = Network.load("torchvision:resnet50", weights="resnet50.pth")
    out = explain(net, net.preprocess(photo)[None], methods=["grad-cam", "pixel-ablation-cam"])
    out.maps["grad-cam"]        # (1, 7, 7) float32

It uses no Django and no other code of this repository. Importing this package does not import torch: names are loaded
when they are first used (PEP 562), so a web process may check method names and catch CamError without torch.
"""

from importlib import import_module
from typing import Any

_HOME = {
    "CamError": "errors",
    "InputError": "errors",
    "METHODS": "registry",
    "Network": "network",
    "Preprocessing": "preprocessing",
    "explain": "engine",
    "find_method": "registry",
    "known_methods": "names",
    "register": "registry",
}
_SUBMODULES = {"errors", "names", "network", "preprocessing"}

__all__ = [*_HOME, *sorted(_SUBMODULES)]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
        globals()[name] = value
        return value
    if name in _SUBMODULES:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
