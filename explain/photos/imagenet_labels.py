"""What the photos of ImageNet's validation set show: the official lists, each by the photo's file name. No Django.

The official ids 1 … 1000 (ILSVRC2012_ID) are numbered otherwise than the networks of torchvision and timm number their
classes, which go by WordNet id in alphabetical order. So everything here ends in WordNet ids (synsets, n01440764 …).
"""

import csv
import re
from collections.abc import Iterator
from pathlib import Path

from blindsight.places import how_to_install
from explain.core.errors import BadInputError

GROUND_TRUTH = "ILSVRC2012_validation_ground_truth.txt"
META = "meta.mat"
CLASSES = 1000
_SYNSET = re.compile(r"n\d{8}")
_NUMBERED = "ILSVRC2012_val_{:08d}"


def read_ground_truth(*, ground_truth: Path | None, devkit: Path | None) -> dict[str, str]:
    """Photo's stem (ILSVRC2012_val_00000001) -> synset.

    ground_truth  a list, one line for each photo in the order of their numbers: the devkit's ids, or synsets; or
                  lines of file and synset; or LOC_val_solution.csv. The devkit's own list by default
    devkit        the folder ILSVRC2012_devkit_t12, or its meta.mat: needed where the list has ids

    Raises BadInputError that names the file, the line and the remedy.
    """
    path = ground_truth or _inside(devkit, GROUND_TRUTH)
    rows = list(_rows(path))
    if not rows:
        raise BadInputError(f"{path}: is empty; give the list of the validation photos' classes")
    ids = [row for row in rows if row[1].isdecimal()]
    if not ids:
        return {name: _synset(path, number, text) for number, (name, text) in enumerate(rows, start=1)}
    if devkit is None:
        raise BadInputError(
            f"{path}: holds ILSVRC ids, whose order is not that of the networks' classes; give the developers' kit too "
            "(--devkit ILSVRC2012_devkit_t12, or its data/meta.mat)"
        )
    synsets = read_meta(_inside(devkit, META))
    return {name: _by_id(path, number, text, synsets) for number, (name, text) in enumerate(rows, start=1)}


def read_meta(path: Path) -> dict[int, str]:
    """The developers' kit's meta.mat: ILSVRC2012_ID -> synset, of the 1,000 classes that photos are labelled with."""
    try:
        from scipy.io import loadmat
    except ImportError as error:
        raise BadInputError(
            f"{path}: is read with scipy, which this host does not have; import where maps are computed, or first "
            f"{how_to_install('worker')}"
        ) from error
    try:
        table = loadmat(path, squeeze_me=True, variable_names=["synsets"])["synsets"]
        pairs = {int(row["ILSVRC2012_ID"]): str(row["WNID"]) for row in table}
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise BadInputError(
            f"{path}: is no meta.mat of the ILSVRC 2012 developers' kit ({error}); take the one of ILSVRC2012_devkit_t12"
        ) from error
    return {number: synset for number, synset in pairs.items() if number <= CLASSES}


def _inside(folder: Path | None, name: str) -> Path:
    """A file of the kit: in the folder, in its `data`, beside a file that was given, or that file itself."""
    if folder is None:
        raise BadInputError(f"--ground-truth: no list of the photos' classes is given; it is {GROUND_TRUTH}")
    if folder.is_file():
        if folder.name == name:
            return folder
        folder = folder.parent
    for path in (folder / name, folder / "data" / name):
        if path.is_file():
            return path
    raise BadInputError(
        f"{folder}: holds no {name}, nor does its folder data; give the unpacked ILSVRC2012_devkit_t12"
    )


def _rows(path: Path) -> Iterator[tuple[str, str]]:
    """(photo's stem, id or synset) line by line."""
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInputError(
            f"{path}: cannot be read as a text ({error}); give a list of the photos' classes"
        ) from error
    lines = [line for line in text.splitlines() if line.strip()]
    if lines and lines[0].replace(" ", "").lower() == "imageid,predictionstring":
        for row in csv.reader(lines[1:]):
            yield row[0], (row[1].split() or [""])[0]
        return
    for number, line in enumerate(lines, start=1):
        words = line.replace(",", " ").split()
        if len(words) == 1:
            yield _NUMBERED.format(number), words[0]
        else:
            yield Path(words[0]).stem, words[1]


def _synset(path: Path, line: int, text: str) -> str:
    if not _SYNSET.fullmatch(text):
        raise BadInputError(
            f"{path.name} line {line}: “{text}” is neither an ILSVRC id nor a synset such as n01440764; correct the line"
        )
    return text


def _by_id(path: Path, line: int, text: str, synsets: dict[int, str]) -> str:
    if not text.isdecimal() or int(text) not in synsets:
        raise BadInputError(
            f"{path.name} line {line}: “{text}” is no id of the developers' kit ({min(synsets)} to {max(synsets)}); "
            "correct the line, or give the kit that belongs to the list"
        )
    return synsets[int(text)]
