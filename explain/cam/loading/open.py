"""Open a network by its source: a name in a library, a package that brings weights, or a file by torch.export."""

from collections.abc import Sequence
from pathlib import Path

from ..errors import UnknownNameError
from .sources import _FORMS, Source, _exported, from_timm, from_torchvision


def open_source(spec: str, weights: str | Path | None, class_names: Sequence[str] | None) -> Source:
    """The network that `spec` names, with its weights in place.

    Raises UnknownNameError for a name that does not exist, WeightsError for weights that do not fit.
    """
    if spec.endswith(".pt2"):
        return _exported(Path(spec), weights)
    kind, _, name = spec.partition(":")
    openers = {"torchvision": from_torchvision, "timm": from_timm, "package": _packaged}
    if kind not in openers or not name:
        raise UnknownNameError(f"network {spec!r} is not one of the forms {_FORMS}")
    count = len(class_names) if class_names else None
    return openers[kind](name, weights, count)


def _packaged(name: str, weights: str | Path | None, count: int | None) -> Source:
    from .packaged import from_package

    return from_package(name, weights, count)
