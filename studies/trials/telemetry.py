"""What is stored of how an answer came about: the one list of it. Whatever else a browser sends is dropped.

The same list makes the columns of how-answered.csv and its codebook, and the table of docs/privacy.md.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from studies.trial_types import SHOWN_VALUES

A_DAY = 24 * 3600 * 1000  # milliseconds; a page that was open for longer says nothing of how somebody looked
MOST = 10_000  # clicks


@dataclass(frozen=True)
class Kept:
    """One thing that is stored: its name, which values are kept (others are dropped), and what it means."""

    name: str
    is_sound: Callable[[Any], bool]
    type: str
    meaning: str


def _whole(least: int, most: int) -> Callable[[Any], bool]:
    return lambda value: type(value) is int and least <= value <= most


def _number(value: Any) -> bool:
    return type(value) in (int, float) and 0 < value <= 20


def _times(value: Any) -> bool:
    return type(value) in (int, float) and 0 <= value <= A_DAY


def _window(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(map(_whole(1, 100_000), value))


TELEMETRY = (
    Kept("first_value", _whole(SHOWN_VALUES[0], SHOWN_VALUES[-1]), "integer", "Which answer was picked first, as `shown` counts them."),
    Kept("first_ms", _whole(0, A_DAY), "integer", "Milliseconds until it was picked."),
    Kept("changes", _whole(0, MOST), "integer", "How often another was picked before the answer was confirmed."),
    Kept("hidden_ms", _whole(0, A_DAY), "integer", "Milliseconds for which the page was out of sight."),
    Kept("viewport", _window, "integers", "Width and height of the window in CSS pixels."),
    Kept("pixel_ratio", _number, "number", "Pixels of the screen for one CSS pixel."),
    Kept("translated", lambda value: value is True, "true or false", "TRUE: the browser had translated the page into another language."),
    Kept("view", ("maps", "photo").__contains__, "text", "What was shown at the end: maps, or the photo over them."),
    Kept("view_changes", _whole(0, MOST), "integer", "How often the photo was laid over the maps or taken away."),
    Kept("photo_ms", _whole(0, A_DAY), "integer", "Milliseconds for which the photo lay over the maps."),
    Kept("opacity", _whole(0, 100), "integer", "How strong the maps were at the end, in percent."),
    Kept("opacity_changes", _whole(0, MOST), "integer", "How often that was changed."),
    Kept("confidence_ms", _whole(0, A_DAY), "integer", "Milliseconds from the answer until it was said how sure it is."),
    Kept("shown_ms", _times, "number", "Milliseconds for which the maps were shown, by the frames of the screen; of several looks the last."),
    Kept("frame_ms", _times, "number", "How long a frame of the screen lasted meanwhile, the median."),
    Kept("looks", _whole(0, MOST), "integer", "How often the maps were shown, as the server counts it; more than 1: again, or the page was loaded anew."),
    Kept("cut_short", lambda value: value is True, "true or false", "TRUE: the page went out of sight while the maps were shown, which ended that."),
    Kept("not_seen", lambda value: value is True, "true or false", "TRUE: the maps had been shown before this page was loaded, and were not shown on it."),
    Kept("zooms", _whole(0, MOST), "integer", "How often the pictures were enlarged."),
    Kept("zoom_ms", _whole(0, A_DAY), "integer", "Milliseconds for which they were enlarged."),
    Kept("zoom_most", _whole(100, 10_000), "integer", "How large they were at most, in percent."),
    Kept("magnifier", _whole(0, MOST), "integer", "How often the magnifier was held."),
    Kept("magnifier_ms", _whole(0, A_DAY), "integer", "Milliseconds for which it was held."),
)  # fmt: skip


def kept_of(sent: Any) -> dict[str, Any]:
    """What of that which a browser sent is stored: what stands in the list, where it is what it should be."""
    if not isinstance(sent, Mapping):
        return {}
    return {
        entry.name: sent[entry.name]
        for entry in TELEMETRY
        if entry.name in sent and _sound(entry, sent[entry.name])
    }


def _sound(entry: Kept, value: Any) -> bool:
    try:
        return bool(entry.is_sound(value))
    except TypeError:  # a list, where texts are looked up
        return False
