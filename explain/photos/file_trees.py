"""Files by relative name, out of a folder or a ZIP. A ZIP is never unpacked: members are read as streams.

No Django here. Everything that a name or a size could do to us is refused before anything is read. Names have `/`
between folders and composed letters (NFC), whatever program wrote them.
"""

import stat
import unicodedata
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Protocol

from explain.core.errors import BadInputError

from .kinds import HEAD, kind_of
from .zip_names import names_of

MAX_FILE_BYTES = 200 * 2**20
MAX_RATIO = 100  # unpacked to packed; photos are near 1
MAX_MEMBERS = 500_000
NAMED = 10  # bad things are named up to this many
# What file managers leave behind, beside all that begins with a dot.
_LEFT_BEHIND = {"__macosx", "thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r", "@eadir", "$recycle.bin"}


class Tree(Protocol):
    """A set of files with `/` in their names.

    left_behind     names of files that file managers leave behind: they are not among names()
    empty_folders   folders without a file
    remarks         what whoever gave it should know
    """

    label: str
    left_behind: list[str]
    empty_folders: list[str]
    remarks: list[str]

    def names(self) -> list[str]: ...

    def read(self, name: str) -> bytes: ...

    def head(self, name: str) -> bytes: ...


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
        raise BadInputError(
            f"{path}: neither a folder, nor a ZIP, nor a manifest.csv{_it_is(path)}; give one of the three"
        )


def _it_is(path: Path) -> str:
    with path.open("rb") as file:
        kind = kind_of(file.read(HEAD))
    return f" (it is {kind}{', but was cut off' if kind == 'a ZIP' else ''})" if kind else ""


class FolderTree:
    def __init__(self, root: Path) -> None:
        self.root, self.label = root, str(root)
        self.remarks: list[str] = []
        files, folders = [], []
        for path in _walk(root):
            if path.is_file():
                files.append(path.relative_to(root).as_posix())
            elif path.is_dir() and not path.is_symlink():
                folders.append(path.relative_to(root).as_posix())
        self._paths = _by_usual_name(files)
        self.left_behind = sorted(filter(_hidden, self._paths))
        self.empty_folders = _empty(folders, files)

    def names(self) -> list[str]:
        return sorted(name for name in self._paths if not _hidden(name))

    def path_of(self, name: str) -> Path:
        """Where a file lies."""
        return self.root / self._paths.get(name, name)

    def read(self, name: str) -> bytes:
        with self._opened(name) as file:
            return _read_limited(name, file)

    def head(self, name: str) -> bytes:
        with self._opened(name) as file:
            return file.read(HEAD)

    def _opened(self, name: str) -> IO[bytes]:
        if name not in self._paths and _escapes(name):
            raise BadInputError(f"{name}: leads out of {self.label}; name files inside it only")
        path = self.path_of(name)
        if not path.is_file():
            raise BadInputError(f"{name}: is not in {self.label}; add the file or take its line out")
        return path.open("rb")


class ZipTree:
    def __init__(self, label: str, archive: zipfile.ZipFile) -> None:
        self.label, self._archive = label, archive
        written, self.remarks = names_of(archive.infolist(), label)
        members = list(zip(map(_slashed, written), archive.infolist(), strict=True))
        files = [(name, info) for name, info in members if not name.endswith("/")]
        if len(files) > MAX_MEMBERS:
            raise BadInputError(f"{label}: holds {len(files):,} files, over {MAX_MEMBERS:,}; split it")
        counts = Counter(name for name, _ in files)
        bad = [f"{label}: {fault}" for name, info in files if (fault := _fault(name, info, counts))]
        if bad:
            raise BadInputError(*bad[:NAMED])
        infos = dict(files)
        self._infos = {name: infos[as_written] for name, as_written in _by_usual_name(infos).items()}
        self.left_behind = sorted(filter(_hidden, self._infos))
        self.empty_folders = _empty((name.rstrip("/") for name, _ in members if name.endswith("/")), infos)

    def names(self) -> list[str]:
        return sorted(name for name in self._infos if not _hidden(name))

    def read(self, name: str) -> bytes:
        return self._read(name, whole=True)

    def head(self, name: str) -> bytes:
        return self._read(name, whole=False)

    def _read(self, name: str, *, whole: bool) -> bytes:
        if name not in self._infos:
            raise BadInputError(f"{name}: is not in {self.label}; add the file or take its line out")
        try:
            with self._archive.open(self._infos[name]) as file:
                return _read_limited(name, file) if whole else file.read(HEAD)
        except (zipfile.BadZipFile, EOFError, NotImplementedError, OSError, ValueError) as error:
            raise BadInputError(
                f"{name}: cannot be read from {self.label} ({error}); make the ZIP again"
            ) from error


def usual(name: str) -> str:
    """A file's name as it is compared: `/` between folders, composed letters, no `./` before it.

    >>> usual("./cafe\\u0301\\\\1.jpg") == "café/1.jpg"
    True
    """
    return unicodedata.normalize("NFC", _slashed(name))


def _slashed(name: str) -> str:
    name = name.replace("\\", "/")
    while name.startswith("./"):
        name = name[2:]
    return name


def _by_usual_name(written: Iterable[str]) -> dict[str, str]:
    """Usual name -> the name as it is written. Of names that differ in writing alone, one has the usual; the others keep theirs."""
    written = list(written)
    names = {name: name for name in written if name == usual(name)}
    for name in written:
        key = usual(name)
        names.setdefault(name if names.get(key, name) != name else key, name)
    return names


def _empty(folders: Iterable[str], files: Iterable[str]) -> list[str]:
    """The folders under which there is no file, outermost first."""
    full = {
        str(parent)
        for name in files
        if not _hidden(usual(name))
        for parent in PurePosixPath(usual(name)).parents
    }
    return sorted(name for name in map(usual, folders) if name not in full and not _hidden(name))


def _walk(folder: Path) -> Iterator[Path]:
    """What lies at any depth. Links to files and to the first level of folders are followed, deeper ones are not."""
    for entry in sorted(folder.iterdir()):
        yield entry
        if entry.is_dir():
            yield from sorted(entry.rglob("*"))


def _hidden(name: str) -> bool:
    """Whether a file is one of those that file managers leave behind."""
    return any(part.startswith(".") or part.lower() in _LEFT_BEHIND for part in name.split("/"))


def _escapes(name: str) -> bool:
    return (
        name.startswith("/")
        or "\\" in name
        or "\0" in name
        or ":" in name.split("/")[0]
        or ".." in name.split("/")
    )


def _fault(name: str, info: zipfile.ZipInfo, counts: Counter) -> str:
    """Why a member of a ZIP is refused, or nothing."""
    if not name:
        return "a file in it has no name; make the ZIP again"
    if _escapes(name):
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
