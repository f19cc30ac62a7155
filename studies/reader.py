"""Takes a protocol out of a TOML table, key by key: every fault is noted with its key and what is allowed."""

import re
from collections.abc import Sequence
from math import isfinite
from typing import Any

from explain.errors import BadInputError

_REQUIRED = object()


class ProtocolError(BadInputError):
    """A protocol that cannot be used. Each line names the key, what is wrong with it, and what is allowed.

    `misshapen` are those lines that say that something is not of the kind that is read there: not even a draft can hold it.
    """

    def __init__(self, *lines: str, misshapen: Sequence[str] = ()) -> None:
        super().__init__(*lines)
        self.misshapen = list(misshapen)


class Reader:
    """Takes keys out of a TOML table and notes every fault, so that all are reported at once."""

    def __init__(
        self,
        values: dict[str, Any],
        path: str = "",
        faults: list[str] | None = None,
        misshapen: list[str] | None = None,
    ):
        self.values, self.path = values, path
        self.faults: list[str] = [] if faults is None else faults
        self.misshapen: list[str] = [] if misshapen is None else misshapen
        self.taken: dict[str, Any] = {}
        self.inner: list[Reader] = []

    def fault(self, key: str, what: str) -> None:
        self.faults.append(f"{self.path}{key}: {what}.")

    def misfit(self, key: str, what: str) -> None:
        """A fault of something that is of another kind than what is read there."""
        self.fault(key, what)
        self.misshapen.append(self.faults[-1])

    def _take(self, key: str, default: Any, kind: type, allowed: str) -> Any:
        """The value of a key if it is of the kind; else its default, with a fault where that is due."""
        value = self.taken[key] = self.values.get(key, default)
        if value is _REQUIRED:
            self.fault(key, f"is missing; it must be {allowed}")
        elif value is not default and (
            not isinstance(value, kind) or isinstance(value, bool) != (kind is bool)
        ):
            self.misfit(key, f"is {value!r}; it must be {allowed}")
        elif "\0" in str(value):
            self.misfit(key, "has a NUL character; take it out")
        else:
            return value
        return kind() if default in (_REQUIRED, None) else default

    def text(self, key: str, *, longest: int, default: Any = _REQUIRED) -> str:
        value = self._take(key, default, str, "a text")
        given = isinstance(self.values.get(key), str) and value != default
        if given and not 0 < len(value.strip()) <= longest:
            self.fault(key, f"has {len(value.strip())} characters; it must have 1 to {longest}")
        self.taken[key] = value.replace("\r\n", "\n").strip()
        return self.taken[key]

    def slug(self, key: str) -> str:
        allowed = "letters a-z, digits, - and _, 100 at most"
        value = self._take(key, _REQUIRED, str, allowed)
        if isinstance(self.values.get(key), str) and not re.fullmatch(r"[A-Za-z0-9_-]{1,100}", value):
            self.fault(key, f"is {value!r}; it must be {allowed}")
        return value

    def one_of(self, key: str, choices: Sequence[Any], default: Any = _REQUIRED) -> Any:
        allowed = " or ".join(repr(choice) for choice in choices)
        value = self._take(key, default, type(choices[0]), allowed)
        if value not in choices and isinstance(self.values.get(key), type(choices[0])):
            self.fault(key, f"is {value!r}; it must be {allowed}")
        return value

    def number(self, key: str, *, least: int, most: int = 10**9, default: Any = _REQUIRED) -> Any:
        allowed = f"a whole number from {least} to {most}"
        value = self._take(key, default, int, allowed)
        if type(self.values.get(key)) is int and value is not default and not least <= value <= most:
            self.fault(key, f"is {value}; it must be {allowed}")
        return value

    def flag(self, key: str, default: bool = False) -> bool:
        return self._take(key, default, bool, "true or false")

    def share(self, key: str, *, whole: bool = False) -> float | None:
        """A number between 0 and 1, or None; 1 itself only if `whole`."""
        allowed = "a number above 0, at most 1" if whole else "a number between 0 and 1"
        value = self._take(key, None, int if type(self.values.get(key)) is int else float, allowed)
        if type(self.values.get(key)) in (int, float) and not (0 < value < 1 or (whole and value == 1)):
            (self.fault if isfinite(value) else self.misfit)(key, f"is {value}; it must be {allowed}")
        self.taken[key] = float(value) if value else None
        return self.taken[key]

    def shares(self, key: str) -> list[float]:
        """Numbers above 0 up to 1, at least one."""
        allowed = "a list of numbers above 0 up to 1"
        values = self._take(key, _REQUIRED, list, allowed)
        if not all(type(value) in (int, float) and 0 < value <= 1 for value in values):
            self.misfit(key, f"is {values!r}; it must be {allowed}")
            return []
        return values

    def pairs(self, key: str, names: Sequence[str]) -> list[list[str]]:
        """Pairs of two different names out of those there are."""
        found = self._take(key, [], list, "a list of pairs")
        for pair in found:
            if not (isinstance(pair, list) and len(pair) == 2 and len(set(map(str, pair))) == 2):
                self.misfit(key, f"has {pair!r}; each entry must be two different names")
            elif unknown := [name for name in pair if name not in names]:
                self.fault(key, f"names {unknown[0]!r}; there is {', '.join(names)}")
        return found

    def range(self, key: str) -> list[int]:
        values = self._take(key, [], list, "two whole numbers, the least and the most")
        if values and not (len(values) == 2 and all(type(value) is int for value in values)):
            self.misfit(key, f"is {values!r}; it must be two whole numbers, the least and the most")
        return values

    def texts(self, key: str) -> list[str]:
        values = self._take(key, [], list, "a list of texts")
        if not all(isinstance(value, str) and value.strip() for value in values):
            self.misfit(key, f"is {values!r}; it must be a list of texts")
            return []
        return values

    def table(self, key: str, required: bool = True) -> "Reader":
        before = len(self.faults)
        values = self._take(key, _REQUIRED if required else {}, dict, f"a table [{self.path}{key}]")
        if len(self.faults) == before:
            self.taken[key] = self._enter(values, f"{key}.")
            return self.taken[key]
        return Reader({}, faults=[])  # one fault says enough

    def tables(self, key: str, required: bool = True) -> list["Reader"]:
        values = self._take(key, _REQUIRED if required else [], list, f"tables [[{key}]]")
        if not all(isinstance(value, dict) for value in values):
            self.misfit(key, f"is {values!r}; it must be tables [[{key}]]")
            return []
        self.taken[key] = [
            self._enter(value, f"{key}[{number}].") for number, value in enumerate(values, start=1)
        ]
        return self.taken[key]

    def _enter(self, values: dict[str, Any], path: str) -> "Reader":
        inner = Reader(values, self.path + path, self.faults, self.misshapen)
        self.inner.append(inner)
        return inner

    def finish(self) -> None:
        """Report unknown keys too, and raise if there was any fault."""
        self._note_unknown()
        if self.faults:
            raise ProtocolError(*self.faults, misshapen=self.misshapen)

    def _note_unknown(self) -> None:
        for key in sorted(set(self.values) - set(self.taken)):
            self.misfit(key, f"is unknown; known keys are {', '.join(sorted(self.taken))}")
        for inner in self.inner:
            inner._note_unknown()

    def completed(self) -> dict[str, Any]:
        """All that was taken, defaults too, in the shape of the file. What is empty is left out: it asks nothing."""
        found = {}
        for key, value in self.taken.items():
            if isinstance(value, Reader):
                value = value.completed()
            elif isinstance(value, list):
                value = [one.completed() if isinstance(one, Reader) else one for one in value]
            if value is not None and value not in ("", [], {}):
                found[key] = value
        return found
