"""Methods in one Python file (METHODS_FILE), as calls of `register`. Their names are read off the file's text: a web host
knows them without running the file, which may import torch; workers and commands run it when a method of it is asked for.
"""

import ast
import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import InputError
from .known import Known
from .spec import MethodSpec


@dataclass(frozen=True)
class MethodsFile:
    path: Path
    sha256: str
    known: dict[str, Known] = field(default_factory=dict)

    @property
    def is_as_read(self) -> bool:
        """Whether the file still holds the text that its names were read off."""
        return self.path.is_file() and hashlib.sha256(self.path.read_bytes()).hexdigest() == self.sha256


_chosen: list[MethodsFile] = []


def use_methods_file(path: str | Path | None) -> None:
    """Take the methods of a file from now on; None or an empty path takes none. Raises InputError."""
    _chosen[:] = [read_methods_file(Path(path))] if path else []


def chosen_file() -> MethodsFile | None:
    return _chosen[0] if _chosen else None


def known_by_file() -> dict[str, Known]:
    return _chosen[0].known if _chosen else {}


def read_methods_file(path: Path) -> MethodsFile:
    """The methods that a file registers, without running it. Raises InputError where it cannot be read."""
    try:
        content = path.read_bytes()
        tree = ast.parse(content)
    except OSError as error:
        raise InputError(
            f"METHODS_FILE {path}: cannot be read ({error.strerror}); give the path of a Python file"
        ) from error
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        raise InputError(
            f"METHODS_FILE {path}: is no valid Python{f' in line {line}' if line else ''}; mend it there"
        ) from error
    known: dict[str, Known] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _is_register(node.func):
            entry = _read_call(path, node)
            if entry.name in known:
                raise InputError(
                    f"METHODS_FILE {path}: line {node.lineno} registers {entry.name!r} again; give each a name of its own"
                )
            known[entry.name] = entry
    if not known:
        raise InputError(
            f'METHODS_FILE {path}: registers no method; write register("name", function, "citation") in it'
        )
    return MethodsFile(path, hashlib.sha256(content).hexdigest(), known)


def _is_register(function: ast.expr) -> bool:
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    return name == "register"


def _read_call(path: Path, call: ast.Call) -> Known:
    keywords = {word.arg: word.value for word in call.keywords}
    name = _text(call.args[0] if call.args else keywords.get("name"))
    citation = _text(call.args[2] if len(call.args) > 2 else keywords.get("citation"))
    if not name or not citation:
        raise InputError(
            f"METHODS_FILE {path}: line {call.lineno} registers a method whose name or citation is not written out; "
            'write register("name", function, "citation") with both in quotes, so that pages can list it'
        )
    if fault := MethodSpec(name).fault():
        raise InputError(f"METHODS_FILE {path}: line {call.lineno}: {name!r} {fault}")
    return Known(name, citation, f"{citation}. From {path.name}.", parameters=None, signed=True)


def _text(node: ast.expr | None) -> str:
    return node.value.strip() if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
