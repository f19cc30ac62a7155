"""The pictures of an arm that joins: as those of the others, of one quality with them and of one length, so nothing tells it apart.

All pictures of a photo are drawn with the newcomer's as if the study got ready with it (lifecycle/study_pictures.py). As a rule those that
were there come out as they were, and stay. Where the newcomer's needs more bytes, all of the photo get less quality; where it
needs more than the study's length, all of the study get a larger one.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from secrets import SystemRandom

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db.models import Prefetch
from django.db.models.fields.files import FieldFile

from explain.cam.rendering import encoding
from explain.core.parallel import in_threads
from explain.models import ExplanationMap, random_name
from studies.lifecycle import drawn_alike, length_of_pictures, make_whole
from studies.models import CheckMap, Item, ItemMap, Study


@dataclass
class Pictures:
    """What was drawn and is not shown yet. `alike`: by the name of an arm, on how many photos its picture is the newcomer's."""

    study: Study
    length: int
    newcomer: dict[int, bytes] = field(default_factory=dict)  # by the item's key
    changed: dict[tuple[str, int], bytes] = field(default_factory=dict)  # by "item" or "map" and its key
    alike: dict[str, int] = field(default_factory=dict)
    stored: list[str] = field(default_factory=list)

    def store(self) -> tuple[dict[int, tuple[str, str]], dict[tuple[str, int], tuple[str, str]]]:
        """Name and SHA-256 of each file: the newcomer's by the item's key, and those that take the place of others. In any order."""
        wanted = [(("new", pk), content) for pk, content in self.newcomer.items()]
        wanted += list(self.changed.items())
        SystemRandom().shuffle(wanted)
        made = {key: self._stored(content) for key, content in wanted}
        new = {pk: made["new", pk] for pk in self.newcomer}
        return new, {key: made[key] for key in self.changed}

    def _stored(self, content: bytes) -> tuple[str, str]:
        content = encoding.filled(content, self.length)
        name = default_storage.save(random_name(self.study, "picture.webp"), ContentFile(content))
        self.stored.append(name)
        return name, hashlib.sha256(content).hexdigest()

    def drop(self) -> None:
        """Remove what was stored and is not shown after all."""
        for name in self.stored:
            default_storage.delete(name)


def drawn(study: Study, newcomer: Mapping[int, ExplanationMap]) -> Pictures:
    """Every picture that the study needs with a newcomer, whose map of each photo is given by the photo's key."""
    pictures, needs = Pictures(study, length_of_pictures(study)), 0
    with closing(in_threads(lambda todo: _drawn(study, *todo), _todo(study, newcomer))) as entries:
        for (item, _), contents in entries:
            *before, last = contents
            needs = max(needs, *map(encoding.needed, contents))
            pictures.newcomer[item.pk] = last
            rows: list[tuple[str, int, FieldFile]] = [("item", item.pk, item.picture)]
            rows += [("map", row.pk, row.picture) for row in item.item_maps.all()]
            for (kind, pk, file), content in zip(rows, before, strict=True):
                if encoding.filled(content, max(pictures.length, _even(encoding.needed(content)))) != _bytes(
                    file
                ):
                    pictures.changed[kind, pk] = content
            for row, content in zip(item.item_maps.all(), before[1:], strict=True):
                name = row.arm.name
                pictures.alike[name] = pictures.alike.get(name, 0) + (content == last)
    if needs > pictures.length:
        pictures.length = encoding.common_length([needs])
        for kind, pk, file in _all(study):
            pictures.changed.setdefault((kind, pk), _bytes(file))
    return pictures


def _todo(
    study: Study, newcomer: Mapping[int, ExplanationMap]
) -> Iterator[tuple[Item, list[ExplanationMap]]]:
    maps = ItemMap.objects.select_related("arm", "map__network", "map__map_set__network").order_by(
        "arm__index"
    )
    items = (
        study.items.select_related("image").prefetch_related(Prefetch("item_maps", maps)).order_by("index")
    )
    for item in items:
        rows = [*(row.map for row in item.item_maps.all()), newcomer[item.image_id]]
        make_whole(rows, study.picture)
        yield item, rows


def _drawn(study: Study, item: Item, maps: list[ExplanationMap]) -> list[bytes]:
    return drawn_alike(item.image, [[row] for row in maps], study.picture, study.cells)


def _all(study: Study) -> Iterable[tuple[str, int, FieldFile]]:
    """Every picture that the study shows; those of attention checks, too."""
    yield from (("item", row.pk, row.picture) for row in study.items.all())
    yield from (("map", row.pk, row.picture) for row in ItemMap.objects.filter(item__study=study))
    yield from (("check", row.pk, row.file) for row in CheckMap.objects.filter(item__study=study))


def _even(length: int) -> int:
    return length + length % 2


def _bytes(file: FieldFile) -> bytes:
    with file.open("rb") as opened:
        return opened.read()
