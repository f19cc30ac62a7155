"""What a program by torch.export reads: any batch or one photo at a time, photos of any size or of one."""

from dataclasses import dataclass
from pathlib import Path

import torch

from ..errors import CamError
from ..preprocessing import Preprocessing

_ANY = 10**6  # photos in a batch: a program that reads so many reads all that anybody gives it
EXPORT = (
    "torch.export.export(module, (two_photos,), dynamic_shapes=({0: torch.export.Dim('photos', min=1)},))"
)


@dataclass(frozen=True)
class ExportedInput:
    """`preprocessing` is None where photos of any size are read. Its colours are not on record, only its size."""

    one_by_one: bool
    preprocessing: Preprocessing | None


def exported_input(program: torch.export.ExportedProgram, path: Path) -> ExportedInput:
    """How a program wants its photos, from the shape that it was exported for.

    Raises CamError where it cannot read one photo, (1, 3, H, W).
    """
    names = program.graph_signature.user_inputs
    values = [node.meta.get("val") for node in program.graph.nodes if node.name in names]
    shape = tuple(getattr(values[0], "shape", ())) if len(values) == 1 else ()
    least, most = _bounds(program, shape[0]) if shape else (0, 0)
    if len(shape) != 4 or not least <= 1 <= most:
        raise CamError(
            f"network {path}: it was exported for {_described(values, shape)}, and must read one photo, (1, 3, H, W); "
            f"export it again for one photo, or for any number: {EXPORT}"
        )
    height, width = shape[2:]
    if isinstance(height, int) and isinstance(width, int):
        return ExportedInput(most < _ANY, Preprocessing((height, width), round(max(height, width) / 0.875)))
    return ExportedInput(most < _ANY, None)


def _bounds(program: torch.export.ExportedProgram, size: object) -> tuple[int, int]:
    """The fewest and the most photos that it reads at once."""
    if isinstance(size, int):
        return size, size
    known = {str(symbol): bounds for symbol, bounds in program.range_constraints.items()}
    bounds = known.get(str(size))
    if bounds is None:
        return 1, _ANY
    most = int(bounds.upper) if bounds.upper.is_finite and bounds.upper < _ANY else _ANY
    return int(bounds.lower), most


def _described(values: list[object], shape: tuple[object, ...]) -> str:
    if len(values) != 1:
        return f"{len(values)} inputs"
    return f"({', '.join(map(str, shape))})" if shape else "no photos"
