"""Maps as people have them: a folder or ZIP with a file for each photo, a manifest.csv, or one file of many. No rows here.

What comes out is the same of all: entries, each with the name of a photo, and their arrays one after the other.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

from explain.core.errors import BadInputError
from explain.photos import NAMED, Tree, is_manifest, nearest_manifest, open_tree, read_table, usual

from . import array_bytes, holders
from .holders import Holder

IDS = ("ids", "photos", "names", "files")
TARGETS = ("targets", "target")
_TREES = "a folder, a ZIP or a manifest.csv with a file of each photo"
_STACKS = "a folder, a ZIP, a manifest.csv, or one .npz, .safetensors, .pt or .h5 with a map of each photo"


@dataclass(frozen=True)
class Entry:
    """One map: what it is called in messages, the name of its photo, and the class that it explains as somebody wrote it.

    is_file_name   the photo is named by the file of its map, whose ending is not the photo's
    """

    label: str
    photo: str
    target: str = ""
    is_file_name: bool = False


@dataclass(frozen=True)
class FileKind:
    """What a file of one photo holds: an array, or a finished picture.

    decode     of a file's name and bytes; BadInputError with the reason alone, or after the name
    stacks     whether one file may hold many
    """

    thing: str
    file_of: str  # as in "no file of an array"
    endings: tuple[str, ...]
    decode: Callable[[str, bytes], Any]
    stacks: bool = False


ARRAYS = FileKind("maps", "an array", array_bytes.ENDINGS, array_bytes.decode, stacks=True)
Read = tuple[Entry, Any]  # what decode gave, or the BadInputError that it raised


class MapFiles(Protocol):
    """Maps that are given: `read` goes through them in the order of `entries`; a map that cannot be read gives its reason.

    remarks       how it is read, where that is not plain
    passed_over   files that are no maps
    """

    @property
    def label(self) -> str: ...

    entries: list[Entry]
    remarks: list[str]
    passed_over: list[str]

    def read(self) -> Iterator[Read]: ...


@contextmanager
def opened_maps(path: Path, kind: FileKind = ARRAYS) -> Iterator[MapFiles]:
    """What `path` holds. BadInputError where there is no map in it, or a manifest is wrong."""
    if is_manifest(path.name) and path.is_file():
        path = path.parent
    if kind.stacks and path.is_file() and path.suffix.lower() in holders.ENDINGS:
        with _opened_stack(path) as stack:
            yield stack
        return
    if path.is_file() and path.suffix.lower() in kind.endings:
        others = _STACKS if kind.stacks else _TREES
        raise BadInputError(f"{path.name}: one file without the names of photos; give {others}")
    with open_tree(path) as tree:
        yield _files_of(tree, kind)


@contextmanager
def _opened_stack(path: Path) -> Iterator["_Stack"]:
    with ExitStack() as open_files:
        try:
            stack = _Stack(path.name, open_files.enter_context(holders.open_holder(path)))
        except BadInputError as error:
            raise BadInputError(f"{path.name}: {error}") from error
        yield stack


@dataclass
class _Files:
    """A file for each photo."""

    tree: Tree
    kind: FileKind
    entries: list[Entry]
    remarks: list[str]
    passed_over: list[str]

    @property
    def label(self) -> str:
        return self.tree.label

    def read(self) -> Iterator[Read]:
        for entry in self.entries:
            try:
                given: Any = self.kind.decode(entry.label, self.tree.read(entry.label))
            except BadInputError as error:
                given = BadInputError(str(error).removeprefix(f"{entry.label}: "))
            yield entry, given


def _files_of(tree: Tree, kind: FileKind) -> _Files:
    names = tree.names()
    manifest = nearest_manifest(names)
    if manifest is not None:
        return _by_manifest(tree, manifest, kind)
    maps = [name for name in names if PurePosixPath(name).suffix.lower() in kind.endings]
    others = [name for name in names if name not in set(maps)]
    if not maps:
        held = f" (it holds {others[0]} …)" if others else ""
        raise BadInputError(
            f"{tree.label}: no {kind.thing} in it{held}; give files that end in {', '.join(kind.endings)}"
        )
    entries = [Entry(name, name[: name.rindex(".")], is_file_name=True) for name in maps]
    return _Files(tree, kind, entries, list(tree.remarks), others)


def _by_manifest(tree: Tree, manifest: str, kind: FileKind) -> _Files:
    table = read_table(
        tree.read(manifest),
        name=manifest,
        needs=[{"photo", "file"}],
        in_words="the columns photo and file (and target, if you like)",
    )
    folder = manifest[: len(manifest) - len(PurePosixPath(manifest).name)]
    there = set(tree.names())
    entries: list[Entry] = []
    bad: list[str] = []
    for row in table.rows:
        try:
            row.check()
            entries.append(_entry_of_row(row.cells, folder, there, kind))
        except ValueError as error:
            bad.append(f"{manifest} line {row.line}: {error}; correct the line")
    if bad:
        more = [f"… and {len(bad) - NAMED:,} more lines of {manifest}"] if len(bad) > NAMED else []
        raise BadInputError(*bad[:NAMED], *more)
    if not entries:
        raise BadInputError(f"{manifest}: names no {kind.thing[:-1]}; write a line for each photo")
    named = {entry.label for entry in entries}
    return _Files(tree, kind, entries, list(tree.remarks), sorted(there - named - {manifest}))


def _entry_of_row(cells: dict[str, str], folder: str, there: set[str], kind: FileKind) -> Entry:
    """ValueError says what is wrong with the line."""
    if not cells["photo"]:
        raise ValueError("names no photo")
    if not cells["file"]:
        raise ValueError("names no file")
    name = folder + usual(cells["file"])
    if name not in there:
        raise ValueError(f"the file {name} is not there")
    if PurePosixPath(name).suffix.lower() not in kind.endings:
        raise ValueError(f"{name} is no file of {kind.file_of} ({', '.join(kind.endings)})")
    return Entry(name, usual(cells["photo"]), cells.get("target", ""))


class _Stack:
    """One file of many maps: an array with all of them and the ids of their photos, or an array under the name of each photo."""

    def __init__(self, label: str, holder: Holder) -> None:
        self.label, self._holder = label, holder
        self.remarks: list[str] = []
        self.passed_over: list[str] = []
        self._name = ""
        self.entries = self._list()

    def _list(self) -> list[Entry]:
        ids_name = next((name for name in IDS if self._holder.words(name) is not None), "")
        if not ids_name:
            return self._by_name()
        ids = self._holder.words(ids_name) or []
        targets_name = next((name for name in TARGETS if self._holder.words(name) is not None), "")
        targets = self._holder.words(targets_name) if targets_name else None
        others = [name for name in self._holder.names if name not in (ids_name, targets_name)]
        stacks = [name for name in others if len(self._holder.shape(name)) >= 3]
        if len(stacks) != 1:
            raise BadInputError(
                f"ids of photos, and {len(stacks)} arrays of maps ({', '.join(others[:3]) or 'none'}); put one beside them, of "
                "(photos, h, w)"
            )
        self._name = stacks[0]
        self.passed_over = [name for name in others if name != self._name]
        count = self._holder.shape(self._name)[0]
        if len(ids) != count or (targets is not None and len(targets) != count):
            wrong = f"{len(ids):,} ids" if len(ids) != count else f"{len(targets or []):,} targets"
            raise BadInputError(f"{count:,} maps and {wrong}; give one for each map, in their order")
        return [
            Entry(f"{self.label} [{row}]", usual(photo), targets[row] if targets else "")
            for row, photo in enumerate(ids)
        ]

    def _by_name(self) -> list[Entry]:
        names = self._holder.names
        if not names:
            raise BadInputError("no array in it; save the maps again")
        if len(names) == 1 and len(self._holder.shape(names[0])) >= 3:
            raise BadInputError(
                f"an array {names[0]} and no names of photos; put their names beside it, as ids (in .safetensors: a JSON list "
                "in its metadata)"
            )
        return [Entry(f"{self.label} [{name}]", usual(name)) for name in names]

    def read(self) -> Iterator[Read]:
        return self._rows() if self._name else self._arrays()

    def _rows(self) -> Iterator[Read]:
        arrays = self._holder.rows(self._name)
        for place, entry in enumerate(self.entries):
            try:
                array = next(arrays)
            except BadInputError as error:  # a stream that breaks is broken for all that follow
                yield from ((left, error) for left in self.entries[place:])
                return
            yield entry, array

    def _arrays(self) -> Iterator[Read]:
        for entry, name in zip(self.entries, self._holder.names, strict=True):
            try:
                yield entry, self._holder.array(name)
            except BadInputError as error:
                yield entry, error
