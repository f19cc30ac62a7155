"""What volunteers of a study will see: drawn when it gets ready, for its items and its kind of picture alone, and hashed.

A study has files of its own, so that all of them come from one encoder and have one length (explain/cam/rendering/encoding.py):
nothing about a file says which arm it is of. First every picture is encoded; then it is known how long the longest is, and
all are filled up to that length and hashed.

The rows say how far it is: an item whose photo and maps have pictures was drawn, and with the hash of each beside them it is
done. Stopped or killed at any moment it goes on there; of what was made and not yet saved, files are left that check_files finds.
"""

import hashlib
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Prefetch, Q, QuerySet

from explain.cam.rendering import encoding
from explain.core.errors import BadInputError
from explain.core.parallel import in_threads
from explain.map_sources import source_of
from explain.maps import draw_pictures, side_by_side
from explain.models import ExplanationMap, Image, random_name
from studies.models import Item, ItemMap, ItemPanel, Study

SAVED_AT_ONCE = 16  # items
PASSES = 3

Progress = Callable[[int, int], object]
Row = Item | ItemMap


def is_prepared(study: Study) -> bool:
    """Whether every picture that volunteers will see is there, with its hash."""
    return not _lacking(study, Q(picture_sha256="")).exists()


def prepare_pictures(study: Study, progress: Progress = lambda *_: None) -> None:
    """Make and hash what a study that is ready lacks; nothing where it lacks nothing. Reports items, drawn and all.

    Two processes at once do no harm: an item has the pictures of one of them. Of an opened study nothing is made: what it shows
    is sealed. Raises BadInputError where a photo or map cannot be read.
    """
    if study.is_frozen or is_prepared(study):
        return
    for _ in range(
        PASSES
    ):  # where another process opened a study or took it apart meanwhile, there is nothing left
        keys = list(_lacking(study, Q(picture="")).values_list("pk", flat=True))
        if not keys:
            break
        _Drawing(study, keys, progress).run()
    rows = list(_rows(study))
    with closing(in_threads(_need_of, rows)) as needs:
        length = encoding.common_length(need for _, need in needs)
    _Filling(study, length).run([row for row in rows if not row.picture_sha256 or row.picture.size != length])


def lengthen_pictures(study: Study, length: int) -> None:
    """Fill the pictures of a study that is prepared up to a length that is more than theirs, and hash them anew."""
    _Filling(study, length).run(list(_rows(study)))


def length_of_pictures(study: Study) -> int:
    """How many bytes each picture of a prepared study has."""
    item = study.items.first()
    return item.picture.size if item else 0


def prepared_hashes(study: Study) -> dict[str, str]:
    """SHA-256 of every picture of a study that is prepared, by what it is (fingerprint.picture_hashes): rows are read alone."""
    maps = ItemMap.objects.filter(item__study=study)
    by_map = maps.values_list("item__index", "arm__index", "picture_sha256")
    return {
        **{f"{index} photo": sha256 for index, sha256 in study.items.values_list("index", "picture_sha256")},
        **{f"{index} {arm}": sha256 for index, arm, sha256 in by_map},
    }


def drop_pictures(study: Study) -> None:
    """Delete the pictures of a study that was never opened, once its rows are gone: nobody else shows them."""
    if study.is_frozen:
        return
    names = [str(row.picture.name) for row in _rows(study)]
    transaction.on_commit(lambda: _delete(names))


def _delete(names: Iterable[str]) -> None:
    for name in names:
        default_storage.delete(name)


def _lacking(study: Study, lacks: Q) -> QuerySet[Item]:
    maps = ItemMap.objects.filter(lacks, item__study=study)
    return study.items.filter(lacks | Q(pk__in=maps.values("item"))).order_by("index")


def _rows(study: Study) -> Iterator[Row]:
    """The rows of a study that have pictures, item by item."""
    yield from study.items.exclude(picture="").order_by("index")
    yield from ItemMap.objects.filter(item__study=study).exclude(picture="").order_by("item__index", "pk")


def _need_of(row: Row) -> int:
    """The length that a row's picture needs: of one that has been filled up, its own."""
    return row.picture.size if row.picture_sha256 else encoding.needed(_content_of(row))


def _content_of(row: Row) -> bytes:
    try:
        with row.picture.open("rb") as opened:
            return opened.read()
    except OSError as error:
        raise BadInputError(
            f"{row.picture.name}: this picture has a row and is not there; restore it from a backup (manage.py check_files names all such)"
        ) from error


def make_whole(maps: Iterable[ExplanationMap], kind: str) -> None:
    """Let the sources of finished pictures make those of a kind that are missing, before `drawn_alike` reads them."""
    for row in maps:
        source = source_of(row)
        if not source.is_drawn and not getattr(row, kind):
            source.make_pictures(row)


def drawn_alike(
    image: Image, shown: Iterable[Sequence[ExplanationMap]], kind: str, cells: int | None
) -> list[bytes]:
    """The photo's picture and those of its arms, encoded at one quality and not filled up yet. Asks no database.

    shown: for each arm its map, or its maps side by side. kind, cells: of the study, how maps are shown, and the grain that they share.
    """
    panels = [list(several) for several in shown]
    rows = []
    for one in (one for several in panels for one in several):
        source = source_of(one)
        rows.append((one, source.extent(one, image) if source.is_drawn else None))
    photo, *drawn = draw_pictures(image, kind, rows, with_photo=True, cells=cells)
    pictures = iter(drawn)
    return encoding.encode_alike(
        [photo, *(side_by_side([next(pictures) for _ in several]) for several in panels)]
    )


class _Files:
    """Files that were stored for a study and that no row names yet: whatever stops it, they go."""

    def __init__(self, study: Study) -> None:
        self.study = study
        self.unused: set[str] = set()

    def stored(self, content: bytes) -> str:
        name = default_storage.save(random_name(self.study, "picture.webp"), ContentFile(content))
        self.unused.add(name)
        return name

    def drop(self) -> None:
        _delete(self.unused)

    def locked(self) -> bool:
        """Take the study's row, in a transaction; False where somebody else has opened it by now: then ours go."""
        return not Study.objects.select_for_update(no_key=True).get(pk=self.study.pk).is_frozen


@dataclass(frozen=True)
class _Todo:
    """One item with its maps, in the order of arms."""

    item: Item
    maps: list[ItemMap]

    def shown(self, row: ItemMap) -> list[ExplanationMap]:
        """The maps in a row's picture: one, or several side by side."""
        return [panel.map for panel in row.panels.all()] or [row.map]


class _Drawing(_Files):
    """One pass over the items that lack pictures."""

    def __init__(self, study: Study, keys: list[int], progress: Progress) -> None:
        super().__init__(study)
        self.keys, self.progress = keys, progress
        self.total = study.items.count()
        self.done = self.total - len(keys)

    def run(self) -> None:
        part: list[tuple[_Todo, list[str]]] = []
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
            self.drop()

    def _todo(self) -> Iterator[_Todo]:
        maps = ItemMap.objects.select_related("arm", "map__network", "map__map_set__network").order_by(
            "arm__index"
        )
        stand = ItemPanel.objects.select_related("map__network", "map__map_set__network").order_by("place")
        maps = maps.prefetch_related(Prefetch("panels", stand))
        for start in range(0, len(self.keys), SAVED_AT_ONCE):
            items = Item.objects.filter(pk__in=self.keys[start : start + SAVED_AT_ONCE])
            items = items.select_related("image").prefetch_related(Prefetch("item_maps", maps))
            for item in items.order_by("index"):
                rows = list(item.item_maps.all())
                make_whole([row.map for row in rows], self.study.picture)
                yield _Todo(item, rows)

    def _make(self, todo: _Todo) -> list[str]:
        """The photo's picture and those of its maps, as names of files. Runs in a thread, so it asks no database."""
        contents = drawn_alike(
            todo.item.image, [todo.shown(row) for row in todo.maps], self.study.picture, self.study.cells
        )
        return _in_any_order(self, contents)

    def _save(self, part: list[tuple[_Todo, list[str]]]) -> None:
        """Write the names of some items' pictures. An item that somebody else has made meanwhile stays, and ours goes."""
        with transaction.atomic():
            if not self.locked():
                return
            lacking = set(
                _lacking(self.study, Q(picture=""))
                .filter(pk__in=[todo.item.pk for todo, _ in part])
                .values_list("pk", flat=True)
            )
            ours = [(todo, names) for todo, names in part if todo.item.pk in lacking]
            for todo, names in ours:
                rows: list[Row] = [todo.item, *todo.maps]
                for row, name in zip(rows, names, strict=True):
                    row.picture, row.picture_sha256 = name, ""
            columns = ["picture", "picture_sha256"]
            Item.objects.bulk_update([todo.item for todo, _ in ours], columns)
            ItemMap.objects.bulk_update([row for todo, _ in ours for row in todo.maps], columns)
        self.unused -= {name for _, names in ours for name in names}


def _in_any_order(files: _Files, contents: list[bytes]) -> list[str]:
    """Names of files, stored in an order drawn by lot: neither the time of a file nor its place in a folder says whose it is."""
    order = list(range(len(contents)))
    secrets.SystemRandom().shuffle(order)
    names = {place: files.stored(contents[place]) for place in order}
    return [names[place] for place in range(len(contents))]


class _Filling(_Files):
    """Pictures of a study are filled up to one length, and hashed."""

    def __init__(self, study: Study, length: int) -> None:
        super().__init__(study)
        self.length = length

    def run(self, rows: list[Row]) -> None:
        secrets.SystemRandom().shuffle(rows)  # as in _in_any_order
        part: list[tuple[Row, tuple[str, str]]] = []
        try:
            with closing(in_threads(self._make, rows)) as made:
                for entry in made:
                    part.append(entry)
                    if len(part) == 4 * SAVED_AT_ONCE:
                        self._save(part)
                        part = []
                self._save(part)
        finally:
            self.drop()

    def _make(self, row: Row) -> tuple[str, str]:
        content = encoding.filled(_content_of(row), self.length)
        return self.stored(content), hashlib.sha256(content).hexdigest()

    def _save(self, part: list[tuple[Row, tuple[str, str]]]) -> None:
        """Name the new files in place of the old ones, but where somebody else has done so meanwhile."""
        old: set[str] = set()
        with transaction.atomic():
            if not self.locked():
                return
            models: tuple[Any, ...] = (Item, ItemMap)
            for model in models:
                mine = {row.pk: (row, made) for row, made in part if isinstance(row, model)}
                still = dict(model.objects.filter(pk__in=mine).values_list("pk", "picture"))
                changed = [
                    (row, made) for pk, (row, made) in mine.items() if still.get(pk) == row.picture.name
                ]
                old |= {str(row.picture.name) for row, _ in changed}
                for row, made in changed:
                    row.picture, row.picture_sha256 = made
                model.objects.bulk_update([row for row, _ in changed], ["picture", "picture_sha256"])
                self.unused -= {made[0] for _, made in changed}
        _delete(old)
