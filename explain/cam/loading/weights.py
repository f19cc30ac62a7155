"""Weights: read from files without running code, fitted to a network, and hashed."""

import hashlib
import pickle  # only for its error class: every read is weights_only
import zipfile
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from ..errors import WeightsError, shortened

# what stands in the archives of TorchScript, of torch.export, and of torch.export before PyTorch 2.8
PROGRAM_RECORDS = {"constants.pkl", "archive_format", "serialized_exported_program.json"}


def read_weights(path: str | Path) -> dict[str, Tensor]:
    """The tensors of a .pt, .pth, .bin (read with weights_only) or .safetensors file, by name.

    Raises WeightsError when the file is missing, damaged, or holds more than tensors.
    """
    path = Path(path)
    if not path.is_file():
        raise WeightsError(
            f"weights {path}: no such file; give a path to a .pth or .safetensors file, DEFAULT, or None"
        )
    if path.suffix.lower() == ".safetensors":
        return _read_safetensors(path)
    _refuse_programs(path)
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as problem:
        raise WeightsError(
            f"weights {path}: it holds more than tensors, or is no PyTorch file; save"
            " module.state_dict() instead of the whole module"
        ) from problem
    except Exception as problem:  # what a damaged file makes the reader stumble over can be anything
        raise WeightsError(f"weights {path}: {_first_line(problem)}; fetch the file again") from problem
    return _tensors(content, path)


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
            " module.state_dict() instead, as .safetensors or .pth"
        )


def _read_safetensors(path: Path) -> dict[str, Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except (SafetensorError, OSError) as problem:
        raise WeightsError(f"weights {path}: {_first_line(problem)}; fetch the file again") from problem


def _tensors(content: object, path: Path) -> dict[str, Tensor]:
    """The state dict itself, also when it is wrapped as {'state_dict': …} or saved from DataParallel."""
    for key in ("state_dict", "model", "model_state_dict"):
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            content = content[key]
    if not isinstance(content, Mapping) or not all(isinstance(value, Tensor) for value in content.values()):
        raise WeightsError(f"weights {path}: it is not a state dict; save module.state_dict()")
    if all(name.startswith("module.") for name in content):
        return {name.removeprefix("module."): value for name, value in content.items()}
    return dict(content)


def load_into(module: nn.Module, weights: Mapping[str, Tensor], *, source: str, network: str) -> None:
    """Put `weights` into `module`, all or nothing.

    Raises WeightsError that says which names or shapes differ.
    """
    own = module.state_dict()
    optional = {name for name in own if name.endswith("num_batches_tracked")}
    missing = [name for name in own if name not in weights and name not in optional]
    surplus = [name for name in weights if name not in own]
    reshaped = [
        f"{name} is {tuple(weights[name].shape)} and should be {tuple(own[name].shape)}"
        for name in own
        if name in weights and weights[name].shape != own[name].shape
    ]
    problems = [
        f"{len(names)} {what} ({shortened(names, 2)})"
        for names, what in ((missing, "missing"), (surplus, "unknown"), (reshaped, "of another shape"))
        if names
    ]
    if problems:
        raise WeightsError(
            f"weights {source} belong to another architecture than {network}: {', '.join(problems)};"
            " name the network that they were made for, or give other weights"
        )
    module.load_state_dict(dict(weights), strict=False)


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
