"""Reads a protocol from a TOML table, key by key: every fault is noted with its key and what is allowed."""

import re
from collections.abc import Sequence
from math import isfinite
from typing import Any

from explain.cam.errors import InputError
from explain.cam.names import MethodSpec
from explain.core.errors import BadInputError

from .fault_words import on_command_line
from .faults import MISSHAPEN, Code, Fault, Key, Kind, name_of

_REQUIRED = object()
NAME = re.compile(r"[A-Za-z0-9_-]{1,100}")
NONCE = re.compile(r"[0-9a-f]{64}")


class ProtocolError(BadInputError):
    """A protocol that cannot be used. Each line names the key, what is wrong with it, and what is allowed.

    `faults` say the same as data, line by line. `misshapen` are those of them that say that something is not of the
    kind that is read there: not even a draft can hold it.
    """

    def __init__(self, *faults: Fault) -> None:
        super().__init__(*map(on_command_line, faults))
        self.faults = list(faults)

    @property
    def misshapen(self) -> list[Fault]:
        return [fault for fault in self.faults if fault.code in MISSHAPEN]


class Reader:
    """Takes keys out of a TOML table and notes every fault, so that all are reported at once."""

    def __init__(self, values: dict[str, Any], path: Key = (), faults: list[Fault] | None = None):
        self.values, self.path = values, path
        self.faults: list[Fault] = [] if faults is None else faults
        self.taken: dict[str, Any] = {}
        self.inner: list[Reader] = []

    def fault(self, code: Code, *key: str, **parameters: Any) -> None:
        """Note a fault of a key of this table; with several names, of a key in a table below it."""
        self.faults.append(Fault((*self.path, *key), code, parameters))

    def _take(self, key: str, default: Any, kind: type, allowed: dict[str, Any]) -> Any:
        """The value of a key if it is of the kind; else its default, with a fault where that is due."""
        value = self.taken[key] = self.values.get(key, default)
        if value is _REQUIRED:
            self.fault(Code.MISSING, key, **allowed)
        elif value is not default and (
            not isinstance(value, kind) or isinstance(value, bool) != (kind is bool)
        ):
            self.fault(Code.WRONG_KIND, key, value=value, **allowed)
        elif "\0" in str(value):
            self.fault(Code.NUL, key)
        else:
            return value
        return kind() if default in (_REQUIRED, None) else default

    def text(self, key: str, *, longest: int, default: Any = _REQUIRED, empty: bool = False) -> str:
        """`empty`: whether it may be left empty, which then says something."""
        value = self._take(key, default, str, {"kind": Kind.TEXT})
        is_set = isinstance(self.values.get(key), str) and value != default
        if is_set and not (0 if empty else 1) <= len(value.strip()) <= longest:
            self.fault(Code.LENGTH, key, length=len(value.strip()), most=longest)
        self.taken[key] = value.replace("\r\n", "\n").strip()
        return self.taken[key]

    def slug(self, key: str) -> str:
        value = self._take(key, _REQUIRED, str, {"kind": Kind.NAME})
        if isinstance(self.values.get(key), str) and not NAME.fullmatch(value):
            self.fault(Code.NOT_ALLOWED, key, value=value, kind=Kind.NAME)
        return value

    def method(self, key: str, parameters: str) -> str:
        """A method with its parameters as one word; those of the table `parameters` go before those of the word."""
        allowed = {"kind": Kind.METHOD}
        value = self._take(key, _REQUIRED, str, allowed)
        table = self._take(
            parameters, {}, dict, {"kind": Kind.TABLE, "name": name_of((*self.path, parameters))}
        )
        if not isinstance(self.values.get(key), str):
            return value
        try:
            spec = MethodSpec.of(value)
        except InputError:
            self.fault(Code.NOT_ALLOWED, key, value=value, **allowed)
            return value
        odd = next(
            (name for name, entry in table.items() if not isinstance(entry, bool | int | float | str)), None
        )
        spec = MethodSpec(spec.name, {**spec.parameters, **table})
        if odd is not None or spec.fault():
            self.fault(Code.WRONG_KIND, parameters, value=table, kind=Kind.PARAMETERS)
            return value
        return str(spec)

    def digits(self, key: str, pattern: re.Pattern[str]) -> str:
        """Hexadecimal digits, all of the pattern; empty where nothing is said."""
        value = self._take(key, "", str, {"kind": Kind.DIGITS})
        if isinstance(self.values.get(key), str) and not pattern.fullmatch(value):
            self.fault(Code.NOT_ALLOWED, key, value=value, kind=Kind.DIGITS)
        return value

    def one_of(self, key: str, choices: Sequence[Any], default: Any = _REQUIRED) -> Any:
        allowed = {"kind": Kind.ONE_OF, "choices": tuple(choices)}
        value = self._take(key, default, type(choices[0]), allowed)
        if value not in choices and type(self.values.get(key)) is type(choices[0]):
            self.fault(Code.NOT_ALLOWED, key, value=value, **allowed)
        return value

    def number(self, key: str, *, least: int, most: int = 10**9, default: Any = _REQUIRED) -> Any:
        allowed = {"kind": Kind.NUMBER, "least": least, "most": most}
        value = self._take(key, default, int, allowed)
        if type(self.values.get(key)) is int and value is not default and not least <= value <= most:
            self.fault(Code.NOT_ALLOWED, key, value=value, **allowed)
        return value

    def flag(self, key: str, default: bool = False) -> bool:
        return self._take(key, default, bool, {"kind": Kind.FLAG})

    def share(self, key: str, *, whole: bool = False) -> float | None:
        """A number between 0 and 1, or None; 1 itself only if `whole`."""
        allowed = {"kind": Kind.SHARE_OR_ALL if whole else Kind.SHARE}
        value = self._take(key, None, int if type(self.values.get(key)) is int else float, allowed)
        if type(self.values.get(key)) in (int, float) and not (0 < value < 1 or (whole and value == 1)):
            code = Code.NOT_ALLOWED if isfinite(value) else Code.WRONG_KIND
            self.fault(code, key, value=value, **allowed)
        self.taken[key] = float(value) if value else None
        return self.taken[key]

    def between(self, key: str, low: float, high: float) -> float | None:
        """A number above `low` and below `high`, or None."""
        allowed = {"kind": Kind.BETWEEN, "low": low, "high": high}
        value = self._take(key, None, int if type(self.values.get(key)) is int else float, allowed)
        is_set = type(self.values.get(key)) in (int, float)
        if is_set and not low < value < high:
            code = Code.NOT_ALLOWED if isfinite(value) else Code.WRONG_KIND
            self.fault(code, key, value=value, **allowed)
        self.taken[key] = float(value) if is_set else None
        return self.taken[key]

    def shares(self, key: str) -> list[float]:
        """Numbers above 0 up to 1, at least one."""
        allowed = {"kind": Kind.SHARES}
        values = self._take(key, _REQUIRED, list, allowed)
        if not all(type(value) in (int, float) and 0 < value <= 1 for value in values):
            self.fault(Code.WRONG_KIND, key, value=values, **allowed)
            return []
        return values

    def pairs(self, key: str, names: Sequence[str]) -> list[list[str]]:
        """Pairs of two different names out of those there are."""
        pairs = self._take(key, [], list, {"kind": Kind.PAIRS})
        for pair in pairs:
            if not (isinstance(pair, list) and len(pair) == 2 and len(set(map(str, pair))) == 2):
                self.fault(Code.NO_PAIR, key, value=pair)
            elif unknown := [name for name in pair if name not in names]:
                self.fault(Code.NO_SUCH_NAME, key, value=unknown[0], known=tuple(names))
        return pairs

    def range(self, key: str) -> list[int]:
        values = self._take(key, [], list, {"kind": Kind.RANGE})
        if values and not (len(values) == 2 and all(type(value) is int for value in values)):
            self.fault(Code.WRONG_KIND, key, value=values, kind=Kind.RANGE)
        return values

    def numbers(self, key: str, *, least: int, most: int) -> list[int]:
        allowed = {"kind": Kind.NUMBERS, "least": least, "most": most}
        values = self._take(key, [], list, allowed)
        if not all(type(value) is int and least <= value <= most for value in values):
            self.fault(Code.WRONG_KIND, key, value=values, **allowed)
            return []
        return values

    def texts(self, key: str) -> list[str]:
        values = self._take(key, [], list, {"kind": Kind.TEXTS})
        if not all(isinstance(value, str) and value.strip() for value in values):
            self.fault(Code.WRONG_KIND, key, value=values, kind=Kind.TEXTS)
            return []
        return values

    def texts_by_name(self, key: str, *, longest: int) -> dict[str, str]:
        """A table whose keys are names that no schema knows, each with a text."""
        allowed = {"kind": Kind.TEXTS_BY_NAME}
        values = self._take(key, {}, dict, allowed)
        if not all(isinstance(value, str) and value.strip() for value in values.values()):
            self.fault(Code.WRONG_KIND, key, value=values, **allowed)
            return {}
        for name, value in values.items():
            if "\0" in name + value:
                self.fault(Code.NUL, key)
            if len(value.strip()) > longest:
                self.fault(Code.LENGTH, key, name, length=len(value.strip()), most=longest)
        return {name: value.strip() for name, value in values.items()}

    def table(self, key: str, required: bool = True) -> "Reader":
        before = len(self.faults)
        allowed = {"kind": Kind.TABLE, "name": name_of((*self.path, key))}
        values = self._take(key, _REQUIRED if required else {}, dict, allowed)
        if len(self.faults) == before:
            self.taken[key] = self._enter(values, key)
            return self.taken[key]
        return Reader({}, faults=[])  # one fault says enough

    def tables(self, key: str, required: bool = True) -> list["Reader"]:
        allowed = {"kind": Kind.TABLES, "name": name_of((*self.path, key))}
        values = self._take(key, _REQUIRED if required else [], list, allowed)
        if not all(isinstance(value, dict) for value in values):
            self.fault(Code.WRONG_KIND, key, value=values, **allowed)
            return []
        self.taken[key] = [self._enter(value, key, number) for number, value in enumerate(values, start=1)]
        return self.taken[key]

    def _enter(self, values: dict[str, Any], *way: str | int) -> "Reader":
        inner = Reader(values, (*self.path, *way), self.faults)
        self.inner.append(inner)
        return inner

    def finish(self) -> None:
        """Report unknown keys too, and raise if there was any fault."""
        self._note_unknown()
        if self.faults:
            raise ProtocolError(*self.faults)

    def _note_unknown(self) -> None:
        for key in sorted(set(self.values) - set(self.taken)):
            self.fault(Code.UNKNOWN_KEY, key, known=tuple(sorted(self.taken)))
        for inner in self.inner:
            inner._note_unknown()

    def completed(self) -> dict[str, Any]:
        """All values that were read, defaults too, in the shape of the file; those that are empty are left out."""
        complete = {}
        for key, value in self.taken.items():
            if isinstance(value, Reader):
                value = value.completed()
            elif isinstance(value, list):
                value = [entry.completed() if isinstance(entry, Reader) else entry for entry in value]
            if value is not None and value not in ("", [], {}):
                complete[key] = value
        return complete
