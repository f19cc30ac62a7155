"""Which photo a map is of, by names. Never by a guess: a name that fits no photo, or several, fits none. No Django."""

from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import NamedTuple

from explain.core.errors import BadInputError
from explain.photos import PHOTO_ENDINGS, usual

from .files import Entry


class Named(NamedTuple):
    """A photo of the set by its key and name."""

    pk: int
    name: str


class PhotoNames:
    """The names of a set's photos.

    A map is of a photo where the names are equal, folders and all, or the longer of the two ends in the other: `1.npy` and
    `maps/hammer/1.npy` both fit `hammer/1.jpg`, `dam/1.npy` does not. Capitals count only where two photos differ in nothing
    else. An ending may be left out.
    """

    def __init__(self, photos: Iterable[Named]) -> None:
        self._by_end: dict[str, list[Named]] = {}
        self._by_name: dict[str, list[Named]] = {}
        for photo in photos:
            for name in _with_and_without_ending(usual(photo.name)):
                self._by_name.setdefault(name.casefold(), []).append(photo)
                for end in _ends(name):
                    self._by_end.setdefault(end.casefold(), []).append(photo)

    def photo_of(self, entry: Entry) -> int:
        """The photo's key. Raises BadInputError with the reason alone where no photo, or more than one, has this name."""
        for name in _with_and_without_ending(entry.photo):
            if fitting := self._fitting(name):
                return _only(fitting, name)
        raise BadInputError(
            "of no photo of the set; name it as its photo is named "
            f"(hammer/1{PurePosixPath(entry.label).suffix} for hammer/1.jpg), write a manifest.csv with photo,file, or leave it out"
            if entry.is_file_name
            else f"“{entry.photo}” is no photo of the set; write the name that the photo was brought in by, or leave it out"
        )

    def _fitting(self, name: str) -> list[Named]:
        if fitting := self._by_end.get(name.casefold()):
            return fitting
        longer = (self._by_name.get(end.casefold()) for end in _ends(name))
        return next((fitting for fitting in longer if fitting), [])


def _only(fitting: list[Named], name: str) -> int:
    """Of photos that fit but for capitals and folders, the one that fits best; else nobody knows which."""
    for exactly in (
        [photo for photo in fitting if name in _with_and_without_ending(usual(photo.name))],
        [
            photo
            for photo in fitting
            if name in [e for n in _with_and_without_ending(usual(photo.name)) for e in _ends(n)]
        ],
        fitting,
    ):
        keys = {photo.pk for photo in exactly}
        if len(keys) == 1:
            return keys.pop()
    names = " and ".join(photo.name for photo in fitting[:2])
    raise BadInputError(
        f"of more photos than one by its name ({names}); name its folder too, or write a manifest.csv"
    )


def _with_and_without_ending(name: str) -> list[str]:
    path = PurePosixPath(name)
    return [name, name[: -len(path.suffix)]] if path.suffix.lower() in PHOTO_ENDINGS else [name]


def _ends(name: str) -> list[str]:
    """The name, and what is left of it without its first folders, longest first.

    >>> _ends("a/b/1.jpg")
    ['a/b/1.jpg', 'b/1.jpg', '1.jpg']
    """
    parts = name.split("/")
    return ["/".join(parts[start:]) for start in range(len(parts))]
