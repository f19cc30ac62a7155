"""A backup of the whole site in a folder: every row and every file, with counts and hashes, while the site runs.

    FOLDER/manifest.json       written last: a folder without it is no backup
    FOLDER/rows-TIME/*.jsonl.gz one file for each table, one row a line
    FOLDER/files/…             photos and pictures, under the names that the rows know
    FOLDER/withdrawn.jsonl     who has withdrawn, as hashes: a restore withdraws them again (studies/trials/tombstones.py)

Files never change once they are there, so a second backup into the same folder copies only what is new.
"""

import gzip
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connections, models, transaction
from django.db.migrations.recorder import MigrationRecorder

from explain import jobs
from explain.core.errors import BadInputError
from explain.core.file_lock import InUseError, file_lock
from studies.trials import (
    Tombstones,
    keep_tombstones,
    note_all_withdrawn,
    read_tombstones,
    withdraw_again,
    withdrawn_file,
)

from . import rows

FORMAT = 1
WITHDRAWN = "withdrawn.jsonl"
Report = Callable[[int, int], object]


@dataclass(frozen=True)
class Kept:
    """What a backup holds: rows by table, and files; `missing` files have a row but are not there.

    Of a restore, too: how many people were withdrawn again, and how many lines of those who had could not be read.
    """

    rows: dict[str, int]
    files: int
    missing: list[str]
    withdrawn_again: int = 0
    damaged_lines: int = 0


@contextmanager
def _for_the_owner_alone() -> Iterator[None]:
    """What is written here can be read by nobody else on this machine: a backup holds all that people said."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


@contextmanager
def _in_use(folder: Path, *, shared: bool = False) -> Iterator[None]:
    """The folder of a backup for whoever writes it, and for nobody else who writes or reads it meanwhile."""
    try:
        with file_lock(folder / ".lock", shared=shared):
            yield
    except InUseError as error:
        raise BadInputError(
            f"{folder}: another backup or restore is at work in this folder; wait until it is done, or name another folder"
        ) from error


@_for_the_owner_alone()
def back_up(folder: Path, report: Report = lambda done, total: None) -> Kept:
    """Write a backup that its owner alone can read; whatever was in the folder stays good until the new one is whole.

    Raises BadInputError where another one is being written into the folder, or it cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _in_use(folder):
            return _back_up(folder, report)
    except OSError as error:
        raise BadInputError(
            f"{folder}: the backup could not be written ({error.strerror or error}); what was there before is still good"
        ) from error


def _back_up(folder: Path, report: Report) -> Kept:
    home = folder / datetime.now(UTC).strftime("rows-%Y%m%d-%H%M%S-%f")
    home.mkdir()
    with rows.snapshot() as alias:
        tables = {model._meta.label_lower: _write_table(home, model, alias) for model in rows.site_models()}
        names = sorted(file_names(alias))
        state = _migrations(alias)
    files, missing = _copy_files(folder / "files", names, _manifest_files(folder), report)
    manifest = {
        "format": FORMAT,
        "made_at": datetime.now(UTC).isoformat(),
        "rows_in": home.name,
        "migrations": state,
        "tables": tables,
        "files": files,
        "missing": missing,
    }
    note_all_withdrawn(withdrawn_file(), folder / WITHDRAWN)
    draft = folder / "manifest.json.part"
    draft.write_text(json.dumps(manifest, indent=1))
    draft.replace(folder / "manifest.json")
    for old in folder.glob("rows-*"):
        if old != home:
            shutil.rmtree(old)
    return _kept(manifest)


def restore(folder: Path, report: Report = lambda done, total: None, withdrawn: Iterable[Path] = ()) -> Kept:
    """Check a backup and put it back: into an empty database, and storage that has nothing else under these names.

    Whoever has withdrawn since the backup was made is withdrawn again, by the tombstones of the backup's folder, of this
    site, and of the files `withdrawn`.

    Raises BadInputError before anything is written where the backup is damaged, of another version, or the site not empty.
    """
    for path in withdrawn:
        if not path.exists():
            raise BadInputError(f"{path}: no such file; give the site's {WITHDRAWN}, or leave it out")
    can_be_locked = folder.is_dir() and os.access(
        folder, os.W_OK
    )  # a backup may lie where nothing can be written
    with _in_use(folder, shared=True) if can_be_locked else nullcontext():
        return _restore(folder, report, withdrawn)


def _restore(folder: Path, report: Report, withdrawn: Iterable[Path]) -> Kept:
    stones = _tombstones([folder / WITHDRAWN, withdrawn_file(), *withdrawn])
    manifest = _read_manifest(folder)
    _verify(folder, manifest)
    if manifest["migrations"] != _migrations("default"):
        raise BadInputError(
            f"{folder}: was made by another version of the code; check that version out, `manage.py migrate`, restore, "
            "then go on to this one and migrate again"
        )
    rows.check_empty("default")
    # Files first and outside the transaction: what is left of them if the rows fail has no row, and check_files finds it.
    _put_files(folder / "files", manifest["files"], report)
    with transaction.atomic():
        rows.make_way("default")
        for model in rows.site_models():
            table = manifest["tables"].get(model._meta.label_lower)
            if table:
                rows.write(model, _read_table(folder / manifest["rows_in"], model), "default")
        for label, table in manifest["tables"].items():
            arrived = rows.count(_model(label), "default")
            if arrived != table["rows"]:
                raise BadInputError(f"{label}: {arrived} rows arrived of {table['rows']}; nothing was kept")
        rows.reset_sequences("default")
        again = withdraw_again(stones)
    _keep(stones)
    return replace(_kept(manifest), withdrawn_again=again, damaged_lines=stones.damaged)


def _tombstones(paths: list[Path]) -> Tombstones:
    try:
        return read_tombstones(paths)
    except OSError as error:
        raise BadInputError(
            f"{error.filename}: cannot be read ({error.strerror}), and it says who has withdrawn; nothing was restored"
        ) from error


@_for_the_owner_alone()
def _keep(stones: Tombstones) -> None:
    """Note them here for the next restore, wherever they came from."""
    try:
        keep_tombstones(withdrawn_file(), stones.lines)
    except OSError as error:
        raise BadInputError(
            f"{withdrawn_file()}: everything was restored and whoever had left was withdrawn again, but this file cannot be "
            f"written ({error.strerror}); set WITHDRAWN_FILE to where the site's user may write, then manage.py backup"
        ) from error


def file_names(alias: str = "default") -> Iterator[str]:
    """The names of all files that rows of the site point to."""
    for model in rows.site_models():
        for field in model._meta.concrete_fields:
            if isinstance(field, models.FileField):
                with_file = model._base_manager.using(alias).exclude(**{field.attname: ""})
                yield from with_file.values_list(field.attname, flat=True).iterator(chunk_size=2000)
    yield from {*jobs.uploads(alias)}


def _model(label: str) -> rows.Model:
    return next(model for model in rows.site_models() if model._meta.label_lower == label)


def _migrations(alias: str) -> list[str]:
    applied = MigrationRecorder(connections[alias]).applied_migrations()
    return sorted(f"{app}.{name}" for app, name in applied if app in ("explain", "studies"))


def _write_table(home: Path, model: rows.Model, alias: str) -> dict[str, Any]:
    path, written = _table_path(home, model), 0
    with gzip.open(path, "wt", encoding="utf-8", compresslevel=3) as file:
        for row in rows.read(model, alias):
            file.write(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n")
            written += 1
    names = [field.attname for field in rows.columns(model)]
    return {"rows": written, "sha256": _sha256(path), "columns": names}


def _read_table(home: Path, model: rows.Model) -> Iterator[rows.Row]:
    with gzip.open(_table_path(home, model), "rt", encoding="utf-8") as file:
        yield from map(json.loads, file)


def _table_path(home: Path, model: rows.Model) -> Path:
    return home / f"{model._meta.label_lower}.jsonl.gz"


def _copy_files(
    target: Path, names: list[str], had: dict[str, str], report: Report
) -> tuple[dict[str, str], list[str]]:
    """Name -> SHA-256 of every file copied or copied before, and the names of those that are not there."""
    hashes, missing = {}, []
    for done, name in enumerate(names, start=1):
        path = target / name
        if name in had and path.exists():
            hashes[name] = had[name]
        elif default_storage.exists(name):
            path.parent.mkdir(parents=True, exist_ok=True)
            draft = path.with_name(path.name + ".part")
            with default_storage.open(name) as source, draft.open("wb") as copy:
                shutil.copyfileobj(source, copy)
            draft.replace(path)
            hashes[name] = _sha256(path)
        else:
            missing.append(name)
        report(done, len(names))
    return hashes, missing


def _put_files(source: Path, files: dict[str, str], report: Report) -> None:
    for done, (name, sha256) in enumerate(files.items(), start=1):
        if not default_storage.exists(name):
            stored = default_storage.save(name, ContentFile((source / name).read_bytes()))
            if stored != name:
                raise BadInputError(
                    f"{name}: the storage kept it as {stored}; empty the storage and restore again"
                )
        with default_storage.open(name) as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
                raise BadInputError(
                    f"{name}: another file has this name in the storage already; empty it first"
                )
        report(done, len(files))


def _manifest_files(folder: Path) -> dict[str, str]:
    return _read_manifest(folder)["files"] if (folder / "manifest.json").exists() else {}


def _read_manifest(folder: Path) -> dict[str, Any]:
    path = folder / "manifest.json"
    if not path.exists():
        raise BadInputError(
            f"{folder}: holds no manifest.json, so it is no whole backup; make one: manage.py backup --to {folder}"
        )
    manifest = json.loads(path.read_text())
    if manifest.get("format") != FORMAT:
        raise BadInputError(
            f"{folder}: has format {manifest.get('format')!r}; this version reads format {FORMAT}"
        )
    return manifest


def _verify(folder: Path, manifest: dict[str, Any]) -> None:
    """Raise BadInputError unless every file of the backup is there, with the bytes that it had when it was made."""
    known = {model._meta.label_lower: model for model in rows.site_models()}
    for label, table in manifest["tables"].items():
        if label not in known:
            raise BadInputError(f"{folder}: has rows of {label}, which this version does not know")
        _check_bytes(_table_path(folder / manifest["rows_in"], known[label]), table["sha256"])
    for name, sha256 in manifest["files"].items():
        _check_bytes(folder / "files" / name, sha256)


def _check_bytes(path: Path, sha256: str) -> None:
    if not path.exists() or _sha256(path) != sha256:
        raise BadInputError(f"{path}: is missing or damaged; nothing was restored. Use another backup")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _kept(manifest: dict[str, Any]) -> Kept:
    tables = {label: table["rows"] for label, table in manifest["tables"].items() if table["rows"]}
    return Kept(tables, len(manifest["files"]), manifest["missing"])
