"""A picture is shown as it was sealed when its study was opened, or not at all.

Where the site sends the bytes itself, they are hashed as they are sent. Where a web server sends the file, a process reads
each once and asks from then on only whether its size and its time are the same.
"""

import hashlib
import json
import logging
import os
from collections.abc import Mapping
from functools import lru_cache

from django.core.files.storage import default_storage
from django.db.models.fields.files import FieldFile

from explain.models import ExplanationMap, Image
from studies.models import Item, ItemMap, ProtocolVersion, Study, Trial

log = logging.getLogger(__name__)


class PictureGoneError(Exception):
    """A picture that is not there, cannot be read, or is not the one that was sealed."""


def sealed_hash(study: Study, trial: Trial, slot: int) -> str | None:
    """The SHA-256 that a picture of this trial was sealed with; None where its study was not opened, or long ago."""
    if not study.protocol_sha256:
        return None
    index = trial.item.index
    if slot == 0:
        key = f"{index} photo"
    else:
        check = "check " if trial.kind == Trial.Kind.CHECK else ""
        key = f"{index} {check}{trial.arms[slot - 1]}"
    return _sealed(study.pk, study.protocol_sha256).get(key)


@lru_cache(maxsize=8)
def _sealed(study: int, sha256: str) -> Mapping[str, str]:
    """The hashes of a study's pictures, by what they are: kept, as the text that they stand in is long."""
    versions = ProtocolVersion.objects.filter(study=study, sha256=sha256)
    return pictures_in(versions.values_list("sealed", flat=True).first() or "")


def pictures_in(sealed: str) -> dict[str, str]:
    """The hashes of pictures in a sealed text. None in one that SQL has changed: that is said with the seal."""
    try:
        pictures = json.loads(sealed)["pictures"]
    except (ValueError, KeyError, TypeError):
        return {}
    return pictures if isinstance(pictures, dict) else {}


def hashes_of(row: Image | ExplanationMap, kind: str) -> set[str]:
    """The SHA-256 that a picture was sealed with, by every opened study that shows it."""
    if isinstance(row, Image):
        opened = Item.objects.filter(image=row, study__protocol_sha256__gt="")
        items = opened.values_list("study", "study__protocol_sha256", "index")
        keys = [(study, sha256, f"{index} photo") for study, sha256, index in items]
    else:
        maps = ItemMap.objects.filter(map=row, item__study__picture=kind, item__study__protocol_sha256__gt="")
        places = maps.values_list("item__study", "item__study__protocol_sha256", "item__index", "arm__index")
        keys = [(study, sha256, f"{index} {arm}") for study, sha256, index, arm in places]
    return {_sealed(study, sha256)[key] for study, sha256, key in keys if key in _sealed(study, sha256)}


def content_of(file: FieldFile, sha256: str | None) -> bytes:
    """The bytes of a picture. Raises PictureGoneError where they are not those of `sha256`, or cannot be read."""
    try:
        with file.open("rb") as opened:
            content = opened.read()
    except Exception as error:  # an object store has errors of its own
        raise _gone(file.name, f"{type(error).__name__}: {error}") from error
    if sha256 is not None and hashlib.sha256(content).hexdigest() != sha256:
        raise _gone(file.name, "is not the picture that was sealed")
    return content


def check_file(file: FieldFile, sha256: str | None) -> None:
    """Raise PictureGoneError where the file that a web server is to send is not the one of `sha256`."""
    if sha256 is None:
        return
    try:
        path = default_storage.path(str(file.name))
        state = os.stat(path)
    except (OSError, ValueError) as error:
        raise _gone(file.name, f"{type(error).__name__}: {error}") from error
    _check_once(path, state.st_mtime_ns, state.st_size, sha256)


@lru_cache(maxsize=50_000)
def _check_once(path: str, _mtime_ns: int, _size: int, sha256: str) -> None:
    """What passed is not read again while its time and size are the same. An error is not kept: the file may be put back."""
    try:
        with open(path, "rb") as opened:
            same = hashlib.file_digest(opened, "sha256").hexdigest() == sha256
    except OSError as error:
        raise _gone(path, f"{type(error).__name__}: {error}") from error
    if not same:
        raise _gone(path, "is not the picture that was sealed")


def _gone(name: object, why: str) -> PictureGoneError:
    log.error("picture %s: %s; see manage.py check_files --bytes", name, why)
    return PictureGoneError(why)
