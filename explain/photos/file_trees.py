"""Files by relative name, out of a folder or a ZIP. A ZIP is never unpacked: members are read as streams.

No Django here. Everything that a name or a size could do to us is refused before anything is read.
"""

import stat
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Protocol

from explain.core.errors import BadInputError

MAX_FILE_BYTES = 200 * 2**20
MAX_RATIO = 100  # unpacked to packed; photos are near 1
MAX_MEMBERS = 500_000
NAMED = 10  # bad things are named up to this many


class Tree(Protocol):
    """A set of files with `/` in their names."""

    label: str

    def names(self) -> list[str]: ...

    def read(self, name: str) -> bytes: ...


@contextmanager
def open_tree(path: Path) -> Iterator[Tree]:
    """A folder or a ZIP as a Tree. BadInputError where it is neither, or where the ZIP is not to be trusted."""
    if path.is_dir():
        yield FolderTree(path)
    elif not path.exists():
        raise BadInputError(f"{path}: there is no such folder or file; check the path")
    elif zipfile.is_zipfile(path):
        try:
            with zipfile.ZipFile(path) as archive:
                yield ZipTree(path.name, archive)
        except zipfile.BadZipFile as error:
            raise BadInputError(f"{path}: the ZIP is damaged ({error}); make it again") from error
    else:
        raise BadInputError(f"{path}: neither a folder, nor a ZIP, nor a manifest.csv; give one of the three")


class FolderTree:
    def __init__(self, root: Path) -> None:
        self.root, self.label = root, str(root)

    def names(self) -> list[str]:
        files = (path for path in _walk(self.root) if path.is_file())
        return sorted(name for path in files if not _hidden(name := path.relative_to(self.root).as_posix()))

    def read(self, name: str) -> bytes:
        if _escapes(name):
            raise BadInputError(f"{name}: leads out of {self.label}; name files inside it only")
        path = self.root / name
        if not path.is_file():
            raise BadInputError(f"{name}: is not in {self.label}; add the file or take its line out")
        with path.open("rb") as file:
            return _read_limited(name, file)


class ZipTree:
    def __init__(self, label: str, archive: zipfile.ZipFile) -> None:
        self.label, self._archive = label, archive
        infos = [info for info in archive.infolist() if not info.filename.endswith("/")]
        if len(infos) > MAX_MEMBERS:
            raise BadInputError(f"{label}: holds {len(infos):,} files, over {MAX_MEMBERS:,}; split it")
        counts = Counter(info.filename for info in infos)
        bad = [f"{label}: {fault}" for info in infos if (fault := _fault(info, counts))]
        if bad:
            raise BadInputError(*bad[:NAMED])
        self._infos = {info.filename: info for info in infos}

    def names(self) -> list[str]:
        return sorted(name for name in self._infos if not _hidden(name))

    def read(self, name: str) -> bytes:
        if name not in self._infos:
            raise BadInputError(f"{name}: is not in {self.label}; add the file or take its line out")
        try:
            with self._archive.open(self._infos[name]) as file:
                return _read_limited(name, file)
        except (zipfile.BadZipFile, EOFError, NotImplementedError, OSError, ValueError) as error:
            raise BadInputError(
                f"{name}: cannot be read from {self.label} ({error}); make the ZIP again"
            ) from error


def _walk(folder: Path) -> Iterator[Path]:
    """Files at any depth. Links to files and to the first level of folders are followed, deeper ones are not."""
    for entry in sorted(folder.iterdir()):
        yield from sorted(entry.rglob("*")) if entry.is_dir() else [entry]


def _hidden(name: str) -> bool:
    """Whether a file is one of those that file managers leave behind."""
    parts = PurePosixPath(name).parts
    return parts[0] == "__MACOSX" or any(part.startswith(".") or part == "Thumbs.db" for part in parts)


def _escapes(name: str) -> bool:
    return (
        name.startswith("/")
        or "\\" in name
        or "\0" in name
        or ":" in name.split("/")[0]
        or ".." in name.split("/")
    )


def _fault(info: zipfile.ZipInfo, counts: Counter) -> str:
    """Why a member of a ZIP is refused, or nothing."""
    name = info.filename
    if not name:
        return "a file in it has no name; make the ZIP again"
    if _escapes(name) or _escapes(info.orig_filename):
        return f"the name “{name}” leads out of the folder; make the ZIP without absolute paths and “..”"
    if stat.S_ISLNK(info.external_attr >> 16):
        return f"“{name}” is a link; put the file itself into the ZIP"
    if info.flag_bits & 1:
        return f"“{name}” is encrypted; make the ZIP without a password"
    if counts[name] > 1:
        return f"“{name}” is there {counts[name]} times; make the ZIP again"
    if info.file_size > MAX_FILE_BYTES:
        return f"“{name}” is {info.file_size / 2**20:,.0f} MiB, over {MAX_FILE_BYTES >> 20}; resize it"
    if info.file_size > 2**20 and info.file_size > MAX_RATIO * max(info.compress_size, 1):
        return f"“{name}” unpacks to over {MAX_RATIO} times its size, as no photo does; leave it out"
    return ""


def _read_limited(name: str, file: IO[bytes]) -> bytes:
    """All of a stream, but never more than the limit, whatever its header says."""
    content = file.read(MAX_FILE_BYTES + 1)
    if len(content) > MAX_FILE_BYTES:
        raise BadInputError(f"{name}: over {MAX_FILE_BYTES >> 20} MiB; resize it")
    return content
