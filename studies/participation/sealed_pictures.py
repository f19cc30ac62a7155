"""Which pictures a trial shows. A picture is shown as it was sealed when its study was opened, or not at all.

Where the site sends the bytes itself, they are hashed as they are sent. Where a web server sends the file, a process reads
each once and asks from then on only whether its size and its time are the same.
"""

import hashlib
import json
import logging
import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from django.core.files.storage import default_storage

from explain.models import ExplanationMap, Image
from studies.models import CheckMap, Item, ItemMap, ProtocolVersion, Study, Trial
from studies.trials import HeldTrial

from .picture_addresses import Picture

log = logging.getLogger(__name__)
KEPT = 5000  # items whose pictures a process knows, some 1.5 KB each: those of an opened study never change


class PictureGoneError(Exception):
    """A picture that is not there, cannot be read, or is not the one that was sealed."""


@dataclass
class _ItemPictures:
    """All pictures of an item: its photo's, those of its maps by their arms, and of its check maps by their places."""

    photo: Picture
    maps: dict[int, Picture] = field(default_factory=dict)
    checks: dict[int, Picture] = field(default_factory=dict)


_kept: dict[tuple[str, int], _ItemPictures] = {}


def pictures_of(study: Study, trials: Iterable[HeldTrial]) -> list[list[Picture]]:
    """The pictures of each trial: its photo's, then those of its maps as it orders them. Of an opened study they are asked for once."""
    held = list(trials)
    items = _pictures_of_items(study, {trial.item_id for trial in held})
    pictures = []
    for trial in held:
        item = items[trial.item_id]
        shown = item.checks if trial.kind == Trial.Kind.CHECK else item.maps
        pictures.append([item.photo, *(shown[arm] for arm in trial.arms)])
    return pictures


def _pictures_of_items(study: Study, items: Collection[int]) -> dict[int, _ItemPictures]:
    sha256 = study.protocol_sha256
    known = {item: _kept[sha256, item] for item in items if (sha256, item) in _kept}
    if missing := [item for item in items if item not in known]:
        asked = _ask_for(study, missing)
        known |= asked
        if sha256:
            if len(_kept) > KEPT:
                _kept.clear()
            _kept.update({(sha256, item): pictures for item, pictures in asked.items()})
    return known


def _ask_for(study: Study, items: list[int]) -> dict[int, _ItemPictures]:
    hashes = _sealed(study.pk, study.protocol_sha256) if study.protocol_sha256 else {}

    def picture(name: str, key: str) -> Picture:
        return Picture(name, bytes.fromhex(hashes.get(key, "")))

    asked, index_of = {}, {}
    rows = Item.objects.filter(pk__in=items).values_list("pk", "index", "picture")
    for item, index, name in rows:
        asked[item], index_of[item] = _ItemPictures(picture(name, f"{index} photo")), index
    maps = ItemMap.objects.filter(item__in=items).values_list("item", "arm__index", "picture")
    for item, arm, name in maps:
        asked[item].maps[arm] = picture(name, f"{index_of[item]} {arm}")
    for item, place, name in CheckMap.objects.filter(item__in=items).values_list("item", "place", "file"):
        asked[item].checks[place] = picture(name, f"{index_of[item]} check {place}")
    return asked


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
    """The SHA-256 that a row's own picture was sealed with, by every study that shows it: those opened before they had their own."""
    name = getattr(row, kind).name
    if isinstance(row, Image):
        opened = Item.objects.filter(image=row, picture=name, study__protocol_sha256__gt="")
        items = opened.values_list("study", "study__protocol_sha256", "index")
        keys = [(study, sha256, f"{index} photo") for study, sha256, index in items]
    else:
        maps = ItemMap.objects.filter(map=row, picture=name, item__study__protocol_sha256__gt="")
        places = maps.values_list("item__study", "item__study__protocol_sha256", "item__index", "arm__index")
        keys = [(study, sha256, f"{index} {arm}") for study, sha256, index, arm in places]
    return {_sealed(study, sha256)[key] for study, sha256, key in keys if key in _sealed(study, sha256)}


def content_of(picture: Picture) -> bytes:
    """The bytes of a picture. Raises PictureGoneError where they are not those that were sealed, or cannot be read."""
    try:
        with default_storage.open(picture.name, "rb") as opened:
            content = opened.read()
    except Exception as error:  # an object store has errors of its own
        raise _gone(picture.name, f"{type(error).__name__}: {error}") from error
    if picture.sha256 and hashlib.sha256(content).digest() != picture.sha256:
        raise _gone(picture.name, "is not the picture that was sealed")
    return content


def check_file(picture: Picture) -> None:
    """Raise PictureGoneError where the file that a web server is to send is not the one that was sealed."""
    if not picture.sha256:
        return
    try:
        path = default_storage.path(picture.name)
        state = os.stat(path)
    except (OSError, ValueError) as error:
        raise _gone(picture.name, f"{type(error).__name__}: {error}") from error
    _check_once(path, state.st_mtime_ns, state.st_size, picture.sha256)


@lru_cache(maxsize=50_000)
def _check_once(path: str, _mtime_ns: int, _size: int, sha256: bytes) -> None:
    """What passed is not read again while its time and size are the same. An error is not kept: the file may be put back."""
    try:
        with open(path, "rb") as opened:
            same = hashlib.file_digest(opened, "sha256").digest() == sha256
    except OSError as error:
        raise _gone(path, f"{type(error).__name__}: {error}") from error
    if not same:
        raise _gone(path, "is not the picture that was sealed")


def _gone(name: object, why: str) -> PictureGoneError:
    log.error("picture %s: %s; see manage.py check_files --bytes", name, why)
    return PictureGoneError(why)
