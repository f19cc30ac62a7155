"""What a network reads and what it says: by network.toml beside its weights, by options of a command, by a form. No torch here."""

import tomllib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from math import isfinite
from pathlib import Path
from typing import Any

from ..errors import InputError, nearest
from ..preprocessing import IMAGENET_MEAN, IMAGENET_STD, INTERPOLATIONS, ORDERS, Preprocessing

FILE = "network.toml"
SCORES = ("softmax", "sigmoid")
SQUASH = 0
_LARGEST_SIDE = 4096
_GREY_MEAN, _GREY_STD = round(sum(IMAGENET_MEAN) / 3, 3), round(sum(IMAGENET_STD) / 3, 3)


@dataclass(frozen=True)
class Description:
    """What somebody said of a network; None and empty where they said nothing.

    classes        names, in the order of the class scores
    size           (height, width) of what it reads, in pixels
    resize         the short edge before the crop, in pixels; 0: the whole photo is squashed to `size`
    mean, std      one for each channel, in its order, for values in 0..1; their number is that of the channels
    interpolation  nearest, bilinear, bicubic or lanczos
    channels       1 (grey) or 3 for photos
    order          rgb or bgr
    score          softmax (one of the classes), or sigmoid (each for itself; also one score for a class and against it)
    output         which of several outputs has the class scores: a name, or a place, counted from 0
    checkpoint     which entry of the weights' file is taken, where it holds several
    ignore         beginnings of names in that file which the network runs without
    load, layer    as Network.load has them
    """

    classes: tuple[str, ...] = ()
    size: tuple[int, int] | None = None
    resize: int | None = None
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    interpolation: str = ""
    channels: int | None = None
    order: str = ""
    score: str = ""
    output: str = ""
    checkpoint: str = ""
    ignore: tuple[str, ...] = ()
    load: str = ""
    layer: str = ""

    @classmethod
    def of(cls, said: Mapping[str, Any], where: str = "", folder: Path | None = None) -> "Description":
        """From a table, whose values may be text as people type it ("224 × 320", "0.5, 0.5, 0.5").

        where    what an error begins with; folder  in which a file of class names is looked for, None: nowhere
        Raises InputError in one line, for the first value that is wrong.
        """
        known = [field.name for field in fields(cls)]
        read: dict[str, Any] = {}
        try:
            for key, value in said.items():
                if key not in known:
                    raise InputError(
                        f"{key} is no key of it{nearest(key, known) or '; it has ' + ', '.join(known)}"
                    )
                if value not in ("", None):
                    read[key] = _READERS[key](key, value, folder)
            _check_together(read)
        except InputError as problem:
            raise InputError(f"{where}: {problem}" if where else str(problem)) from None
        return cls(**read)

    def kept(self) -> dict[str, Any]:
        """What has to be said again when the network is loaded again, beside its classes and preprocessing: plain values.

        One class alone is among them: the network has two names then, of that class and of its opposite, and one score.
        """
        kept = (
            "score",
            "output",
            "checkpoint",
            "ignore",
            "size",
            *(["classes"] if len(self.classes) == 1 else []),
        )
        return {key: value for key, value in self.to_json().items() if key in kept}

    def to_json(self) -> dict[str, Any]:
        """All that was said, in plain values that `Description.of` reads again."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {
            key: list(v) if isinstance(v, tuple) else v
            for key, v in values.items()
            if v not in (None, "", ())
        }

    def over(self, other: "Description") -> "Description":
        """This one, with what it does not say taken from `other`."""
        empty = Description()
        missing = {
            field.name: getattr(other, field.name)
            for field in fields(self)
            if getattr(self, field.name) == getattr(empty, field.name)
        }
        if self.channels and len(other.mean) not in (0, self.channels):
            missing |= {"mean": (), "std": ()}
        return replace(self, **missing)

    def preprocessing(
        self, known: Preprocessing, channels: int | None = None
    ) -> tuple[Preprocessing, tuple[str, ...]]:
        """How photos are read, with what is not said taken from `known`, and what had to be assumed, in words.

        channels   as the weights have them, where they say; then they must be what was said
        """
        wanted = self.channels or len(self.mean) or len(self.std) or channels or len(known.mean)
        if channels not in (None, wanted):
            raise InputError(
                f"its weights read {channels} channels, and {wanted} are described; give as many as it reads"
            )
        mean, std, assumed = self._scale(known, wanted)
        size = self.size or known.size
        if self.resize is not None:
            resize = None if self.resize == SQUASH else self.resize
        elif self.size is None or known.resize is None:
            resize = known.resize
        else:  # the same share of the photo as before
            resize = round(max(size) * known.resize / max(known.size))
        made = Preprocessing(
            size, resize, mean, std, self.interpolation or known.interpolation, self.order or known.order
        )
        return made, assumed

    def _scale(
        self, known: Preprocessing, channels: int
    ) -> tuple[tuple[float, ...], tuple[float, ...], tuple[str, ...]]:
        if self.mean and self.std:
            return self.mean, self.std, ()
        if len(known.mean) == channels and not (self.mean or self.std):
            return known.mean, known.std, ()
        if channels == len(known.mean):
            mean, std = self.mean or known.mean, self.std or known.std
        else:
            mean, std = self.mean or (_GREY_MEAN,) * channels, self.std or (_GREY_STD,) * channels
        word = "mean and std" if not (self.mean or self.std) else "std" if self.mean else "mean"
        values = f"mean {_listed(mean)} and std {_listed(std)}"
        return (
            mean,
            std,
            (
                f"Nothing says its {word}: photos are scaled by {values}. Give those that it was trained with.",
            ),
        )


def _listed(values: tuple[float, ...]) -> str:
    return ", ".join(f"{value:g}" for value in values)


def described(weights: str | Path | None) -> Description:
    """What network.toml beside a file of weights says; nothing where there is none. Raises InputError."""
    path = Path(weights).parent / FILE if weights else None
    if path is None or not path.is_file() or not Path(weights or "").is_file():
        return Description()
    return read_description(path.read_bytes(), str(path), path.parent)


def read_description(content: bytes, name: str = FILE, folder: Path | None = None) -> Description:
    """What a network.toml says. Raises InputError in one line."""
    try:
        said = tomllib.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise InputError(f"{name}: it is not text in UTF-8; save it as such") from None
    except tomllib.TOMLDecodeError as problem:
        raise InputError(f"{name}: {str(problem).splitlines()[0]}; it is written as key = value") from None
    return Description.of(said, name, folder)


# --- values, typed or as text ---------------------------------------------------------------------------------------


def _classes(key: str, value: Any, folder: Path | None) -> tuple[str, ...]:
    if isinstance(value, str) and value.endswith(".txt") and "\n" not in value:
        path = (folder / value) if folder else None
        if path is None or not path.is_file():
            raise InputError(
                f"{key} names {value}, which is not beside it; write the names themselves, or put it there"
            )
        value = path.read_text("utf-8-sig")
    if isinstance(value, str):
        lines = value.splitlines() if "\n" in value.strip() else value.split(",")
        value = [line.strip() for line in lines if line.strip()]
    if not isinstance(value, list | tuple) or not value or not all(isinstance(name, str) for name in value):
        raise InputError(
            f'{key} are names in the order of the class scores, such as ["cat", "dog"], not {_shown(value)}'
        )
    names = tuple(name.strip() for name in value)
    if "" in names:
        raise InputError(f"{key}: name {names.index('') + 1} is empty; name every class")
    twice = next((name for name, count in Counter(names).items() if count > 1), None)
    if twice is not None:
        raise InputError(f"{key}: {twice!r} stands twice; each class has a name of its own")
    return names


def _size(key: str, value: Any, _: Path | None) -> tuple[int, int]:
    sides = _numbers(key, value, whole=True)
    sides = sides * 2 if len(sides) == 1 else sides
    if len(sides) != 2 or not all(8 <= side <= _LARGEST_SIDE for side in sides):
        raise InputError(
            f"{key} is {_shown(value)}; give one side or height and width, each 8 to {_LARGEST_SIDE} pixels"
        )
    return int(sides[0]), int(sides[1])


def _resize(key: str, value: Any, _: Path | None) -> int:
    if value is False or value in ("squash", "0"):
        return SQUASH
    (side,) = _few(key, value, 1, whole=True)
    if side and not 8 <= side <= _LARGEST_SIDE:
        raise InputError(
            f"{key} is {_shown(value)}; give the short edge in pixels, or 0 to squash the whole photo"
        )
    return int(side)


def _mean(key: str, value: Any, _: Path | None) -> tuple[float, ...]:
    return _scaled(key, value, 0)


def _std(key: str, value: Any, _: Path | None) -> tuple[float, ...]:
    values = _scaled(key, value, 1e-6)
    if min(values) <= 0:
        raise InputError(f"{key} is {_shown(value)}; a deviation is above 0")
    return values


def _scaled(key: str, value: Any, least: float) -> tuple[float, ...]:
    values = _numbers(key, value)
    if max(values) > 1:
        divided = ", ".join(f"{v / 255:.4g}" for v in values)
        raise InputError(
            f"{key} is {_shown(value)}; it is of values 0 to 1, so for bytes divide by 255: {divided}"
        )
    if min(values) < least and key == "mean":
        raise InputError(f"{key} is {_shown(value)}; it lies between 0 and 1")
    return values


def _channels(key: str, value: Any, _: Path | None) -> int:
    (count,) = _few(key, value, 1, whole=True)
    if not 1 <= count <= 1024:
        raise InputError(f"{key} is {_shown(value)}; photos have 1 (grey) or 3")
    return int(count)


def _few(key: str, value: Any, count: int, *, whole: bool = False) -> tuple[float, ...]:
    values = _numbers(key, value, whole=whole)
    if len(values) != count:
        raise InputError(f"{key} is {_shown(value)}; give {count} number{'s' if count > 1 else ''}")
    return values


def _numbers(key: str, value: Any, *, whole: bool = False) -> tuple[float, ...]:
    words = value.replace("×", " ").replace("x", " ").replace(",", " ") if isinstance(value, str) else value
    values = words.strip("[]() ").split() if isinstance(words, str) else words
    values = values if isinstance(values, list | tuple) else [values]
    try:
        if any(isinstance(one, bool) for one in values):
            raise ValueError
        numbers = tuple(float(one) for one in values)
    except (TypeError, ValueError):
        numbers = ()
    if not numbers or not all(isfinite(n) for n in numbers) or (whole and any(n != int(n) for n in numbers)):
        kind = "whole numbers" if whole else "numbers"
        raise InputError(f"{key} is {_shown(value)}; give {kind}, such as {_EXAMPLES[key]}")
    return numbers


_EXAMPLES = {"size": "224 or 224 × 320", "resize": "256", "channels": "3"}
_EXAMPLES |= {"mean": _listed(IMAGENET_MEAN), "std": _listed(IMAGENET_STD)}


def _one_of(*choices: str) -> Callable[[str, Any, Path | None], str]:
    def read(key: str, value: Any, _: Path | None) -> str:
        word = str(value).strip().lower()
        if word not in choices:
            raise InputError(f"{key} is {_shown(value)}; choose from {', '.join(choices)}")
        return word

    return read


def _word(key: str, value: Any, _: Path | None) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int) or len(str(value)) > 200:
        raise InputError(f"{key} is {_shown(value)}; give a name")
    return str(value).strip()


def _words(key: str, value: Any, _: Path | None) -> tuple[str, ...]:
    values = value.replace(",", " ").split() if isinstance(value, str) else value
    if not isinstance(values, list | tuple) or not all(isinstance(one, str) and one for one in values):
        raise InputError(f'{key} is {_shown(value)}; give beginnings of names, such as ["projector."]')
    return tuple(values)


def _check_together(read: Mapping[str, Any]) -> None:
    counts = {key: len(read[key]) for key in ("mean", "std") if key in read}
    if "channels" in read:
        counts["channels"] = read["channels"]
    if len(set(counts.values())) > 1:
        said = ", ".join(f"{key} {count}" for key, count in counts.items())
        raise InputError(f"one mean and one std for each channel are needed, and there are: {said}")
    if read.get("order") == "bgr" and {*counts.values()} - {3}:
        raise InputError("order bgr is for 3 channels; leave it out")
    if read.get("score") == "softmax" and len(read.get("classes", "  ")) == 1:
        raise InputError('one class has nothing to be compared with by softmax; say score = "sigmoid"')


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


_READERS: dict[str, Callable[[str, Any, Path | None], Any]] = {
    "classes": _classes,
    "size": _size,
    "resize": _resize,
    "mean": _mean,
    "std": _std,
    "interpolation": _one_of(*INTERPOLATIONS),
    "channels": _channels,
    "order": _one_of(*ORDERS),
    "score": _one_of(*SCORES),
    "output": _word,
    "checkpoint": _word,
    "ignore": _words,
    "load": _word,
    "layer": _word,
}
