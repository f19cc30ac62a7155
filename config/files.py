"""Rows without files, and files without rows."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta

from django.core.files.storage import Storage, default_storage
from django.utils import timezone

from .backup import file_names

YOUNG = timedelta(hours=1)
"""A file this young may belong to a row that is just being written."""


@dataclass(frozen=True)
class FileCheck:
    """`lost`: names that a row points to and that are not there. `orphans`: files that no row points to, not young."""

    rows: int
    lost: list[str] = field(default_factory=list)
    orphans: list[str] = field(default_factory=list)


def check_files(storage: Storage = default_storage) -> FileCheck:
    stored = set(walk(storage))
    wanted = set(file_names())
    return FileCheck(
        rows=len(wanted),
        lost=sorted(wanted - stored),
        orphans=sorted(name for name in stored - wanted if not _is_young(storage, name)),
    )


def delete_orphans(checked: FileCheck, storage: Storage = default_storage) -> int:
    """Delete the files that still have no row, and return how many."""
    still = set(checked.orphans) - set(file_names())
    for name in still:
        storage.delete(name)
    return len(still)


def walk(storage: Storage, folder: str = "") -> Iterator[str]:
    """The names of all files in a folder and in the folders inside it."""
    try:
        folders, names = storage.listdir(folder)
    except FileNotFoundError:  # nothing has been stored yet
        return
    for name in names:
        yield f"{folder}/{name}" if folder else name
    for inner in folders:
        yield from walk(storage, f"{folder}/{inner}" if folder else inner)


def _is_young(storage: Storage, name: str) -> bool:
    return storage.get_modified_time(name) > timezone.now() - YOUNG
