"""register and find_methods: methods of one's own, of packages, of a file and of Captum beside ours."""

import runpy
from collections.abc import Callable, Sequence
from functools import partial
from importlib.metadata import EntryPoint
from typing import Any

from . import methods as _ours  # noqa: F401  fills METHODS with our own
from . import names
from .attention import attention_method
from .brought import as_method, captum_method
from .brought.functions import origin_of
from .errors import CamError, InputError, UnknownNameError
from .method import METHODS, Method


def register(name: str, function: Callable[..., Any] | None = None, citation: str = "") -> Any:
    """Make a method of one's own known in this process, under `name`.

    function  function(case) -> (B, h, w); attribute(inputs, target=…) -> (B, C, H, W) or (B, H, W), or a class that is made
              of the network and has it; or explain_func(model, inputs, targets). The map covers all that the network sees.
              Left out: register(name, citation=…) is a decorator
    citation  who made it, for reports

    Returns the function. Raises InputError for a name that is taken, or a function of another form.

        register("my-cam", lambda case: (case.gradient * case.features).sum(1), "Doe, 2026")
    """
    if function is None:
        return partial(_register, name, citation=citation)
    return _register(name, function, citation=citation)


def _register(name: str, function: Callable[..., Any], *, citation: str) -> Callable[..., Any]:
    if name in names.OWN or name in names.ATTENTION or name.startswith(names.PREFIX):
        raise InputError(f"method {name!r} is one of ours; register yours under another name")
    known = names.Known(name, citation, f"{citation}. Registered in this process.", None, signed=True)
    origin = _reading[-1] if _reading else {}
    METHODS[name] = as_method(known, function, origin)
    if not origin:
        names.REGISTERED[name] = known
    return function


def find_methods(asked: Sequence[str]) -> list[Method]:
    """The methods by their words. Raises UnknownNameError with the names that there are, or InputError."""
    return [find_method(text) for text in asked]


def find_method(text: str) -> Method:
    """A method by its word: its name, or its name with parameters, `captum:Occlusion:window=16`."""
    spec = names.MethodSpec.of(text)
    if spec.name not in METHODS:
        METHODS[spec.name] = _brought(spec.name)
    return METHODS[spec.name].with_parameters(text, spec.parameters)


def _brought(name: str) -> Method:
    """A method that this process has not met so far."""
    known = names.known_methods()
    if name not in known:
        raise UnknownNameError(names.unknown_method(name, known))
    if name in names.ATTENTION:
        return attention_method(name)
    if name in names.CAPTUM:
        return captum_method(names.CAPTUM[name])
    file = names.chosen_file()
    if file and name in file.known:
        _run_file(file)
        return METHODS[name]
    return _of_package(known[name], names.entry_points_here()[name])


def _of_package(known: names.Known, point: EntryPoint) -> Method:
    try:
        function = point.load()
    except Exception as problem:  # it is somebody else's package, so it may fail in any way
        raise InputError(
            f"method {known.name}: {point.value} of {known.citation} cannot be imported "
            f"({type(problem).__name__}: {problem}); install the package again, or what it needs"
        ) from problem
    citation = getattr(function, "citation", "") or known.citation
    known = names.Known(known.name, str(citation), known.words, None, signed=True)
    return as_method(known, function, names.package_of(point) | origin_of(function))


_reading: list[dict[str, str]] = []  # of a file that is being run: the origin of what it registers


def _run_file(file: Any) -> None:
    """Run METHODS_FILE, and see that it registers what it says. Raises InputError."""
    if not file.is_as_read:
        raise InputError(
            f"METHODS_FILE {file.path}: is another file than when this process started; start it anew, so that maps name their text"
        )
    before = set(METHODS)
    _reading.append({"file": file.path.name, "file_sha256": file.sha256})
    try:
        runpy.run_path(str(file.path), run_name="blindsight_methods")
    except CamError:
        raise
    except Exception as problem:  # it is somebody else's code, so it may fail in any way
        raise InputError(
            f"METHODS_FILE {file.path}: failed with {type(problem).__name__}: {problem}; mend it there"
        ) from problem
    finally:
        _reading.pop()
    registered = set(METHODS) - before
    if registered - set(file.known) or set(file.known) - set(METHODS):
        odd = sorted((registered - set(file.known)) | (set(file.known) - set(METHODS)))[0]
        raise InputError(
            f"METHODS_FILE {file.path}: {odd!r} is registered by other means than a plain call, or not at all; "
            'write register("name", function, "citation") at the top of the file, so that pages can list it'
        )
