"""Which photos a folder or ZIP holds and what is said of each: a manifest.csv, or a folder for each class.

No Django here. A class is looked up among ImageNet's names where the layout does not give its index.
"""

import csv
import io
from dataclasses import dataclass
from pathlib import PurePosixPath

from explain.core.errors import BadInputError

from .boxes import Box, parse_boxes
from .class_names import imagenet_class, imagenet_names
from .cleaning import EXTENSIONS
from .file_trees import NAMED, Tree

# Pictures of kinds that are not taken: named in an error instead of passed over.
OTHER_PICTURES = {".gif", ".bmp", ".tif", ".tiff", ".heic", ".avif", ".jp2", ".svg"}
MANIFEST = "manifest.csv"


@dataclass(frozen=True)
class Entry:
    """One photo and what is said of it. `size` is what the manifest claims, (width, height)."""

    name: str
    class_name: str
    class_index: int | None = None
    boxes: list[Box] | None = None
    size: tuple[int, int] | None = None
    author: str = ""
    licence: str = ""
    source: str = ""


@dataclass(frozen=True)
class Listing:
    entries: list[Entry]
    ignored: list[str]


def list_photos(tree: Tree, synsets: dict[str, str] | None = None) -> Listing:
    """The photos of `tree`, in a stable order. BadInputError names every bad line, up to ten.

    `synsets`, photo's stem -> WordNet id, says what photos show that lie in no class folders: ImageNet's official
    layout, a flat folder and a list.
    """
    names = tree.names()
    if synsets is not None:
        return _from_synsets(names, synsets, tree.label)
    manifests = [name for name in names if name == MANIFEST or name.endswith(f"/{MANIFEST}")]
    if manifests:
        nearest = min(manifests, key=lambda name: name.count("/"))
        entries = _from_manifest(tree, nearest)
        listed = {entry.name for entry in entries} | {nearest}
        ignored = [name for name in names if name not in listed]
    else:
        entries, ignored = _from_folders(names, tree.label)
    if not entries:
        raise BadInputError(
            f"{tree.label}: holds no photos; give a folder for each class (hammer/1.jpg …) or a manifest.csv"
        )
    return Listing(entries, ignored)


def _from_synsets(names: list[str], synsets: dict[str, str], label: str) -> Listing:
    entries, ignored, unknown = [], [], []
    for name in names:
        synset = synsets.get(PurePosixPath(name).stem)
        if _suffix(name) not in EXTENSIONS:
            ignored.append(name)
        elif synset is None:
            unknown.append(
                f"{name}: the list of classes does not have it; complete the list, or take the photo out"
            )
        else:
            index, class_name = imagenet_class(synset)
            entries.append(Entry(name, class_name, index, source=f"ILSVRC2012 validation, {synset}"))
    if unknown:
        raise BadInputError(*unknown[:NAMED], *_and_more(unknown))
    if not entries:
        raise BadInputError(f"{label}: holds no photos; give the folder with ILSVRC2012_val_00000001.JPEG …")
    return Listing(entries, ignored)


def _and_more(lines: list[str]) -> list[str]:
    return [f"… and {len(lines) - NAMED:,} more"] if len(lines) > NAMED else []


def _from_folders(names: list[str], label: str) -> tuple[list[Entry], list[str]]:
    """hammer/1.jpg -> a hammer. A folder that holds all the class folders (as ZIPs often have) is passed over."""
    photos = [name for name in names if _suffix(name) in EXTENSIONS | OTHER_PICTURES]
    depth = 1 if photos and all(_under_one_folder(name, photos[0]) for name in photos) else 0
    loose = [name for name in photos if name.count("/") <= depth]
    if loose:
        raise BadInputError(
            *(
                f"{name}: is in no class folder of {label}; put it into one, or list it in a manifest.csv"
                for name in loose[:NAMED]
            )
        )
    entries = []
    for name in photos:
        index, class_name = imagenet_class(name.split("/")[depth])
        entries.append(Entry(name=name, class_name=class_name, class_index=index))
    return entries, [name for name in names if _suffix(name) not in EXTENSIONS | OTHER_PICTURES]


def _under_one_folder(name: str, other: str) -> bool:
    return name.count("/") >= 2 and name.split("/")[0] == other.split("/")[0]


def _suffix(name: str) -> str:
    return PurePosixPath(name).suffix.lower()


def _from_manifest(tree: Tree, name: str) -> list[Entry]:
    try:
        text = tree.read(name).decode("utf-8-sig")
        reader = csv.DictReader(io.StringIO(text, newline=""))
        columns, rows = set(reader.fieldnames or []), [(reader.line_num, row) for row in reader]
    except UnicodeDecodeError as error:
        raise BadInputError(f"{name}: not UTF-8 text; save it as UTF-8 CSV") from error
    except csv.Error as error:
        raise BadInputError(f"{name}: is no CSV ({error}); save it as UTF-8 CSV") from error
    if "file" not in columns or not columns & {"class_name", "class_index"}:
        raise BadInputError(f"{name}: needs the columns file and class_name (or class_index)")
    folder = name[: -len(MANIFEST)]
    entries: list[Entry] = []
    bad: list[str] = []
    for line, row in rows:
        try:
            entries.append(_entry(folder, {key: (value or "").strip() for key, value in row.items() if key}))
        except ValueError as error:
            bad.append(f"{name} line {line}: {error}; correct the line")
    if bad:
        raise BadInputError(*bad[:NAMED])
    return entries


def _entry(folder: str, row: dict[str, str]) -> Entry:
    """One line of a manifest. ValueError says what is wrong with it."""
    if not row["file"]:
        raise ValueError("names no file")
    index, class_name = _class_of(row.get("class_index", ""), row.get("class_name", ""))
    return Entry(
        name=folder + row["file"],
        class_name=class_name,
        class_index=index,
        boxes=parse_boxes(row["boxes"]) if "boxes" in row else None,
        size=_size_of(row.get("width", ""), row.get("height", "")),
        author=_short(row, "author", 200),
        licence=_short(row, "licence", 100),
        source=_short(row, "source", 500),
    )


def _class_of(index: str, name: str) -> tuple[int | None, str]:
    """What the line says; the half that it leaves out comes from ImageNet's names."""
    if not index:
        if not name:
            raise ValueError("names no class")
        known_index, full_name = imagenet_class(name)
        return known_index, full_name if known_index is not None else name
    if not index.isdecimal():
        raise ValueError(f"class_index “{index}” is not a whole number from 0")
    number = int(index)
    if not name and number >= len(imagenet_names()):
        raise ValueError(f"class_index {number} is not an ImageNet class and no class_name is given")
    return number, name or imagenet_names()[number]


def _size_of(width: str, height: str) -> tuple[int, int] | None:
    if not width and not height:
        return None
    if not (width.isdecimal() and height.isdecimal()):
        raise ValueError(f"“{width}” × “{height}” is not a size in pixels")
    return int(width), int(height)


def _short(row: dict[str, str], column: str, limit: int) -> str:
    text = row.get(column, "")
    if len(text) > limit:
        raise ValueError(f"{column} has {len(text)} characters, over {limit}")
    return text
