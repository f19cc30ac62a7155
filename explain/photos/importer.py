"""Bring photos in: all of them or none, each once; or, where there are very many, part by part.

Files are written first and rows last, in one short transaction for each part; whatever goes wrong, the files of the
part go again. Without `resumable` there is one part, so all comes in or nothing.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.validators import validate_slug
from django.db import IntegrityError, transaction

from explain.core.errors import BadInputError
from explain.models import Image, ImageSet

from .boxes import BoxLookup, check_boxes, read_boxes
from .boxes_xml import XmlBoxes
from .class_names import plain
from .cleaning import Photo, clean_photo
from .file_trees import NAMED, FolderTree, Tree, open_tree
from .imagenet_labels import read_ground_truth
from .layouts import MANIFEST, Entry, list_photos
from .pixels import store_picture

CREDITS = ("author", "licence", "source")
PART = 256  # photos that are kept together, where an import may be stopped and go on


@dataclass(frozen=True)
class Imported:
    """What an import did, in photos. `repeated`: the same bytes twice in what was given."""

    image_set: ImageSet
    added: int
    already_there: int
    updated: int
    repeated: int
    ignored: list[str]
    remarks: list[str] = field(default_factory=list)


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
    _check_name(set_name)
    lookup = _lookup(boxes)
    synsets = read_ground_truth(ground_truth=ground_truth, devkit=devkit) if ground_truth or devkit else None
    path = path.parent if path.name == MANIFEST and path.is_file() else path
    with open_tree(path) as tree:
        if in_place and not isinstance(tree, FolderTree):
            raise BadInputError(
                f"{path}: a ZIP cannot be used in place; unpack it, or import without --in-place"
            )
        listing = list_photos(tree, synsets)
        importing = _Import(tree=tree, set_name=set_name, boxes=lookup, in_place=in_place)
        size = PART if resumable else len(listing.entries)
        for part in _parts(listing.entries, size):
            importing.take(part, total=len(listing.entries), progress=progress, keep_good=resumable)
        importing.finish()
    return Imported(
        image_set=ImageSet.objects.get(name=set_name),
        added=importing.added,
        already_there=importing.already_there,
        updated=importing.updated,
        repeated=importing.repeated,
        ignored=listing.ignored,
        remarks=list(lookup.remarks) if lookup else [],
    )


def _lookup(boxes: Path | None) -> BoxLookup | XmlBoxes | None:
    if boxes is None:
        return None
    return XmlBoxes(boxes) if boxes.is_dir() else BoxLookup(read_boxes(boxes), str(boxes))


def _parts(entries: list[Entry], size: int) -> Iterator[list[Entry]]:
    return (entries[start : start + size] for start in range(0, len(entries), size))


def _check_name(set_name: str) -> None:
    try:
        validate_slug(set_name)
    except Exception as error:
        raise BadInputError(
            f"--set {set_name}: a set's name has letters, digits, - and _ only; choose another"
        ) from error
    if len(set_name) > 100:
        raise BadInputError("--set: a set's name has at most 100 characters; choose a shorter one")


class _Known(NamedTuple):
    """What is kept of every photo until the import ends: there may be 50,000."""

    original_name: str
    class_name: str


@dataclass
class _Import:
    """One import under way, part by part: rows of the part that are not saved yet, and the files that go if it fails."""

    tree: Tree
    set_name: str
    boxes: BoxLookup | XmlBoxes | None
    in_place: bool
    added: int = 0
    updated: int = 0
    already_there: int = 0
    repeated: int = 0
    _done: int = 0
    _bad: list[str] = field(default_factory=list)
    _seen: dict[str, _Known] = field(default_factory=dict)
    _new: list[Image] = field(default_factory=list)
    _changed: list[Image] = field(default_factory=list)
    _written: list[str] = field(default_factory=list)

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
        if self.boxes is not None and not self.boxes.used:
            raise BadInputError(
                f"{self.boxes.label}: names none of the photos; its file names must be those of {self.tree.label}"
            )

    def _read(self, entry: Entry, *, keep: bool) -> None:
        content = self.tree.read(entry.name)
        digest = hashlib.sha256(content).hexdigest()
        if known := self._seen.get(digest):
            _check_same_class(entry, known, "in the same import")
            self.repeated += 1
            return
        if pk := self._there.get(digest):
            stored = Image.objects.get(pk=pk)
            _check_same_class(entry, stored, f"in the set {self.set_name}")
            self._bring_up_to_date(stored, entry)
            self._seen[digest] = _Known(stored.original_name, stored.class_name)
            self.already_there += 1
            return
        photo = clean_photo(name=entry.name, content=content, max_pixels=settings.MAX_PIXELS)
        image = self._image(entry, photo, digest)
        self._seen[digest] = _Known(image.original_name, image.class_name)
        if keep:
            self._write(image, entry, photo)
            self._new.append(image)

    def _image(self, entry: Entry, photo: Photo, digest: str) -> Image:
        width, height = photo.pixels.size
        if entry.size and entry.size != (width, height):
            raise BadInputError(
                f"{entry.name}: the manifest says {entry.size[0]} × {entry.size[1]}, the photo has {width} × {height};"
                " correct the manifest (its boxes are in these pixels)"
            )
        return Image(
            original_name=entry.name[-255:],
            class_index=entry.class_index,
            class_name=entry.class_name[:200],
            width=width,
            height=height,
            source_sha256=digest,
            boxes=self._boxes_of(entry, width, height) or [],
            **{name: getattr(entry, name) for name in CREDITS},
        )

    def _boxes_of(self, entry: Entry, width: int, height: int) -> list | None:
        """From the file of boxes, else from the manifest; None where neither says anything."""
        from_file = (
            self.boxes.for_photo(entry.name, entry.class_name, (width, height)) if self.boxes else None
        )
        boxes = entry.boxes if from_file is None else from_file
        try:
            check_boxes(boxes or [], width=width, height=height)
        except ValueError as error:
            raise BadInputError(f"{entry.name}: {error}; correct the box") from error
        return boxes

    def _bring_up_to_date(self, image: Image, entry: Entry) -> None:
        values = {name: getattr(entry, name) for name in CREDITS if getattr(entry, name)}
        boxes = self._boxes_of(entry, image.width, image.height)
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
        assert isinstance(self.tree, FolderTree)
        return str((self.tree.root / entry.name).absolute())

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


def _check_same_class(entry: Entry, known: Image | _Known, where: str) -> None:
    if plain(entry.class_name) != plain(known.class_name):
        raise BadInputError(
            f"{entry.name}: called “{entry.class_name}” here, but “{known.class_name}” {where} ({known.original_name});"
            " one photo has one class: correct one of the two"
        )
