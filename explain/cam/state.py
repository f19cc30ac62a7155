"""What a module is at a moment: whether its weights have changed since, whether it is ready to run, whether it can be run at all."""

import ctypes
from collections.abc import Hashable, Iterator

import torch
from torch import Tensor, nn

from .errors import CamError, shortened

_BYTES = 16
_STATISTICS = ("running_mean", "running_var")


def state_of(module: nn.Module) -> Hashable:
    """Equal as long as no parameter or buffer is changed, replaced or moved. It takes a moment: nothing is summed.

    Every change that PyTorch counts is seen. What goes past its count (`weight.data.mul_(2)`) is seen by the first and last values.
    """
    return tuple(_mark(value) for value in _values(module))


def check_ready(module: nn.Module, spec: str) -> None:
    """Raise CamError for a module that was put into training mode: its batch norms and dropouts would change the maps."""
    if any(part.training for part in _parts(module)):
        raise CamError(
            f"network {spec}: it was put into training mode since it was loaded; call module.eval() first"
        )


def check_finite(module: nn.Module, spec: str) -> None:
    """Raise CamError for weights that are NaN or infinite."""
    bad = [name for name, value in module.named_parameters() if not _is_finite(value)]
    bad += [
        name for name, value in module.named_buffers() if name.endswith(_STATISTICS) and not _is_finite(value)
    ]
    if bad:
        raise CamError(
            f"network {spec}: its weights hold NaN or infinity ({shortened(bad, 2)}), so its maps would, too;"
            " take a checkpoint from before the training diverged"
        )


def _values(module: nn.Module) -> list[Tensor]:
    return [
        value
        for part in _parts(module)
        for values in (part._parameters, part._buffers)
        for value in values.values()
        if value is not None
    ]


def _parts(module: nn.Module) -> Iterator[nn.Module]:
    """The module and all parts of it. By hand: PyTorch's generators pass each of them up through every level."""
    waiting, seen = [module], set()
    while waiting:
        part = waiting.pop()
        if id(part) not in seen:
            seen.add(id(part))
            yield part
            waiting += [child for child in part._modules.values() if child is not None]


def _is_finite(value: Tensor) -> bool:
    return not (value.is_floating_point() or value.is_complex()) or bool(value.isfinite().all())


def _mark(value: Tensor) -> Hashable:
    version = 0 if value.is_inference() else value._version
    return id(value), value.data_ptr(), version, value.dtype, _ends(value)


def _ends(value: Tensor) -> bytes:
    """The first and last bytes of a tensor in the processor's memory; elsewhere PyTorch's count has to do."""
    length = value.numel() * value.element_size()
    if value.device.type != "cpu" or not length or not value.data_ptr() or not _is_dense(value):
        return b""
    few, start = min(_BYTES, length), value.data_ptr()
    return ctypes.string_at(start, few) + ctypes.string_at(start + length - few, few)


def _is_dense(value: Tensor) -> bool:
    return value.layout is torch.strided and value.untyped_storage().nbytes() >= (
        value.storage_offset() * value.element_size() + value.numel() * value.element_size()
    )
