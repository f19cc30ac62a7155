"""The names of ImageNet's 1,000 classes, for photos that only say what they show. No torch.

They are read from torchvision's and timm's own files without importing either: that would take half a gigabyte.
"""

import runpy
import unicodedata
from collections.abc import Iterable
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path

from blindsight.places import how_to_install
from explain.core.errors import BadInputError
from explain.models import Image, Network

IMAGENET_CLASSES = 1000


def plain(name: str) -> str:
    """A class name for comparing: `Solar_Dish` and `solar dish` are the same."""
    words = unicodedata.normalize("NFC", name).replace("_", " ").replace("-", " ")
    return " ".join(words.casefold().split())


@cache
def imagenet_names() -> list[str]:
    """torchvision's names, by class index."""
    return list(runpy.run_path(str(_file_of("torchvision", "models/_meta.py")))["_IMAGENET_CATEGORIES"])


@cache
def imagenet_synsets() -> list[str]:
    """WordNet ids (n01440764 …) by class index: the folder names of ImageNet itself."""
    return _file_of("timm", "data/_info/imagenet_synsets.txt").read_text("utf-8").split()


def _file_of(package: str, name: str) -> Path:
    spec = find_spec(package)
    for folder in (spec and spec.submodule_search_locations) or []:
        if (Path(folder) / name).is_file():
            return Path(folder) / name
    raise BadInputError(
        f"{package} is not installed here, or has no {name}, so ImageNet's class names are not known; "
        f"{how_to_install('worker')}"
    )


@cache
def _index_by_name() -> dict[str, int]:
    index_of: dict[str, int] = {}
    ambiguous: set[str] = set()
    for names in (imagenet_names(), imagenet_synsets()):
        for index, name in enumerate(map(plain, names)):
            if index_of.setdefault(name, index) != index:
                ambiguous.add(name)
    return {name: index for name, index in index_of.items() if name not in ambiguous}


def imagenet_class(name: str) -> tuple[int | None, str]:
    """(index, name) for a class name or a WordNet id; (None, name) where ImageNet does not know it.

    >>> imagenet_class("solar_dish"), imagenet_class("n04258138"), imagenet_class("my_bicycle")
    ((807, 'solar dish'), (807, 'solar dish'), (None, 'my bicycle'))
    """
    index = _index_by_name().get(plain(name))
    return (index, imagenet_names()[index]) if index is not None else (None, name.replace("_", " "))


def class_in(class_names: list[str], *, name: str, index: int | None) -> int | None:
    """A photo's class as an index into a network's classes, or None if the network does not know it.

    By name; by the photo's own index where the network numbers its classes instead of naming them, or has
    ImageNet's thousand under slightly other names.

    >>> class_in(["cat", "solar dish"], name="Solar_Dish", index=807)
    1
    """
    wanted = plain(name)
    if index is not None and index < len(class_names) and plain(class_names[index]) == wanted:
        return index
    matches = _positions(tuple(class_names)).get(wanted, [])
    if len(matches) == 1:
        return matches[0]
    by_number = len(class_names) == IMAGENET_CLASSES or class_names == [
        str(i) for i in range(len(class_names))
    ]
    return index if by_number and index is not None and index < len(class_names) else None


@lru_cache(maxsize=16)
def _positions(class_names: tuple[str, ...]) -> dict[str, list[int]]:
    """Plain name -> where it stands."""
    positions: dict[str, list[int]] = {}
    for index, name in enumerate(class_names):
        positions.setdefault(plain(name), []).append(index)
    return positions


def label_target(image: Image, network: Network) -> int | None:
    """The photo's class among the network's classes; None if the network does not know it."""
    return class_in(network.class_names, name=image.class_name, index=image.class_index)


def label_targets(images: Iterable[Image], network: Network) -> dict[int, int | None]:
    """Photo's key -> its class among the network's classes, or None; each class is looked up once."""
    known: dict[tuple[str, int | None], int | None] = {}
    targets = {}
    for image in images:
        key = image.class_name, image.class_index
        if key not in known:
            known[key] = label_target(image, network)
        targets[image.pk] = known[key]
    return targets
