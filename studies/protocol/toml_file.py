"""A protocol's file, looked at before it is parsed: how large it is, how deep it goes, and how long its names and numbers are.

The parser takes time that grows with the square of dots, recurses with brackets, and stops with errors of its own at long
numbers. All that is counted first, in one pass that knows strings and comments. Imports no Django.
"""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .faults import Code, Fault, Key
from .parser import ProtocolError

MAX_BYTES = 64 * 1024
DEEPEST = 8  # tables within tables, and brackets within brackets; a protocol needs three
LONGEST_WORD = 400  # characters of a name or a number outside quotes

# Possessive all through, and what is not closed goes to the end: a character is looked at once.
_TOKEN = re.compile(
    r'"""(?:[^\\"]|\\.|"(?!""))*+(?:"{3,5}|\\?\Z)'
    r"|'''(?:[^']|'(?!''))*+(?:'{3,5}|\Z)"
    r'|"(?:[^"\\\n]|\\[^\n])*+(?:"|\\?)'
    r"|'[^'\n]*+'?"
    r"|#[^\n]*+"
    r"|(?P<open>[\[{])|(?P<close>[\]}])|(?P<dot>\.)|(?P<end>[=,\n])"
    r"|(?P<word>[\w+:-]++)",
    re.DOTALL,
)


def read_toml(file: Path) -> dict[str, Any]:
    """The table in a file of this machine. Raises ProtocolError where it cannot be read or is not what a protocol may be."""
    try:
        with file.open("rb") as opened:
            content = opened.read(MAX_BYTES + 1)
    except OSError as error:
        raise ProtocolError(Fault((), Code.UNREADABLE, {"file": str(file), "why": error.strerror})) from error
    except ValueError as error:  # a path with a NUL character
        raise ProtocolError(Fault((), Code.UNREADABLE, {"file": str(file), "why": str(error)})) from error
    return parse_toml(content, name=str(file))


def parse_toml(content: bytes, *, name: str) -> dict[str, Any]:
    """The table in the bytes of a file called `name`.

    Raises ProtocolError, whose lines say what is wrong with the file and what to do.
    """
    if len(content) > MAX_BYTES:
        raise ProtocolError(too_large(name))
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        fault = Fault((), Code.NO_UTF_8, {"file": name, "line": content[: error.start].count(b"\n") + 1})
        raise ProtocolError(fault) from error
    _check_shape(text, name)
    try:
        source = tomllib.loads(text)
    except (
        tomllib.TOMLDecodeError,
        ValueError,
        RecursionError,
    ) as error:  # an impossible date is a ValueError
        raise ProtocolError(Fault((), Code.NO_TOML, {"file": name, "why": _one_line(error)})) from error
    if faults := [Fault(key, Code.NUL) for key in _with_nul(source)]:
        raise ProtocolError(*faults)
    return source


def too_large(name: str) -> Fault:
    return Fault((), Code.TOO_LARGE, {"file": name, "most": MAX_BYTES // 1024})


def _one_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]


def _check_shape(text: str, name: str) -> None:
    """Raise ProtocolError where brackets or dotted names go too deep, or a name or number is too long."""
    depth = dots = 0
    for token in _TOKEN.finditer(text):
        kind = token.lastgroup
        if kind == "open":
            depth += 1
        elif kind == "close":
            depth -= 1
        if kind in ("open", "close", "end"):
            dots = 0
        elif kind == "dot":
            dots += 1
        length = len(token[0]) if kind == "word" else 0
        if max(depth, dots + 1) > DEEPEST or length > LONGEST_WORD:
            code = Code.LONG_WORD if length > LONGEST_WORD else Code.TOO_DEEP
            most = LONGEST_WORD if code is Code.LONG_WORD else DEEPEST
            line = text.count("\n", 0, token.start()) + 1
            raise ProtocolError(Fault((), code, {"file": name, "line": line, "most": most}))


def _with_nul(value: Any, key: Key = ()) -> Iterator[Key]:
    """The keys of texts with a NUL character, which no database of ours takes; a name that has one without it."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if "\0" in name:
                yield (*key, name.replace("\0", ""))
            else:
                yield from _with_nul(inner, (*key, name))
    elif isinstance(value, list):
        for number, inner in enumerate(value, start=1):
            yield from _with_nul(inner, (*key, number))
    elif isinstance(value, str) and "\0" in value:
        yield key
