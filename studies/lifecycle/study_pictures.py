"""What volunteers of a study will see: drawn when it gets ready, for its items and its kind of picture alone, and hashed.

The rows say how far it is: an item whose photo and maps have pictures, with the hash of each beside them, is done. Stopped
or killed at any moment it goes on there; of what was drawn and not yet saved, files are left that check_files finds.
"""

import hashlib
import secrets
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Prefetch, Q, QuerySet
from django.db.models.fields.files import FieldFile

from explain.cam.rendering import render
from explain.core.errors import BadInputError
from explain.core.parallel import in_threads
from explain.map_sources import source_of
from explain.maps import draw_pictures
from explain.models import ExplanationMap, Image, random_name
from explain.photos import sha256_of
from studies.models import Item, ItemMap, Study

SAVED_AT_ONCE = 16  # items
PASSES = 3

Progress = Callable[[int, int], object]


def is_prepared(study: Study) -> bool:
    """Whether every picture that volunteers will see is there, with its hash."""
    return not _lacking(study).exists()


def prepare_pictures(study: Study, progress: Progress = lambda *_: None) -> None:
    """Make and hash what a study that is ready lacks; nothing where it lacks nothing. Reports items, done and all.

    Two processes at once do no harm: a map has the picture of one of them. Of an opened study nothing is made: what it shows
    is sealed. Raises BadInputError where a photo or map cannot be read.
    """
    if study.is_frozen:
        return
    for _ in range(PASSES):  # what another process has made meanwhile is hashed in a second pass
        keys = list(_lacking(study).values_list("pk", flat=True))
        if not keys:
            return
        _Preparation(study, keys, progress).run()


def prepared_hashes(study: Study) -> dict[str, str]:
    """SHA-256 of every picture of a study that is prepared, by what it is (fingerprint.picture_hashes): rows are read alone."""
    maps = ItemMap.objects.filter(item__study=study)
    by_map = maps.values_list("item__index", "arm__index", "picture_sha256")
    return {
        **{f"{index} photo": sha256 for index, sha256 in study.items.values_list("index", "picture_sha256")},
        **{f"{index} {arm}": sha256 for index, arm, sha256 in by_map},
    }


def _lacking(study: Study) -> QuerySet[Item]:
    lacks_map = Q(picture_sha256="") | Q(**{f"map__{study.picture}": ""})
    maps = ItemMap.objects.filter(lacks_map, item__study=study)
    lacks = Q(picture_sha256="") | Q(image__picture="") | Q(pk__in=maps.values("item"))
    return study.items.filter(lacks).order_by("index")


@dataclass(frozen=True)
class _Made:
    """The name in storage and the hash of a picture: a file that is new, or one that was there."""

    name: str
    sha256: str


@dataclass(frozen=True)
class _Todo:
    """One item with its maps, in the order of arms."""

    item: Item
    maps: list[ItemMap]


class _Preparation:
    """One pass over the items that lack something."""

    def __init__(self, study: Study, keys: list[int], progress: Progress) -> None:
        self.study, self.keys, self.progress = study, keys, progress
        self.total = study.items.count()
        self.done = self.total - len(keys)
        self._unused: set[str] = set()

    def run(self) -> None:
        part: list[tuple[_Todo, list[_Made]]] = []
        try:
            with closing(in_threads(self._make, self._todo())) as made:
                for entry in made:
                    part.append(entry)
                    self.done += 1
                    if len(part) == SAVED_AT_ONCE:
                        self._save(part)
                        part = []
                    self.progress(self.done, self.total)
                self._save(part)
        finally:
            for name in self._unused:
                default_storage.delete(name)

    def _todo(self) -> Iterator[_Todo]:
        maps = ItemMap.objects.select_related("arm", "map__network", "map__map_set__network").order_by(
            "arm__index"
        )
        for start in range(0, len(self.keys), SAVED_AT_ONCE):
            items = Item.objects.filter(pk__in=self.keys[start : start + SAVED_AT_ONCE])
            items = items.select_related("image").prefetch_related(Prefetch("item_maps", maps))
            for item in items.order_by("index"):
                rows = list(item.item_maps.all())
                for row in rows:
                    if not self._picture(row) and not source_of(row.map).is_drawn:
                        source_of(row.map).make_pictures(row.map)
                yield _Todo(item, rows)

    def _picture(self, row: ItemMap) -> str:
        return str(getattr(row.map, self.study.picture).name)

    def _make(self, todo: _Todo) -> list[_Made]:
        """The photo's picture and those of its maps. Runs in a thread, so it asks no database."""
        image = todo.item.image
        missing = [row.map for row in todo.maps if not self._picture(row)]
        contents: dict[int, bytes] = {}
        if missing or not image.picture:
            rows = [(row, source_of(row).extent(row, image)) for row in missing]
            drawn = draw_pictures(image, self.study.picture, rows, with_photo=not image.picture)
            photo_alone = drawn[: len(drawn) - len(missing)]
            keys = [0] * len(photo_alone) + [row.pk for row in missing]
            files = [*map(render.encode, photo_alone), *render.encode_alike(drawn[len(photo_alone) :])]
            contents = dict(zip(keys, files, strict=True))
        # Stored in an order drawn by lot: neither the time of a file nor its place in a folder says which arm it is of.
        order = list(contents)
        secrets.SystemRandom().shuffle(order)
        new = {key: self._stored(contents[key]) for key in order}
        photo = new.get(0) or _there(image.picture)
        return [
            photo,
            *(new.get(row.map_id) or _there(getattr(row.map, self.study.picture)) for row in todo.maps),
        ]

    def _stored(self, content: bytes) -> _Made:
        name = default_storage.save(random_name(self.study, "picture.jpg"), ContentFile(content))
        self._unused.add(name)
        return _Made(name, hashlib.sha256(content).hexdigest())

    def _save(self, part: list[tuple[_Todo, list[_Made]]]) -> None:
        """Write the names and hashes of some items. A picture that somebody else has made meanwhile stays, and ours goes."""
        photos = {todo.item.image_id: made[0].name for todo, made in part}
        maps = {
            row.map_id: each.name
            for todo, made in part
            for row, each in zip(todo.maps, made[1:], strict=True)
        }
        with transaction.atomic():
            if Study.objects.select_for_update(no_key=True).get(pk=self.study.pk).is_frozen:
                return  # somebody else has prepared it, and opened it by now: ours go
            kept_photos = _name(Image, "picture", photos)
            kept_maps = _name(ExplanationMap, self.study.picture, maps)
            items, rows = [], []
            for todo, (photo, *of_maps) in part:
                if kept_photos.get(todo.item.image_id) == photo.name:
                    todo.item.picture_sha256 = photo.sha256
                    items.append(todo.item)
                for row, each in zip(todo.maps, of_maps, strict=True):
                    if kept_maps.get(row.map_id) == each.name:
                        row.picture_sha256 = each.sha256
                        rows.append(row)
            Item.objects.bulk_update(items, ["picture_sha256"])
            ItemMap.objects.bulk_update(rows, ["picture_sha256"])
        self._unused -= {*kept_photos.values(), *kept_maps.values()}


def _there(file: FieldFile) -> _Made:
    try:
        return _Made(str(file.name), sha256_of(file))
    except FileNotFoundError as error:
        raise BadInputError(
            f"{file.name}: this picture has a row and is not there; restore it from a backup (manage.py check_files names all such)"
        ) from error


def _name(model: Any, column: str, names: dict[int, str]) -> dict[int, str]:
    """Give rows the names of their pictures, unless they have some; row's key -> the name that it has now."""
    rows = list(
        model.objects.select_for_update(of=("self",)).filter(pk__in=names).only("pk", column).order_by("pk")
    )
    nameless = [row for row in rows if not getattr(row, column)]
    for row in nameless:
        setattr(row, column, names[row.pk])
    model.objects.bulk_update(nameless, [column])
    return {row.pk: str(getattr(row, column).name) for row in rows}
