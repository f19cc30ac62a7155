"""Bring photos in: all of them or none, each once.

Files are written first and rows last, in one short transaction; whatever goes wrong, the files go again.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.validators import validate_slug
from django.db import IntegrityError, transaction

from .boxes import BoxLookup, check_boxes, read_boxes
from .cam import render
from .classes import plain
from .errors import BadInputError
from .layouts import MANIFEST, Entry, list_photos
from .models import Image, ImageSet
from .photos import Photo, clean_photo
from .trees import NAMED, Tree, open_tree

CREDITS = ("author", "licence", "source")


@dataclass(frozen=True)
class Imported:
    """What an import did, in photos. `repeated`: the same bytes twice in what was given."""

    image_set: ImageSet
    added: int
    already_there: int
    updated: int
    repeated: int
    ignored: list[str]


def import_images(
    *,
    path: Path,
    set_name: str,
    boxes: Path | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Imported:
    """Bring the photos of a folder, a ZIP or a manifest.csv into the set `set_name`, made if it is new.

    `boxes` is a file of ground-truth boxes that go before the manifest's. A photo that the set has already (the
    same bytes) is left as it is; boxes and credits that are given now are brought up to date.
    `progress(done, total)` is called after each photo. Raises BadInputError with a line for each bad file, up to
    ten; nothing is kept then.
    """
    _check_name(set_name)
    lookup = BoxLookup(read_boxes(boxes)) if boxes else None
    path = path.parent if path.name == MANIFEST and path.is_file() else path
    with open_tree(path) as tree:
        listing = list_photos(tree)
        importing = _Import(tree=tree, set_name=set_name, boxes=lookup)
        try:
            importing.read_all(listing.entries, progress)
            if lookup and not lookup.used:
                raise BadInputError(
                    f"{boxes}: names none of the photos; its file names must be those of {path}"
                )
            image_set = importing.store()
        except BaseException:
            importing.remove_files()
            raise
    return Imported(
        image_set=image_set,
        added=len(importing.added),
        already_there=importing.already_there,
        updated=len(importing.updated),
        repeated=importing.repeated,
        ignored=listing.ignored,
    )


def _check_name(set_name: str) -> None:
    try:
        validate_slug(set_name)
    except Exception as error:
        raise BadInputError(
            f"--set {set_name}: a set's name has letters, digits, - and _ only; choose another"
        ) from error
    if len(set_name) > 100:
        raise BadInputError("--set: a set's name has at most 100 characters; choose a shorter one")


@dataclass
class _Import:
    """One import under way: rows that are not saved yet, and the files that go if it fails."""

    tree: Tree
    set_name: str
    boxes: BoxLookup | None
    added: list[Image] = field(default_factory=list)
    updated: list[Image] = field(default_factory=list)
    already_there: int = 0
    repeated: int = 0
    _written: list[str] = field(default_factory=list)

    def read_all(self, entries: list[Entry], progress: Callable[[int, int], None]) -> None:
        """Check every photo and write its files. After the first bad one nothing more is written, only checked."""
        there = {image.source_sha256: image for image in Image.objects.filter(image_set__name=self.set_name)}
        seen: dict[str, Image] = {}
        bad: list[str] = []
        for number, entry in enumerate(entries, start=1):
            try:
                self._read(entry, there, seen, keep=not bad)
            except BadInputError as error:
                bad += error.lines
                if len(bad) >= NAMED:
                    bad = [*bad[:NAMED], f"stopped at the {NAMED}th bad file; nothing was imported"]
                    break
            progress(number, len(entries))
        if bad:
            raise BadInputError(*bad)

    def _read(self, entry: Entry, there: dict[str, Image], seen: dict[str, Image], *, keep: bool) -> None:
        content = self.tree.read(entry.name)
        digest = hashlib.sha256(content).hexdigest()
        if known := seen.get(digest):
            _check_same_class(entry, known, "in the same import")
            self.repeated += 1
            return
        if known := there.get(digest):
            _check_same_class(entry, known, f"in the set {self.set_name}")
            self._bring_up_to_date(known, entry)
            seen[digest] = known
            self.already_there += 1
            return
        photo = clean_photo(name=entry.name, content=content, max_pixels=settings.MAX_PIXELS)
        image = self._image(entry, photo, digest)
        seen[digest] = image
        if keep:
            self._write(image, photo)
            self.added.append(image)

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
            content_sha256=hashlib.sha256(photo.png).hexdigest(),
            boxes=self._boxes_of(entry, width, height) or [],
            **{name: getattr(entry, name) for name in CREDITS},
        )

    def _boxes_of(self, entry: Entry, width: int, height: int) -> list | None:
        """From the file of boxes, else from the manifest; None where neither says anything."""
        given = self.boxes.for_photo(entry.name) if self.boxes else None
        boxes = entry.boxes if given is None else given
        try:
            check_boxes(boxes or [], width=width, height=height)
        except ValueError as error:
            raise BadInputError(f"{entry.name}: {error}; correct the box") from error
        return boxes

    def _bring_up_to_date(self, image: Image, entry: Entry) -> None:
        news = {name: getattr(entry, name) for name in CREDITS if getattr(entry, name)}
        boxes = self._boxes_of(entry, image.width, image.height)
        if boxes is not None:
            news["boxes"] = boxes
        changed = {name: value for name, value in news.items() if getattr(image, name) != value}
        for name, value in changed.items():
            setattr(image, name, value)
        if changed:
            self.updated.append(image)

    def _write(self, image: Image, photo: Photo) -> None:
        picture = render.encode(render.frame_picture(photo.pixels))
        for file, name, content in (
            (image.file, "photo.png", photo.png),
            (image.picture, "picture.jpg", picture),
        ):
            file.save(name, ContentFile(content), save=False)
            self._written.append(str(file.name))

    def store(self) -> ImageSet:
        """All rows at once."""
        try:
            with transaction.atomic():
                image_set, _ = ImageSet.objects.get_or_create(name=self.set_name)
                for image in self.added:
                    image.image_set = image_set
                Image.objects.bulk_create(self.added, batch_size=500)
                Image.objects.bulk_update(self.updated, ["boxes", *CREDITS], batch_size=500)
        except IntegrityError as error:
            raise BadInputError(
                f"the set {self.set_name} was filled by another import at the same time; run this one again"
            ) from error
        return image_set

    def remove_files(self) -> None:
        for name in self._written:
            default_storage.delete(name)


def _check_same_class(entry: Entry, known: Image, where: str) -> None:
    if plain(entry.class_name) != plain(known.class_name):
        raise BadInputError(
            f"{entry.name}: called “{entry.class_name}” here, but “{known.class_name}” {where} ({known.original_name});"
            " one photo has one class: correct one of the two"
        )
