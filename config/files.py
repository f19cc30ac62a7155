"""Rows without files, and files without rows."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from django.core.files.storage import Storage, default_storage
from django.db.models import F
from django.utils import timezone

from explain.cam.rendering import encoding
from explain.core.errors import BadInputError
from explain.models import ExplanationMap, Image, MapPicture
from studies.models import CheckMap, Item, ItemMap, ProtocolVersion
from studies.participation import pictures_in

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


def changed_files(storage: Storage = default_storage) -> Iterator[str]:
    """Names of files that are there and are not what they were: every byte is read.

    Large maps are compared with the hash in their rows. Photos are compared with the hash that they were brought in with, and the pictures of an opened study with its seal.
    Pictures that nothing was sealed of have no hash: of them it is seen that they are whole.
    """
    yield from _changed_in_place()
    yield from _changed_arrays(storage)
    hashes = dict(_hashes())
    for name in sorted({*hashes, *_pictures()}):
        try:
            with storage.open(name) as file:
                content = file.read()
        except FileNotFoundError:  # lost files are told of by check_files
            continue
        if name in hashes:
            changed = hashlib.sha256(content).hexdigest() not in hashes[name]
        else:
            changed = not encoding.is_whole(content)
        if changed:
            yield name


def _changed_in_place() -> Iterator[str]:
    """Paths of photos that are used where they lie, and are not there any more or are others."""
    photos = Image.objects.exclude(source_path="").order_by("pk")
    for path, sha256 in photos.values_list("source_path", "source_sha256").iterator(chunk_size=2000):
        try:
            content = Path(path).read_bytes()
        except OSError:
            yield path
            continue
        if hashlib.sha256(content).hexdigest() != sha256:
            yield path


def _changed_arrays(storage: Storage) -> Iterator[str]:
    """Names of files of large maps that no longer hold what their rows say."""
    rows = ExplanationMap.objects.exclude(array_file="").defer("values", "manifest").order_by("pk")
    for row in rows.iterator(chunk_size=200):
        name = str(row.array_file.name)
        try:
            row.array()
        except BadInputError:
            if storage.exists(name):
                yield name


def _hashes() -> Iterator[tuple[str, set[str]]]:
    """Names of files whose hash is on record, with those that it may have."""
    for name, sha256 in Image.objects.exclude(file="").values_list("file", "content_sha256"):
        yield name, {sha256}
    known: dict[str, set[str]] = {}
    versions = ProtocolVersion.objects.filter(sha256=F("study__protocol_sha256")).exclude(sealed="")
    for study, sealed in versions.values_list("study", "sealed").iterator(chunk_size=1):
        pictures = pictures_in(sealed)
        for key, name in _sealed_names(study):
            if key in pictures:
                known.setdefault(name, set()).add(pictures[key])
    yield from known.items()


def _sealed_names(study: int) -> Iterable[tuple[str, str]]:
    """What a study's seal calls its pictures, and the files that they are in."""
    maps = ItemMap.objects.filter(item__study=study)
    for index, photo in Item.objects.filter(study=study).values_list("index", "picture"):
        yield f"{index} photo", photo
    for index, arm, name in maps.values_list("item__index", "arm__index", "picture"):
        yield f"{index} {arm}", name
    checks = CheckMap.objects.filter(item__study=study)
    for index, place, name in checks.values_list("item__index", "place", "file"):
        yield f"{index} check {place}", name


def _pictures() -> Iterator[str]:
    """The names of all pictures, whoever made them."""
    yield from Image.objects.exclude(picture="").values_list("picture", flat=True)
    for kind in MapPicture.values:
        yield from ExplanationMap.objects.exclude(**{kind: ""}).values_list(kind, flat=True)
    for model in (Item, ItemMap):
        yield from model.objects.exclude(picture="").values_list("picture", flat=True)
    yield from CheckMap.objects.values_list("file", flat=True)


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
