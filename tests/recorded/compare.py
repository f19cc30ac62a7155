"""What differs between two records, in words."""

import math
from collections.abc import Iterator
from typing import Any

CLOSE = 1e-9  # sums of fractions may differ in their last digits between processors
LONGEST = 160  # characters of a value in a message


def differences(before: Any, now: Any, where: str = "") -> Iterator[str]:
    """One line for each value that is not as recorded: where it stands, what it was and what it is."""
    if isinstance(before, dict) and isinstance(now, dict):
        yield from _of_keys(before, now, where)
    elif isinstance(before, list) and isinstance(now, list):
        yield from _of_entries(before, now, where)
    elif not _same(before, now):
        yield f"{where}: was {_short(before)}, is {_short(now)}"


def _of_entries(before: list[Any], now: list[Any], where: str) -> Iterator[str]:
    texts = all(isinstance(each, str) for each in (*before, *now))
    if len(before) == len(now) and not (texts and set(before) != set(now)):
        for place, (one, other) in enumerate(zip(before, now, strict=True)):
            yield from differences(one, other, f"{where} [{place}]")
        return
    gone, new = [each for each in before if each not in now], [each for each in now if each not in before]
    yield f"{where}: had {len(before)} entries, has {len(now)}; gone: {_short(gone)}; new: {_short(new)}"


def _of_keys(before: dict[str, Any], now: dict[str, Any], where: str) -> Iterator[str]:
    inner = f"{where} › " if where else ""
    for key in before:
        if key not in now:
            yield f"{inner}{key}: is gone (was {_short(before[key])})"
    for key in now:
        if key not in before:
            yield f"{inner}{key}: is new ({_short(now[key])})"
    common = [key for key in before if key in now]
    if common != [key for key in now if key in before]:
        yield f"{where}: the same names in another order"
    for key in common:
        yield from differences(before[key], now[key], f"{inner}{key}")


def _same(before: Any, now: Any) -> bool:
    numbers = all(isinstance(each, int | float) and not isinstance(each, bool) for each in (before, now))
    if numbers and isinstance(before, float) and isinstance(now, float):
        return math.isclose(before, now, rel_tol=CLOSE, abs_tol=CLOSE)
    return type(before) is type(now) and before == now


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
