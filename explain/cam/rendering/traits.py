"""What a picture has of its own whatever it shows: a border, writing, a tint, sharpness. What tells an arm without its map.

Two arms whose pictures come from different hands can be known by such things, and then people answer about the hand. Measured on
the pixels that people see; compared photo by photo, so that what a photo has by itself (a black sky, a sign) counts for nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, fields

import numpy as np

BORDER = 0.006
"""Of a side of the picture: a plain strip of at least so much is a border (3 of 448 pixels)."""
LETTERS = 0.004
"""Of the windows that are looked at: where so many look like writing, there is some."""
TINT = 20.0
"""Of 255: a mean that is so far off the other arms' is another tint."""
SHARPER = 1.6
"""Times as sharp as the others."""
MOSTLY = 0.9
"""Of the photos: what holds on so many is a trait of the arm, not of a photo."""

COARSEST = 4
"""Fields a side, of which grain is looked at last."""

_LINES = 8  # that are looked at together
_EVEN = 24  # nine in ten values of a plain line are so near to its colour, after a lossy encoder
_HIGH, _WIDE = 16, 64  # a window that holds some letters
_INK = 80  # so far off its ground
_GROUND = 20


@dataclass(frozen=True)
class Traits:
    """One picture's.

    beside, above    the wider of the plain strips left and right, and above and below, as a share of the side
    letters          share of windows that look like writing
    red, green, blue mean, 0 to 255
    chroma           mean of the difference between the largest and the least of the three
    sharpness        mean difference of neighbours, 0 to 255
    """

    beside: float
    above: float
    letters: float
    red: float
    green: float
    blue: float
    chroma: float
    sharpness: float

    @property
    def border(self) -> float:
        return max(self.beside, self.above)


NAMES = tuple(field.name for field in fields(Traits))


def traits_of(picture: np.ndarray) -> Traits:
    """The traits of a picture (H, W, 3) uint8."""
    values = picture.astype(np.int16)
    red, green, blue = (values[..., channel] for channel in range(3))
    grey = (red + green + blue).astype(np.float32) / 3
    top, bottom, left, right = (_strip(values), _strip(values[::-1]), *_strips_beside(values))
    return Traits(
        beside=max(left, right),
        above=max(top, bottom),
        letters=_letters(grey),
        red=float(red.mean()),
        green=float(green.mean()),
        blue=float(blue.mean()),
        chroma=float(
            (np.maximum(np.maximum(red, green), blue) - np.minimum(np.minimum(red, green), blue)).mean()
        ),
        sharpness=float(np.abs(np.diff(grey, axis=0)).mean() + np.abs(np.diff(grey, axis=1)).mean()) / 2,
    )


def looks_of(pictures: Sequence[np.ndarray], photo: np.ndarray) -> np.ndarray:
    """What of pictures (H, W, 3) uint8 of a photo can be seen beside it without knowing either: (pictures, f) numbers.

    Their traits as far as they are off the photo's, and how much they vary at each size from two pixels to a quarter of a side:
    the grain of their maps. Nothing of where anything lies. One of several maps side by side is larger than its photo: the sizes
    that both have are compared.
    """
    bare = _look(photo)
    looks = [_look(picture) for picture in pictures]
    common = min(map(len, [bare, *looks]))
    return np.stack([look[:common] - bare[:common] for look in looks])


def _look(picture: np.ndarray) -> np.ndarray:
    return np.concatenate([np.array(astuple(traits_of(picture))), _grain(picture)])


def _grain(picture: np.ndarray) -> np.ndarray:
    """Of each channel how much is lost, as the log of its variance, when pixels are averaged over twice the side, and so on."""
    values: np.ndarray = np.ascontiguousarray(picture.transpose(2, 0, 1), np.float32)
    lost = []
    while min(values.shape[1:]) >= 2 * COARSEST:
        height, width = (length // 2 * 2 for length in values.shape[1:])
        values = values[:, :height, :width]
        means = (
            values[:, ::2, ::2] + values[:, 1::2, ::2] + values[:, ::2, 1::2] + values[:, 1::2, 1::2]
        ) / 4
        # Of four values the mean square about their mean is their mean square less the square of the mean.
        gone = _mean_square(values) - _mean_square(means)
        lost.append(np.log(np.maximum(gone, 0) + 1))
        values = means
    return np.concatenate(lost) if lost else np.zeros(0)


def _mean_square(values: np.ndarray) -> np.ndarray:
    """(c,) of (c, h, w)"""
    return np.square(values).mean(axis=(1, 2), dtype=np.float64)


def _strips_beside(values: np.ndarray) -> tuple[float, float]:
    turned = values.transpose(1, 0, 2)
    return _strip(turned), _strip(turned[::-1])


def _strip(values: np.ndarray) -> float:
    """How many of the first lines are of one colour, the first one's, as a share of all."""
    colour = np.median(values[0], axis=0)
    for start in range(
        0, len(values), _LINES
    ):  # most pictures have no border: one look at the first lines says so
        lines = np.abs(values[start : start + _LINES] - colour).max(axis=2)
        off = np.quantile(lines, 0.9, axis=1) > _EVEN
        if off.any():
            return float(start + off.argmax()) / len(values)
    return 1.0


def _letters(grey: np.ndarray) -> float:
    """Share of windows with thin strokes of one tone on a plain ground: rows of letters, and little in nature."""
    height, width = grey.shape
    if height < _HIGH or width < _WIDE:
        return 0.0
    windows = np.lib.stride_tricks.sliding_window_view(grey, (_HIGH, _WIDE))[:: _HIGH // 2, :: _WIDE // 2]
    windows = windows.reshape(-1, _HIGH, _WIDE)
    off = np.abs(windows - np.median(windows, axis=(1, 2), keepdims=True))
    ground, ink = (off <= _GROUND).mean(axis=(1, 2)), off >= _INK
    share = ink.mean(axis=(1, 2))
    strokes = (ink[:, :, 1:] & ~ink[:, :, :-1]).sum(axis=2)  # that begin in a row
    rows = (strokes >= 4).sum(axis=1)
    found = (ground >= 0.5) & (share >= 0.04) & (share <= 0.45) & (rows >= 4)
    return float(found.mean())


def differences(by_arm: Mapping[str, Sequence[Traits]], odd: Sequence[str]) -> list[str]:
    """What tells the arms `odd` from the others by their pictures alone, a sentence each; empty where nothing does.

    Args:
        by_arm: arm -> the traits of its pictures, of the same photos in the same order.
        odd: the arms whose pictures were not drawn here, each of which is held against all others.
    """
    measured = {arm: np.array([astuple(traits) for traits in pictures]) for arm, pictures in by_arm.items()}
    found = []
    for arm in odd:
        others = [values for other, values in measured.items() if other != arm]
        if others and len(measured[arm]):
            found += [f"{arm} {words}" for words in _own(measured[arm], np.stack(others))]
    return found


def _own(own: np.ndarray, others: np.ndarray) -> list[str]:
    """own (photos, traits), others (arms, photos, traits)."""
    column = {name: place for place, name in enumerate(NAMES)}

    def of(name: str) -> tuple[np.ndarray, np.ndarray]:
        return own[:, column[name]], others[:, :, column[name]]

    words = []
    for name, where in (("beside", "left or right"), ("above", "above or below")):
        mine, theirs = of(name)
        if (share := (mine - theirs.max(axis=0) >= BORDER).mean()) >= MOSTLY:
            words.append(
                f"has a plain border {where} on {share:.0%} of the photos ({np.median(mine):.1%} of the side), the others none "
                "there"
            )
        elif (share := (theirs.min(axis=0) - mine >= BORDER).mean()) >= MOSTLY:
            words.append(f"has no border {where}, and the others have one on {share:.0%} of the photos")
    mine, theirs = of("letters")
    if (share := (mine - theirs.max(axis=0) >= LETTERS).mean()) >= 0.5:
        words.append(f"seems to hold writing on {share:.0%} of the photos, the others not")
    tints = [name for name in ("red", "green", "blue", "chroma") if _is_off(*of(name))]
    if tints:
        gaps = ", ".join(f"{name} {np.median(_gap(*of(name))):+.0f}" for name in tints)
        words.append(f"has other colours than the others on nearly every photo (mean of 255: {gaps})")
    mine, theirs = of("sharpness")
    ratio = (mine + 0.1) / (theirs.mean(axis=0) + 0.1)
    for sides, word in ((ratio, "sharper"), (1 / ratio, "softer")):
        if (sides >= SHARPER).mean() >= MOSTLY:
            words.append(f"is {np.median(sides):.1f} times {word} than the others")
    return words


def _gap(mine: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    """How far a picture is off the nearest of the others, with its sign; 0 where it lies among them."""
    low, high = theirs.min(axis=0), theirs.max(axis=0)
    return np.where(mine > high, mine - high, np.where(mine < low, mine - low, 0.0))


def _is_off(mine: np.ndarray, theirs: np.ndarray) -> bool:
    gap = _gap(mine, theirs)
    return bool(max((gap >= TINT).mean(), (gap <= -TINT).mean()) >= MOSTLY)
