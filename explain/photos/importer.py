"""Bring photos in: all of them or none, each once; or, where there are very many, part by part.

Files are written first and rows last, in one short transaction for each part; whatever goes wrong, the files of the
part go again. Without `resumable` there is one part, so all comes in or nothing.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction

from explain.core.errors import BadInputError
from explain.models import Image, ImageSet

from .cleaning import Photo, clean_photo
from .entries import Entry, boxes_of
from .file_trees import NAMED, FolderTree
from .fit import FirstOfMore, Misfits
from .pixels import store_picture
from .sources import Known, Source, check_same_class, opened

CREDITS = ("author", "licence", "source")
PART = 256  # photos that are kept together, where an import may be stopped and go on


@dataclass(frozen=True)
class Imported:
    """What an import did, in photos.

    repeated   the same bytes twice in what was given
    remarks    how it was read, where that is not plain
    warnings   photos that people would not see as they are meant
    """

    image_set: ImageSet
    added: int
    already_there: int
    updated: int
    repeated: int
    ignored: list[str]
    remarks: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def import_images(
    *,
    path: Path,
    set_name: str,
    boxes: Path | None = None,
    ground_truth: Path | None = None,
    devkit: Path | None = None,
    in_place: bool = False,
    resumable: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Imported:
    """Bring the photos of a folder, a ZIP or a manifest.csv into the set `set_name`, made if it is new.

    boxes         a file, or a folder of XML, of ground-truth boxes, used instead of the manifest's
    ground_truth, devkit   what the photos of a flat folder show: see imagenet_labels.py
    in_place      keep where the photos lie instead of copying them (a folder only)
    resumable     keep every PART photos as they come: an import that is stopped goes on when it is run again, and bad
                  files are named at the end while the good ones stay. Else all or nothing
    progress      `progress(done, total)` is called after each photo

    A photo that the set has already (the same bytes) is not stored again; its boxes and credits are replaced by those
    that are given now. Raises BadInputError with a line for each bad file, up to ten.
    """
    with opened(
        path=path, set_name=set_name, boxes=boxes, ground_truth=ground_truth, devkit=devkit
    ) as source:
        if in_place and not isinstance(source.tree, FolderTree):
            raise BadInputError(
                f"{path}: a ZIP cannot be used in place; unpack it, or import without --in-place"
            )
        entries = source.listing.entries
        importing = _Import(source=source, set_name=set_name, in_place=in_place)
        for part in _parts(entries, PART if resumable else len(entries)):
            importing.take(part, total=len(entries), progress=progress, keep_good=resumable)
        importing.finish()
    return importing.imported()


def _parts(entries: list[Entry], size: int) -> Iterator[list[Entry]]:
    return (entries[start : start + size] for start in range(0, len(entries), size))


@dataclass
class _Import:
    """One import under way, part by part: rows of the part that are not saved yet, and the files that go if it fails."""

    source: Source
    set_name: str
    in_place: bool
    added: int = 0
    updated: int = 0
    already_there: int = 0
    repeated: int = 0
    _done: int = 0
    _bad: list[str] = field(default_factory=list)
    _seen: dict[str, Known] = field(default_factory=dict)
    _new: list[Image] = field(default_factory=list)
    _changed: list[Image] = field(default_factory=list)
    _written: list[str] = field(default_factory=list)
    _misfits: Misfits = field(default_factory=Misfits)
    _first_of: FirstOfMore = field(default_factory=FirstOfMore)

    def __post_init__(self) -> None:
        stored = Image.objects.filter(image_set__name=self.set_name)
        self._there = dict(stored.order_by().values_list("source_sha256", "pk"))

    def take(
        self, entries: list[Entry], *, total: int, progress: Callable[[int, int], None], keep_good: bool
    ) -> None:
        """Check every photo of the part, write its files, store its rows. Raises for bad ones unless `keep_good`."""
        try:
            for entry in entries:
                try:
                    self._read(entry, keep=keep_good or not self._bad)
                except BadInputError as error:
                    self._bad += error.lines
                    if not keep_good and len(self._bad) >= NAMED:
                        raise BadInputError(
                            *self._bad[:NAMED], f"stopped at the {NAMED}th bad file; nothing was imported"
                        ) from error
                self._done += 1
                progress(self._done, total)
            if not keep_good:
                self.finish()
            self._store()
        except BaseException:
            self._remove_files()
            raise

    def finish(self) -> None:
        """Raise for the bad files, and where boxes were given that belong to none of the photos."""
        if self._bad:
            kept = [
                f"{self.added + self.already_there:,} photos are in; mend these and run it again to add them"
            ]
            more = len(self._bad) - NAMED
            also = [f"… and {more:,} more"] if more > 0 else []
            raise BadInputError(*self._bad[:NAMED], *also, *(kept if self.added else []))
        self.source.check_boxes_used()

    def imported(self) -> Imported:
        return Imported(
            image_set=ImageSet.objects.get(name=self.set_name),
            added=self.added,
            already_there=self.already_there,
            updated=self.updated,
            repeated=self.repeated,
            ignored=self.source.listing.ignored,
            remarks=[*self.source.remarks, *self._first_of.in_words()],
            warnings=self._misfits.in_words(),
        )

    def _read(self, entry: Entry, *, keep: bool) -> None:
        content = self.source.tree.read(entry.name)
        digest = hashlib.sha256(content).hexdigest()
        if known := self._seen.get(digest):
            check_same_class(entry, known, "in the same import")
            self.repeated += 1
            return
        if pk := self._there.get(digest):
            stored = Image.objects.get(pk=pk)
            known = Known(stored.original_name, stored.class_name)
            check_same_class(entry, known, f"in the set {self.set_name}")
            self._bring_up_to_date(stored, entry)
            self._misfits.add(entry.name, stored.width, stored.height, stored.boxes)
            self._seen[digest] = known
            self.already_there += 1
            return
        photo = clean_photo(name=entry.name, content=content, max_pixels=settings.MAX_PIXELS)
        image = self._image(entry, photo, digest)
        self._misfits.add(entry.name, image.width, image.height, image.boxes)
        self._first_of.add(entry.name, photo.first_of)
        self._seen[digest] = Known(image.original_name, image.class_name)
        if keep:
            self._write(image, entry, photo)
            self._new.append(image)

    def _image(self, entry: Entry, photo: Photo, digest: str) -> Image:
        width, height = photo.pixels.size
        return Image(
            original_name=entry.name[-255:],
            class_index=entry.class_index,
            class_name=entry.class_name[:200],
            width=width,
            height=height,
            source_sha256=digest,
            boxes=boxes_of(entry, self.source.boxes, (width, height)) or [],
            **{name: getattr(entry, name) for name in CREDITS},
        )

    def _bring_up_to_date(self, image: Image, entry: Entry) -> None:
        values = {name: getattr(entry, name) for name in CREDITS if getattr(entry, name)}
        boxes = boxes_of(entry, self.source.boxes, (image.width, image.height))
        if boxes is not None:
            values["boxes"] = boxes
        if self.in_place and image.source_path:  # the folder may have moved
            values["source_path"] = self._path_of(entry)
        changed = {name: value for name, value in values.items() if getattr(image, name) != value}
        for name, value in changed.items():
            setattr(image, name, value)
        if changed:
            self._changed.append(image)

    def _write(self, image: Image, entry: Entry, photo: Photo) -> None:
        """The photo and its picture as files; or, in place, only where it lies."""
        if self.in_place:
            image.source_path = self._path_of(entry)
            image.content_sha256 = image.source_sha256
            return
        png = photo.png()
        image.content_sha256 = hashlib.sha256(png).hexdigest()
        image.file.save("photo.png", ContentFile(png), save=False)
        self._written.append(str(image.file.name))
        store_picture(image, photo.pixels)
        self._written.append(str(image.picture.name))

    def _path_of(self, entry: Entry) -> str:
        assert isinstance(self.source.tree, FolderTree)
        return str(self.source.tree.path_of(entry.name).absolute())

    def _store(self) -> None:
        """All rows of the part at once."""
        try:
            with transaction.atomic():
                image_set, _ = ImageSet.objects.get_or_create(name=self.set_name)
                for image in self._new:
                    image.image_set = image_set
                Image.objects.bulk_create(self._new, batch_size=500)
                Image.objects.bulk_update(self._changed, ["boxes", "source_path", *CREDITS], batch_size=500)
        except IntegrityError as error:
            raise BadInputError(
                f"the set {self.set_name} was filled by another import at the same time; run this one again"
            ) from error
        self.added += len(self._new)
        self.updated += len(self._changed)
        self._new, self._changed, self._written = (
            [],
            [],
            [],
        )  # a later part that fails takes nothing of this one

    def _remove_files(self) -> None:
        for name in self._written:
            default_storage.delete(name)
