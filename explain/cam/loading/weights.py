"""Weights: read from files without running code, fitted to a network, and hashed."""

import hashlib
import pickle  # only for its error class: every read is weights_only
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ..errors import WeightsError, shortened
from .checkpoint import Checkpoint
from .fitting import Fitted, fit

Build = Callable[[int | None, int | None], nn.Module]
"""Of classes and channels, None as many as by default: the network with random weights."""

# what stands in the archives of TorchScript, of torch.export, and of torch.export before PyTorch 2.8
PROGRAM_RECORDS = {"constants.pkl", "archive_format", "serialized_exported_program.json"}


class _Inert:
    """Stands for an object that holds no weights, so that nothing of its class is imported or run."""

    def __init__(self, *_: object, **__: object) -> None: ...

    def __setstate__(self, _: object) -> None: ...


# Arguments, paths and single numbers, which training scripts keep beside their weights.
_HARMLESS: list[Any] = [
    (_Inert, name)
    for name in (
        "argparse.Namespace",
        "types.SimpleNamespace",
        "pathlib.PosixPath",
        "pathlib.WindowsPath",
        "pathlib._local.PosixPath",
        "pathlib._local.WindowsPath",
        "_codecs.encode",
        "numpy.dtype",
        "numpy.core.multiarray.scalar",
        "numpy._core.multiarray.scalar",
        "datetime.datetime",
        "datetime.timedelta",
    )
]


def read_checkpoint(path: str | Path) -> Checkpoint:
    """The tensors of a .pt, .pth, .bin, .ckpt (read with weights_only) or .safetensors file, and what lies beside them.

    Raises WeightsError when the file is missing, damaged, or holds more than tensors and plain values.
    """
    path = Path(path)
    if not path.is_file():
        raise WeightsError(
            f"weights {path}: no such file; give a path to a .pth or .safetensors file, DEFAULT, or None"
        )
    content = _read_safetensors(path) if path.suffix.lower() == ".safetensors" else _read_pickled(path)
    checkpoint = Checkpoint.of(content) if isinstance(content, Mapping) else None
    if checkpoint is None or not checkpoint.states:
        raise WeightsError(f"weights {path}: it is not a state dict; save module.state_dict()")
    return checkpoint


def _read_pickled(path: Path) -> object:
    _refuse_programs(path)
    try:
        with torch.serialization.safe_globals(_HARMLESS):
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as problem:
        raise WeightsError(
            f"weights {path}: it holds more than tensors{_strangers(path)}, or is no PyTorch file; save"
            " module.state_dict() instead of the whole module"
        ) from problem
    except Exception as problem:  # what a damaged file makes the reader stumble over can be anything
        raise WeightsError(f"weights {path}: {_first_line(problem)}; fetch the file again") from problem


def _strangers(path: Path) -> str:
    """The kinds of objects in a file that are not read, in brackets."""
    try:
        names = torch.serialization.get_unsafe_globals_in_checkpoint(path)
    except Exception:  # no PyTorch file at all, or a damaged one
        return ""
    harmless = {name for _, name in _HARMLESS}
    return f" ({shortened(sorted(set(names) - harmless), 3)})" if set(names) - harmless else ""


def _refuse_programs(path: Path) -> None:
    """Look at the kind of a file first: archives of TorchScript and of torch.export are programs, not weights."""
    if not zipfile.is_zipfile(path):
        return
    try:
        with zipfile.ZipFile(path) as archive:
            names = {name.rpartition("/")[2] for name in archive.namelist()}
    except (zipfile.BadZipFile, NotImplementedError) as problem:
        raise WeightsError(f"weights {path}: {_first_line(problem)}; fetch the file again") from problem
    if names & PROGRAM_RECORDS:
        raise WeightsError(
            f"weights {path}: it is a program, by TorchScript or torch.export, and reading it could run code; save"
            " module.state_dict() instead, as .safetensors or .pth, or the whole network by torch.onnx.export as .onnx"
        )


def _read_safetensors(path: Path) -> dict[str, Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except (SafetensorError, OSError) as problem:
        raise WeightsError(f"weights {path}: {_first_line(problem)}; fetch the file again") from problem


def load_into(
    checkpoint: Checkpoint,
    build: Build,
    *,
    classes: int,
    source: str,
    network: str,
    asked: str = "",
    ignore: Sequence[str] = (),
) -> tuple[nn.Module, Fitted]:
    """A network with the weights of a checkpoint, with as many classes and channels as those have.

    build    of so many classes and channels, None as it is by default: the network with any weights
    classes  that it has by default
    Raises WeightsError that says which names or shapes differ.
    """
    module = build(None, None)
    own = {name: tuple(value.shape) for name, value in module.state_dict().items()}
    fitted = fit(checkpoint, own, classes=classes, source=source, network=network, asked=asked, ignore=ignore)
    if fitted.classes is not None or fitted.channels is not None:
        module = build(fitted.classes, fitted.channels)
    state = module.state_dict()  # with the versions of its parts, which some ask for (MNASNet)
    state.update(fitted.tensors)
    try:
        module.load_state_dict(state)
    except (RuntimeError, ValueError) as problem:
        last = str(problem).strip().splitlines()[-1].strip()
        raise WeightsError(
            f"weights {source} do not fit {network} with {fitted.classes or classes} classes: {last[:200]}"
        ) from problem
    return module, fitted


def weights_hash(module: nn.Module) -> str:
    """SHA-256 over names, types, shapes and values of all parameters and buffers: the same for any file format."""
    digest = hashlib.sha256()
    for name, value in sorted(module.state_dict().items()):
        if not isinstance(value, Tensor):
            continue
        flat = value.detach().cpu().contiguous()
        digest.update(f"{name} {flat.dtype} {tuple(flat.shape)}\n".encode())
        digest.update(flat.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _first_line(problem: Exception) -> str:
    return (str(problem).strip() or type(problem).__name__).splitlines()[0][:200]
