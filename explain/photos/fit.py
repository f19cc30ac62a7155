"""Photos that people would not see as they are meant: named before they are used. Works on plain numbers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from explain.cam.rendering import render

from .boxes import Box

SMALLEST = 100
"""Pixels of the short edge: what is smaller is blown up to a blur."""
LONGEST = 2
"""Long edge to short edge: of what is longer people see less than half."""
SEEN = 0.5
"""A box is seen if this share of it lies in the frame,"""
FILLING = 0.25
"""or if it fills this share of the frame."""
SHOWN = 5
"""As many photos of each kind are named."""

OUTSIDE, SMALL, LONG = "outside", "small", "long"
_WORDS = {
    OUTSIDE: (
        "has its box outside the square that people see",
        "have their boxes outside the square that people see",
        "crop {} around the object, or leave {} out",
    ),
    SMALL: (
        f"is under {SMALLEST} pixels high or wide, and will be a blur",
        f"are under {SMALLEST} pixels high or wide, and will be a blur",
        "take {} from a larger original, or leave {} out",
    ),
    LONG: (
        f"is longer than {LONGEST} to 1: people see its middle square only",
        f"are longer than {LONGEST} to 1: people see their middle squares only",
        "crop {} around the object, or leave {} out",
    ),
}


def misfits_of(width: int, height: int, boxes: Sequence[Box]) -> list[str]:
    """What is wrong with a photo of that size: OUTSIDE, SMALL and LONG, as far as they hold.

    >>> misfits_of(1600, 600, [[60, 120, 360, 420]])
    ['outside', 'long']
    """
    holds = {
        OUTSIDE: bool(boxes) and not any(_is_seen(box, render.frame_box(width, height)) for box in boxes),
        SMALL: min(width, height) < SMALLEST,
        LONG: max(width, height) > LONGEST * min(width, height),
    }
    return [misfit for misfit, held in holds.items() if held]


def _is_seen(box: Sequence[float], frame: render.Box) -> bool:
    width = min(box[2], frame[2]) - max(box[0], frame[0])
    height = min(box[3], frame[3]) - max(box[1], frame[1])
    seen = max(width, 0) * max(height, 0)
    area = (box[2] - box[0]) * (box[3] - box[1])
    return seen >= SEEN * area or seen >= FILLING * (frame[2] - frame[0]) * (frame[3] - frame[1])


@dataclass
class Misfits:
    """Photos with something wrong, counted as they come; only the first few of each kind are kept by name."""

    counts: dict[str, int] = field(default_factory=dict)
    names: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def among(cls, photos: Iterable[tuple[str, int, int, Sequence[Box]]]) -> "Misfits":
        """Of photos as (name, width, height, boxes)."""
        misfits = cls()
        for name, width, height, boxes in photos:
            misfits.add(name, width, height, boxes)
        return misfits

    def add(self, name: str, width: int, height: int, boxes: Sequence[Box]) -> None:
        for misfit in misfits_of(width, height, boxes):
            self.counts[misfit] = self.counts.get(misfit, 0) + 1
            if self.counts[misfit] <= SHOWN:
                self.names.setdefault(misfit, []).append(name)

    def in_words(self) -> list[str]:
        """A sentence for each kind: how many, which, and what to do."""
        return [self._sentence(misfit) for misfit in _WORDS if misfit in self.counts]

    def _sentence(self, misfit: str) -> str:
        count, (of_one, of_more, remedy) = self.counts[misfit], _WORDS[misfit]
        names = f"{', '.join(self.names[misfit])}{' …' if count > SHOWN else ''}"
        if count == 1:
            return f"{names} {of_one}; {remedy.format('it', 'it')}."
        return f"{count:,} photos {of_more}: {names}; {remedy.format('them', 'them')}."


@dataclass
class FirstOfMore:
    """Files that hold more than one picture, of which the first is taken."""

    names: dict[str, list[str]] = field(default_factory=dict)

    def add(self, name: str, first_of: str) -> None:
        """`first_of`: what the file holds more of, or nothing."""
        if first_of:
            self.names.setdefault(first_of, []).append(name)

    def in_words(self) -> list[str]:
        return [
            f"Of {', '.join(names[:SHOWN])}{' …' if len(names) > SHOWN else ''} the first of several {what} is taken."
            for what, names in self.names.items()
        ]
