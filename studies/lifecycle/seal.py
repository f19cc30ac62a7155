"""Whether an opened study still asks what was sealed at its opening, and what differs if it does not.

Query sets and rows refuse to change what is frozen (models/immutability.py); SQL, and what stands in `explain`, can still be changed.
`broken_seal` asks the question, and everything that shows results asks it first; seal_words.py words the reply.

What is looked at each time: every row, maps' values included, that the hash covers. The bytes of pictures, and of large
maps, which lie in files, are not: a thousand files are not read to show a page. Pictures' hashes are taken from the sealed
text, which is itself in the hash, and those of large maps from their rows.
`manage.py doctor` reads them (`with_pictures`). Rows changed by SQL carry no sign of it, so nothing cheaper than reading
them says that they are as before: a reply is kept for the row object of one request or command, and no longer.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from itertools import chain
from typing import Any

from django.db.models import Prefetch
from django.db.models.fields.files import FieldFile

from explain.core.errors import BadInputError
from explain.photos import sha256_of
from studies.models import CheckMap, ItemMap, ItemPanel, ProtocolVersion, Study
from studies.protocol import ProtocolError, check_protocol

from .fingerprint import (
    check_map_files,
    full_protocol,
    picture_files,
    seal,
    settings_in_the_hash,
    sha256_of_text,
)
from .revisions import differences, flat_keys

MOST_IN_JSON = 100


@dataclass(frozen=True)
class Change:
    """One thing that is not as it was sealed. `before` or `now` is None where it was not there, or is not."""

    part: str  # study, protocol, version, arms, items, maps, panels, predictions, pictures, orders or seal
    key: str  # the column, the key or the row: `seed`, `design.seed`, `arm 0 name`, `item 3 class`, `item 3 arm 1`
    before: Any
    now: Any


@dataclass(frozen=True)
class BrokenSeal:
    """What differs from what was opened, of a study under a version of its protocol."""

    study: str
    version: int
    changes: tuple[Change, ...]

    def as_json(self) -> dict[str, Any]:
        shown = [asdict(change) for change in self.changes[:MOST_IN_JSON]]
        return {"broken": True, "version": self.version, "changes": len(self.changes), "differs": shown}


def broken_seal(study: Study, *, with_pictures: bool = False) -> BrokenSeal | None:
    """What differs from what the study was opened with; None where nothing does, or it was not opened yet.

    Asked again of the same object, it gives the same reply without looking again.

    Args:
        with_pictures: read every picture, too. A study that was opened before its sealed text was kept is compared in
            full only so; otherwise by its settings and protocol.
    """
    name = f"_broken_seal_{with_pictures}"
    if name not in study.__dict__:
        study.__dict__[name] = _look(study, with_pictures)
    return study.__dict__[name]


def seal_json(study: Study) -> dict[str, Any]:
    """What JSON about a study's answers begins with: {"seal": …} where the seal is broken, else nothing at all."""
    broken = broken_seal(study)
    return {"seal": broken.as_json()} if broken else {}


def _look(study: Study, with_pictures: bool) -> BrokenSeal | None:
    if not study.is_frozen or not (study.protocol_sha256 or study.code_version or study.opened_at):
        return None  # nothing was sealed: whatever opens or closes a study writes these
    version = study.versions.defer(None).order_by("number").last()
    if version is None:
        return _without_version(study)
    changes = [*_of_seal(study, version), *_of_rows(study, version, with_pictures)]
    if with_pictures:
        changes += _of_array_files(study)
    if not any(change.part == "protocol" for change in changes):
        changes += _of_version(study, version)
    told = tuple(_without_secrets(change, study) for change in changes)
    return BrokenSeal(study.slug, version.number, told) if told else None


def _without_secrets(change: Change, study: Study) -> Change:
    """The change as it may be told: that the nonce differs, and not what it is while people answer."""
    if study.state in Study.OVER or change.key.rpartition(".")[2] != "nonce":
        return change
    before, now = (value and "a secret until the study is closed" for value in (change.before, change.now))
    return replace(change, before=before, now=now and "another")


def _without_version(study: Study) -> BrokenSeal:
    """Every study that is opened has a version."""
    change = Change("seal", "version", study.protocol_sha256, None)
    return BrokenSeal(study.slug, study.version, (change,))


def _of_seal(study: Study, version: ProtocolVersion) -> Iterator[Change]:
    """The seal itself: its number and hash stand in two tables, and the hash is of the sealed text."""
    if study.version != version.number:
        yield Change("seal", "version", version.number, study.version)
    if study.protocol_sha256 != version.sha256:
        yield Change("seal", "protocol_sha256", version.sha256, study.protocol_sha256)
    if version.sealed and (now := sha256_of_text(version.sealed)) != version.sha256:
        yield Change("seal", "sealed text", version.sha256, now)


def _of_rows(study: Study, version: ProtocolVersion, with_pictures: bool) -> list[Change]:
    sha256, text = seal(study, pictures_now(study) if with_pictures else {}, _words(version))
    if not with_pictures:
        text = text.replace(NO_PICTURES, _sealed_pictures(version.sealed), 1)
    if text == version.sealed:
        return []
    if sha256_of_text(version.sealed) in (version.sha256, study.protocol_sha256):
        found = list(compare(json.loads(version.sealed), json.loads(text)))
        return found or [Change("seal", "what is asked", version.sha256, sha256_of_text(text))]
    if with_pictures and sha256 == version.sha256:
        return []
    changes = list(_settings(_of_protocol(version), json.loads(text)["study"]))
    if with_pictures and not changes:
        changes = [Change("seal", "arms, items, maps, pictures or orders", version.sha256, sha256)]
    return changes


def _of_array_files(study: Study) -> Iterator[Change]:
    """Maps that lie in files which are gone, or no longer hold what their rows say."""
    maps = ItemMap.objects.filter(item__study=study).exclude(map__array_file="")
    maps = maps.select_related("item", "arm", "map").order_by("item__index", "arm__index")
    panels = ItemPanel.objects.filter(item_map__item__study=study).exclude(map__array_file="")
    panels = panels.select_related("item_map__item", "item_map__arm", "map")
    panels = panels.order_by("item_map__item__index", "item_map__arm__index", "place")
    of_maps = (("maps", f"item {row.item.index} arm {row.arm.index}", row.map) for row in maps.iterator())
    of_panels = (
        ("panels", _panel(row.item_map.item.index, row.item_map.arm.index, row.place), row.map)
        for row in panels.iterator()
    )
    for part, key, found in chain(of_maps, of_panels):
        try:
            found.array()
        except BadInputError:
            yield Change(part, key, found.array_sha256, f"cannot be read: {found.array_file.name}")


NO_PICTURES = '"pictures":{}'
_PICTURES = re.compile(r'"pictures":\{[^}]*\}')


def _sealed_pictures(sealed: str) -> str:
    """The hashes of pictures in a sealed text, as they stand there: it is long, and is not taken apart where it is whole.

    Neither an index, a name nor a hash before them can look like this key: quotes inside of a text of JSON are escaped.
    """
    match = _PICTURES.search(sealed)
    return match[0] if match else NO_PICTURES


def _of_version(study: Study, version: ProtocolVersion) -> Iterator[Change]:
    """In what the study's protocol differs from the one that is on record as the version's."""
    for key in differences(version.protocol, full_protocol(study, _words(version))):
        yield Change("version", key.key, key.before, key.after)


def _words(version: ProtocolVersion) -> dict[str, Any]:
    """The wording that is on record: default words of today may be others than those that were sealed."""
    return version.protocol.get("wording", {})


def _of_protocol(version: ProtocolVersion) -> dict[str, Any]:
    """The settings that a version's protocol says were sealed."""
    try:
        protocol = check_protocol(version.protocol)
    except ProtocolError:
        return {}
    study = Study(**{name: getattr(protocol, name) for name in Study.SAME_IN_PROTOCOL})
    return json.loads(json.dumps(settings_in_the_hash(study)))


def compare(before: dict[str, Any], now: dict[str, Any]) -> Iterator[Change]:
    """What differs between two readings of all that a study asks (fingerprint.what_is_asked)."""
    yield from _differ("study", dict(flat_keys(before["study"])), dict(flat_keys(now["study"])))
    for key in differences(before["protocol"], now["protocol"]):
        yield Change("protocol", key.key, key.before, key.after)
    arm, item = ("name", "weights", "method"), ("class", "photo")
    yield from _differ("arms", _cells("arm", arm, before["arms"]), _cells("arm", arm, now["arms"]))
    yield from _differ("items", _cells("item", item, before["items"]), _cells("item", item, now["items"]))
    yield from _differ("maps", _maps(before), _maps(now))
    yield from _differ("panels", _panels(before), _panels(now))
    yield from _differ("predictions", _predictions(before), _predictions(now))
    yield from _differ("pictures", _pictures(before), _pictures(now))
    yield from _orders(before["orders"], now["orders"])


def _settings(before: dict[str, Any], now: dict[str, Any]) -> Iterator[Change]:
    """Which of the settings that are known from before have changed."""
    known = {name: value for name, value in now.items() if name in before}
    return _differ("study", dict(flat_keys(before)), dict(flat_keys(known)))


def _differ(part: str, before: dict[str, Any], now: dict[str, Any]) -> Iterator[Change]:
    for key in dict.fromkeys([*before, *now]):
        if before.get(key) != now.get(key):
            yield Change(part, key, before.get(key), now.get(key))


def _cells(row: str, columns: Iterable[str], table: list[list[Any]]) -> dict[str, Any]:
    """`arm 0 name` and the like, with their values. Each row of the table begins with its index."""
    return {
        f"{row} {index} {column}": value
        for index, *values in table
        for column, value in zip(columns, values, strict=True)
    }


def _maps(asked: dict[str, Any]) -> dict[str, str]:
    """Hashes of raw maps by item and arm; they stand in this order, one for each arm on each item."""
    keys = [f"item {item[0]} arm {arm[0]}" for item in asked["items"] for arm in asked["arms"]]
    if len(keys) != len(asked["maps"]):  # a row is missing, so which map is whose is not known
        keys = [f"map {number}" for number, _ in enumerate(asked["maps"], start=1)]
    return dict(zip(keys, asked["maps"], strict=True))


def _panels(asked: dict[str, Any]) -> dict[str, str]:
    """Hashes of raw maps that stand side by side, by item, arm and place; most studies have none."""
    return {_panel(item, arm, place): sha256 for item, arm, place, sha256 in asked.get("panels", [])}


def _panel(item: int, arm: int, place: int) -> str:
    return f"item {item} arm {arm} place {place}"


def _predictions(asked: dict[str, Any]) -> dict[str, Any]:
    """What a network is said to say of each item, by what is said; of most studies nothing."""
    return {
        f"item {item[0]} {name}": value
        for item, said in zip(asked["items"], asked.get("predictions", []), strict=False)
        for name, value in (said or {}).items()
    }


def _pictures(asked: dict[str, Any]) -> dict[str, str]:
    """Hashes of pictures by `item 3 photo`, `item 3 arm 1` or `item 3 check 0`."""
    named = {}
    for key, sha256 in asked["pictures"].items():
        item, picture = key.split(" ", 1)
        named[f"item {item} {f'arm {picture}' if picture.isdecimal() else picture}"] = sha256
    return named


def _orders(before: list[list[Any]], now: list[list[Any]]) -> Iterator[Change]:
    ours, theirs = ({(item, order) for item, order in orders} for orders in (before, now))
    yield from (Change("orders", f"item {item}", order, None) for item, order in sorted(ours - theirs))
    yield from (Change("orders", f"item {item}", None, order) for item, order in sorted(theirs - ours))


def pictures_now(study: Study) -> dict[str, str]:
    """SHA-256 of every picture that volunteers see, as it is now; "" where its file is gone. None is made."""
    files: dict[str, FieldFile] = {}
    maps = ItemMap.objects.select_related("arm")
    for item in study.items.prefetch_related(Prefetch("item_maps", maps)):
        files |= picture_files(item)
    files |= check_map_files(CheckMap.objects.filter(item__study=study).select_related("item"))
    return {key: _sha256(file) for key, file in files.items()}


def _sha256(file: FieldFile) -> str:
    try:
        return sha256_of(file) if file else ""
    except FileNotFoundError:
        return ""
