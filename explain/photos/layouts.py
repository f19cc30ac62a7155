"""Which photos a folder or ZIP holds and what is said of each: a manifest.csv, or a folder for each class.

No Django here. A class is looked up among ImageNet's names where the layout does not give its index.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from explain.core.errors import BadInputError

from .class_names import imagenet_class, plain
from .entries import Entry
from .file_trees import NAMED, Tree
from .kinds import ARCHIVES, EXTENSIONS, OTHER_PICTURES, is_read
from .manifests import nearest_manifest, read_manifest

# Folders that divide a data set for training: never classes, where there are two of them.
SPLITS = {
    "train",
    "training",
    "trainval",
    "val",
    "valid",
    "validation",
    "dev",
    "test",
    "testing",
    "eval",
    "holdout",
}
NO_PICTURE = "no picture"
ARCHIVE_INSIDE = "an archive inside, which is not opened: unpack it first"
NOT_LISTED = "not in the manifest"
LEFT_BEHIND = "left behind by macOS or Windows"
EMPTY_FOLDER = "a folder without files"


@dataclass(frozen=True)
class Listing:
    """The photos of a tree. `passed_over`: why -> names. `remarks`: how the tree was read, where that is not plain."""

    entries: list[Entry]
    passed_over: dict[str, list[str]]
    remarks: list[str] = field(default_factory=list)

    @property
    def ignored(self) -> list[str]:
        """Files that somebody may miss: not what file managers leave behind."""
        missed = (names for why, names in self.passed_over.items() if why not in (LEFT_BEHIND, EMPTY_FOLDER))
        return sorted(name for names in missed for name in names)


def list_photos(tree: Tree, synsets: dict[str, str] | None = None) -> Listing:
    """The photos of `tree`, in a stable order. BadInputError names every bad line, up to ten.

    `synsets`, photo's stem -> WordNet id, says what photos show that lie in no class folders: ImageNet's official
    layout, a flat folder and a list.
    """
    names = tree.names()
    remarks: list[str] = []
    if synsets is not None:
        entries, rest = _from_synsets(names, synsets, tree.label), NO_PICTURE
    elif manifest := nearest_manifest(names):
        entries, rest = read_manifest(tree, manifest), NOT_LISTED
        names.remove(manifest)
    else:
        entries, remarks = _from_folders(tree, names)
        rest = NO_PICTURE
    passed_over = _passed_over(tree, names, {entry.name for entry in entries}, rest)
    if not entries:
        raise BadInputError(
            f"{tree.label}: holds no photos{_only(passed_over)}; give a folder for each class (hammer/1.jpg …) or a manifest.csv"
        )
    entries, merged = _one_name_each(entries)
    return Listing(entries, passed_over, [*tree.remarks, *remarks, *merged])


def _passed_over(tree: Tree, names: Sequence[str], taken: set[str], rest: str) -> dict[str, list[str]]:
    why: dict[str, list[str]] = {}
    for name in names:
        if name not in taken:
            why.setdefault(ARCHIVE_INSIDE if _suffix(name) in ARCHIVES else rest, []).append(name)
    named = {LEFT_BEHIND: [*tree.left_behind], EMPTY_FOLDER: [f"{name}/" for name in tree.empty_folders]}
    return why | {reason: found for reason, found in named.items() if found}


def _only(passed_over: dict[str, list[str]]) -> str:
    archives = passed_over.get(ARCHIVE_INSIDE)
    return f", only {archives[0]}, {ARCHIVE_INSIDE}" if archives else ""


def _from_synsets(names: list[str], synsets: dict[str, str], label: str) -> list[Entry]:
    entries, unknown = [], []
    for name in names:
        synset = synsets.get(PurePosixPath(name).stem)
        if _suffix(name) not in EXTENSIONS:
            continue
        if synset is None:
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
    return entries


def _and_more(lines: list[str]) -> list[str]:
    return [f"… and {len(lines) - NAMED:,} more"] if len(lines) > NAMED else []


def _from_folders(tree: Tree, names: Sequence[str]) -> tuple[list[Entry], list[str]]:
    """hammer/1.jpg -> a hammer, and what was passed over above the classes."""
    photos = [name for name in names if _is_photo(tree, name)]
    above, remarks = _folders_above(photos)
    entries, loose = [], []
    for name in photos:
        folders = name.split("/")[above:-1]
        if not folders:
            loose.append(
                f"{name}: is in no class folder of {tree.label}; put it into one, or list it in a manifest.csv"
            )
            continue
        index, class_name = imagenet_class(unicodedata.normalize("NFC", folders[0]))
        entries.append(Entry(name=name, class_name=class_name, class_index=index))
    if loose:
        raise BadInputError(*loose[:NAMED])
    return entries, remarks


def _is_photo(tree: Tree, name: str) -> bool:
    """By its ending, or where that says nothing by its first bytes."""
    suffix = _suffix(name)
    if suffix in EXTENSIONS or suffix in OTHER_PICTURES:
        return True
    return suffix not in ARCHIVES and is_read(tree.head(name))


def _folders_above(photos: Sequence[str]) -> tuple[int, list[str]]:
    """How many folders stand above the class folders, and what there is to say of them.

    Passed over are folders that hold all others, and the train/val/test of data sets.
    """
    parts = [name.split("/") for name in photos]
    above: list[str] = []
    divided: set[str] = set()
    while parts:
        depth = len(above)
        tops = {folders[depth] if len(folders) > depth + 1 else "" for folders in parts}
        if len(tops) == 1 and all(len(folders) > depth + 2 for folders in parts):
            above += tops
        elif not divided and _are_splits(tops):
            divided = tops
            above.append(f"({', '.join(sorted(tops))})")
        else:
            break
    divided = divided or {folder for folder in above if folder.lower() in SPLITS}
    remarks = []
    if divided:
        names = ", ".join(sorted(divided))
        remarks.append(
            f"{names}: taken for {_PARTS if len(divided) > 1 else _PART}; the classes are the folders inside."
        )
    if len(above) > 1:
        remarks.append(f"All photos lie in {'/'.join(above)}; the folders inside it are the classes.")
    return len(above), remarks


_PART, _PARTS = "a part of a data set, not for a class", "parts of a data set, not for classes"


def _are_splits(tops: set[str]) -> bool:
    """Whether the top folders are parts of a data set: two or more of their names, and no other."""
    return len(tops) > 1 and {top.lower() for top in tops} <= SPLITS


def _one_name_each(entries: Iterable[Entry]) -> tuple[list[Entry], list[str]]:
    """Classes whose names differ in capitals or in `_` alone are one, called as it comes first."""
    called: dict[str, str] = {}
    merged: dict[str, set[str]] = {}
    unified = []
    for entry in entries:
        name = called.setdefault(plain(entry.class_name), entry.class_name)
        if name != entry.class_name:
            merged.setdefault(name, set()).add(entry.class_name)
        unified.append(entry if name == entry.class_name else replace(entry, class_name=name))
    return unified, [
        f"{', '.join(sorted(others))}: taken for the class {name}, which is written otherwise."
        for name, others in merged.items()
    ]


def _suffix(name: str) -> str:
    return PurePosixPath(name).suffix.lower()
