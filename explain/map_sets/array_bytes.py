"""Arrays out of the bytes of files. Nothing that is read can run: no pickles, weights alone. No Django.

Every function gets a file's bytes and gives an array, or raises BadInputError with the reason alone, without a name.
"""

import io
import json
import math
import pickle
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import IO, Any, Literal, NamedTuple

import numpy as np
from PIL import Image

from explain.core.errors import BadInputError

MOST_BYTES = 2 * 2**30
"""Of one array, unpacked."""
MAX_PIXELS = 4096 * 4096
ENDINGS = (".npy", ".npz", ".png", ".tif", ".tiff", ".pt", ".pth", ".safetensors")
_CUT_OFF = "fewer values than its head says: it is cut off; copy it again"


class NpyHead(NamedTuple):
    shape: tuple[int, ...]
    is_fortran: bool
    dtype: np.dtype


def decode(name: str, content: bytes) -> np.ndarray:
    """The one array in a file's bytes; what kind of file it is, its name's ending says."""
    ending = PurePosixPath(name).suffix.lower()
    if not content:
        raise BadInputError("no bytes: the file is empty; copy it again")
    return _DECODERS[ending](content)


def read_npy_head(file: IO[bytes]) -> NpyHead:
    """What stands at the beginning of a .npy. Leaves the file where the values begin."""
    try:
        version = np.lib.format.read_magic(file)
        read = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
        if version not in read:
            raise BadInputError(
                f"the .npy format {version[0]}.{version[1]}, which is not read; save it by numpy.save"
            )
        shape, is_fortran, dtype = read[version](file)
    except (ValueError, EOFError, SyntaxError, TypeError) as error:
        raise BadInputError("no .npy inside, whatever its name says; save it by numpy.save") from error
    if dtype.hasobject:
        raise BadInputError("Python objects, which are never loaded; save plain numbers (float32)")
    return NpyHead(shape, is_fortran, dtype)


def read_values(file: IO[bytes], head: NpyHead) -> np.ndarray:
    """The array that begins where a file stands; more may follow."""
    size = math.prod(head.shape) * head.dtype.itemsize
    if size > MOST_BYTES:
        raise BadInputError(f"a map of over {MOST_BYTES >> 30} GiB; make it smaller")
    try:
        content = file.read(size)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError) as error:
        raise BadInputError("a damaged array inside; save it again by numpy.savez") from error
    if len(content) < size:
        raise BadInputError(_CUT_OFF)
    order: Literal["F", "C"] = "F" if head.is_fortran else "C"
    return np.frombuffer(content, head.dtype).reshape(head.shape, order=order)


def npy(content: bytes) -> np.ndarray:
    file = io.BytesIO(content)
    array = read_values(file, read_npy_head(file))
    if file.read(1):
        raise BadInputError("more values than its head says; save it again by numpy.save")
    return array


def _npz(content: bytes) -> np.ndarray:
    with open_npz(io.BytesIO(content)) as archive:
        names = npz_names(archive)
        if len(names) != 1:
            raise BadInputError(
                f"{len(names)} arrays ({', '.join(names[:3]) or 'none'}), where one photo's file has one; give a file of "
                "many maps as the path itself"
            )
        return npz_array(archive, names[0])


def open_npz(file: IO[bytes]) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(file)
    except (zipfile.BadZipFile, ValueError, OSError) as error:
        raise BadInputError("no .npz inside, whatever its name says; save it by numpy.savez") from error


def npz_names(archive: zipfile.ZipFile) -> list[str]:
    """The arrays of a .npz, in its order, as numpy calls them."""
    return [name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")]


def npz_member(archive: zipfile.ZipFile, name: str) -> IO[bytes]:
    try:
        return archive.open(f"{name}.npy")
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError) as error:
        raise BadInputError(f"the array {name} cannot be read; save it again by numpy.savez") from error


def npz_array(archive: zipfile.ZipFile, name: str) -> np.ndarray:
    with npz_member(archive, name) as file:
        return read_values(file, read_npy_head(file))


def _picture(content: bytes) -> np.ndarray:
    try:
        with Image.open(io.BytesIO(content), formats=("PNG", "TIFF")) as picture:
            return _grey(picture)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise BadInputError(
            "no picture that is read here (PNG or TIFF), or a damaged one; save it again"
        ) from error


def _grey(picture: Image.Image) -> np.ndarray:
    if picture.width * picture.height > MAX_PIXELS:
        raise BadInputError(f"{picture.width:,} × {picture.height:,} pixels, too many; make it smaller")
    if getattr(picture, "n_frames", 1) > 1:
        raise BadInputError("several pages or frames; save one picture of each map")
    if picture.mode in ("1", "L", "I", "F") or picture.mode.startswith("I;16"):
        return np.asarray(picture)
    if picture.mode in ("LA", "RGB", "RGBA", "P"):
        pixels = np.asarray(picture.convert("RGBA"))
        if (pixels[..., 3] == 255).all() and (pixels[..., :2] == pixels[..., 1:3]).all():
            return pixels[..., 0]
    raise BadInputError(
        "a picture in colours, which is no map any more; save the map's values, in grey or as .npy (for finished pictures "
        "there is import_pictures)"
    )


def _torch(content: bytes) -> np.ndarray:
    held = load_torch(io.BytesIO(content))
    if isinstance(held, Mapping) and len(held) == 1:
        held = next(iter(held.values()))
    return tensor_values(held)


def load_torch(file: Any, **options: Any) -> Any:
    """What torch.save stored, if it is tensors and plain values alone. Imports torch: for commands and workers."""
    import torch

    try:
        return torch.load(file, map_location="cpu", weights_only=True, **options)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, OSError, KeyError) as error:
        raise BadInputError(
            "more than tensors inside, or a damaged file: nothing else is loaded; save it by torch.save(tensor.cpu(), …)"
        ) from error


def tensor_values(held: Any) -> np.ndarray:
    import torch

    if not isinstance(held, torch.Tensor) or held.layout != torch.strided or held.is_quantized:
        raise BadInputError("no plain tensor inside; save one by torch.save(tensor.cpu(), …)")
    held = held.detach()
    return (held.float() if held.dtype == torch.bfloat16 else held).resolve_neg().numpy()


_SAFE_TYPES = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "BOOL": "?",
    "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1", "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "u1",
}  # fmt: skip
MOST_HEAD = 100 * 2**20


class SafeFile:
    """A .safetensors file: names, and the values of any tensor, or of one row of it, without the others."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        size = file.seek(0, io.SEEK_END)
        file.seek(0)
        try:
            (length,) = struct.unpack("<Q", file.read(8))
            if length > min(size - 8, MOST_HEAD):
                raise ValueError(length)
            head = json.loads(file.read(length))
            self.metadata: dict[str, Any] = dict(head.pop("__metadata__", None) or {})
            self._tensors = {name: _SafeTensor.read(told, 8 + length, size) for name, told in head.items()}
        except (struct.error, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise BadInputError(
                "no .safetensors inside, or one that is cut off; save it by safetensors.numpy.save_file"
            ) from error

    @property
    def names(self) -> list[str]:
        return sorted(self._tensors, key=lambda name: self._tensors[name].begin)

    def shape(self, name: str) -> tuple[int, ...]:
        return self._tensors[name].shape

    def array(self, name: str) -> np.ndarray:
        tensor = self._tensors[name]
        return tensor.values(self._file, 0, tensor.shape)

    def rows(self, name: str) -> Iterator[np.ndarray]:
        tensor = self._tensors[name]
        return (tensor.values(self._file, row, tensor.shape[1:]) for row in range(tensor.shape[0]))


class _SafeTensor(NamedTuple):
    kind: str
    shape: tuple[int, ...]
    begin: int

    @classmethod
    def read(cls, told: Mapping[str, Any], start: int, size: int) -> "_SafeTensor":
        kind, shape = told["dtype"], tuple(told["shape"])
        begin, end = told["data_offsets"]
        if not all(type(number) is int and number >= 0 for number in (*shape, begin, end)):
            raise ValueError(told)
        wanted = math.prod(shape) * np.dtype(_SAFE_TYPES[kind]).itemsize
        if end - begin != wanted or start + end > size:
            raise ValueError(told)
        return cls(kind, shape, start + begin)

    def values(self, file: IO[bytes], row: int, shape: tuple[int, ...]) -> np.ndarray:
        dtype = np.dtype(_SAFE_TYPES[self.kind])
        length = math.prod(shape) * dtype.itemsize
        file.seek(self.begin + row * length)
        array = np.frombuffer(file.read(length), dtype).reshape(shape)
        if self.kind == "BF16":  # the upper half of a float32
            return (array.astype("<u4") << 16).view("<f4")
        return array


def _safetensors(content: bytes) -> np.ndarray:
    held = SafeFile(io.BytesIO(content))
    if len(held.names) != 1:
        raise BadInputError(
            f"{len(held.names)} tensors, where one photo's file has one; give a file of many maps as the path itself"
        )
    return held.array(held.names[0])


_DECODERS: dict[str, Callable[[bytes], np.ndarray]] = {
    ".npy": npy,
    ".npz": _npz,
    ".png": _picture,
    ".tif": _picture,
    ".tiff": _picture,
    ".pt": _torch,
    ".pth": _torch,
    ".safetensors": _safetensors,
}
