"""Files that hold many arrays: which there are, and each of them, or each row of one, without the others in memory. No Django."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol
from zipfile import ZipFile

import numpy as np

from blindsight.places import how_to_install
from explain.core.errors import BadInputError

from .array_bytes import (
    NpyHead,
    SafeFile,
    load_torch,
    npz_array,
    npz_member,
    npz_names,
    open_npz,
    read_npy_head,
    read_values,
    tensor_values,
)

ENDINGS = (".npz", ".safetensors", ".pt", ".pth", ".h5", ".hdf5")


class Holder(Protocol):
    """Arrays by name. `words` are texts, or whole numbers as texts, under a name: ids of photos, targets."""

    @property
    def names(self) -> list[str]: ...

    def shape(self, name: str) -> tuple[int, ...]: ...

    def array(self, name: str) -> np.ndarray: ...

    def rows(self, name: str) -> Iterator[np.ndarray]: ...

    def words(self, name: str) -> list[str] | None: ...


@contextmanager
def open_holder(path: Path) -> Iterator[Holder]:
    """A file of many arrays. BadInputError with the reason alone where it is none."""
    ending = path.suffix.lower()
    if ending in (".pt", ".pth"):
        yield _TorchHolder(load_torch(str(path), mmap=True))
    elif ending in (".h5", ".hdf5"):
        with _opened_h5(path) as file:
            yield _H5Holder(file)
    else:
        with path.open("rb") as file:
            if ending == ".safetensors":
                yield _SafeHolder(file)
            else:
                with open_npz(file) as archive:
                    yield _NpzHolder(archive)


class _NpzHolder:
    def __init__(self, archive: ZipFile) -> None:
        self._archive = archive
        self.names = npz_names(archive)
        self._words = {name: words for name in self.names if (words := self._as_words(name)) is not None}

    def _head(self, name: str) -> NpyHead:
        with npz_member(self._archive, name) as file:
            return read_npy_head(file)

    def _as_words(self, name: str) -> list[str] | None:
        head = self._head(name)
        if len(head.shape) != 1 or head.dtype.kind not in "USiu":
            return None
        return _texts(npz_array(self._archive, name))

    def shape(self, name: str) -> tuple[int, ...]:
        return self._head(name).shape

    def array(self, name: str) -> np.ndarray:
        return npz_array(self._archive, name)

    def rows(self, name: str) -> Iterator[np.ndarray]:
        with npz_member(self._archive, name) as file:
            head = read_npy_head(file)
            if head.is_fortran:
                yield from npz_array(self._archive, name)
                return
            for _ in range(head.shape[0]):
                yield read_values(file, NpyHead(head.shape[1:], False, head.dtype))

    def words(self, name: str) -> list[str] | None:
        return self._words.get(name)


class _SafeHolder(SafeFile):
    def words(self, name: str) -> list[str] | None:
        """From the file's metadata, a JSON list: tensors hold no texts. Numbers may also be a tensor."""
        if name in self.names and len(self.shape(name)) == 1:
            return _texts(self.array(name))
        if name not in self.metadata:
            return None
        try:
            listed = json.loads(self.metadata[name])
        except (ValueError, TypeError, RecursionError) as error:
            raise BadInputError(f"metadata “{name}” that is no JSON list; write json.dumps(names)") from error
        return [str(word) for word in listed] if isinstance(listed, list) else None


class _TorchHolder:
    def __init__(self, held: Any) -> None:
        if not isinstance(held, Mapping):
            raise BadInputError(
                "one tensor and no names of photos; save {'maps': tensor, 'ids': [names]} or {name: tensor, …}"
            )
        self._held = {str(name): value for name, value in held.items()}

    @property
    def names(self) -> list[str]:
        return [name for name, value in self._held.items() if not isinstance(value, list | tuple)]

    def shape(self, name: str) -> tuple[int, ...]:
        return tuple(self.array(name).shape)

    def array(self, name: str) -> np.ndarray:
        return tensor_values(self._held[name])

    def rows(self, name: str) -> Iterator[np.ndarray]:
        return iter(self.array(name))

    def words(self, name: str) -> list[str] | None:
        value = self._held.get(name)
        if isinstance(value, list | tuple):
            return [str(word) for word in value]
        if value is not None and len(self.shape(name)) == 1:
            return _texts(self.array(name))
        return None


@contextmanager
def _opened_h5(path: Path) -> Iterator[Any]:
    if find_spec("h5py") is None:
        raise BadInputError(
            f"HDF5, which is read where h5py is installed: {how_to_install('h5')}, or save the maps as .npz"
        )
    import h5py

    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise BadInputError("no HDF5 inside, whatever its name says; save it again") from error
    with file:
        yield file


class _H5Holder:
    """HDF5 can say that values lie in another file of this machine: such arrays are refused, and links are not followed."""

    def __init__(self, file: Any) -> None:
        import h5py

        self._file = file
        self.names: list[str] = []

        def note(name: str, node: Any) -> None:
            if isinstance(node, h5py.Dataset):
                if node.external or node.is_virtual:
                    raise BadInputError(
                        f"the array {name}, whose values lie in another file; save them in this one"
                    )
                self.names.append(name)

        file.visititems(note)  # hard links alone

    def shape(self, name: str) -> tuple[int, ...]:
        return tuple(self._file[name].shape)

    def array(self, name: str) -> np.ndarray:
        try:
            return np.asarray(self._file[name][()])
        except OSError as error:
            raise BadInputError("a damaged array inside; save it again") from error

    def rows(self, name: str) -> Iterator[np.ndarray]:
        return (np.asarray(self._file[name][row]) for row in range(self.shape(name)[0]))

    def words(self, name: str) -> list[str] | None:
        if name not in self.names or len(self.shape(name)) != 1:
            return None
        values = self._file[name]
        return _texts(np.asarray(values.asstr()[()] if values.dtype.kind == "O" else values[()]))


def _texts(values: np.ndarray) -> list[str]:
    return [
        word.decode("utf-8", "replace") if isinstance(word, bytes) else str(word) for word in values.tolist()
    ]
