"""Open a network by its source: a name in a library, a package that brings weights, or a file by torch.export."""

from pathlib import Path

from ..errors import UnknownNameError
from .description import Description
from .names import LIBRARIES, is_named, is_program
from .sources import Source, from_timm, from_torchvision

_FORMS = (
    "torchvision:NAME, timm:NAME, package:NAME, onnx:file (whose weights are an .onnx file) or a .pt2 file"
)


def open_source(
    spec: str,
    weights: str | Path | None,
    wanted: Description,
    trust_code: bool | str = False,
) -> Source:
    """The network that `spec` names, with its weights in place; `wanted` is what was said of it.

    Raises UnknownNameError for a name that does not exist, WeightsError for weights that do not fit, UntrustedCodeError for a
    program in a file that nobody trusts (see program.py).
    """
    if is_program(spec):
        from .program import read_program

        return read_program(Path(spec), weights, trust_code)
    kind, _, name = spec.partition(":")
    if kind not in LIBRARIES or not name:
        raise UnknownNameError(f"network {spec!r} is not one of the forms {_FORMS}")
    if not is_named(spec):
        raise UnknownNameError(
            f"network {spec!r}: a name has letters, digits, points, - and _ only; give it as {kind} spells it"
        )
    openers = {"torchvision": from_torchvision, "timm": from_timm, "package": _packaged, "onnx": _from_onnx}
    return openers[kind](name, weights, wanted)


def _packaged(name: str, weights: str | Path | None, wanted: Description) -> Source:
    from .packaged import from_package

    return from_package(name, weights, wanted)


def _from_onnx(name: str, weights: str | Path | None, wanted: Description) -> Source:
    from .onnx_file import read_onnx

    if name != "file":
        raise UnknownNameError(
            f"network onnx:{name}: give onnx:file, and the path of an .onnx file as its weights"
        )
    return read_onnx(weights, wanted)
