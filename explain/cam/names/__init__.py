"""The methods that there are here, by name, for those who only need to name one: nothing is run, and torch is not imported.

Our own, those that read a transformer's attention among them; Captum's where it is installed; those of installed packages (entry points in the group `blindsight.methods`);
those of METHODS_FILE; and those that this process registered.
"""

from collections.abc import Iterable

from ..errors import InputError, UnknownNameError, nearest
from .attention import ATTENTION
from .captum import CAPTUM, PREFIX, captum_version
from .entry_points import GROUP, entry_points_here, known_by_entry_point, package_of
from .known import SIGNS, Known
from .methods_file import chosen_file, known_by_file, use_methods_file
from .own import CONTROL_NAMES, OWN, OWN_NAMES
from .parameters import check_parameters
from .spec import LONGEST, NOTHING, MethodSpec, Value, base_name

__all__ = [
    "ATTENTION",
    "CAPTUM",
    "CONTROL_NAMES",
    "GROUP",
    "LONGEST",
    "NOTHING",
    "OWN",
    "OWN_NAMES",
    "PREFIX",
    "REGISTERED",
    "SIGNS",
    "Known",
    "MethodSpec",
    "Value",
    "base_name",
    "canonical",
    "captum_version",
    "check_methods",
    "check_parameters",
    "chosen_file",
    "entry_points_here",
    "fault_of_method",
    "known_methods",
    "package_of",
    "use_methods_file",
]

_CONTROLS = {name: OWN[name] for name in CONTROL_NAMES}
REGISTERED: dict[str, Known] = {}
"""What `register` was called for in this process."""


def known_methods() -> dict[str, Known]:
    """Every method that can be asked for here, by name. A name of ours is always ours."""
    captum = CAPTUM if captum_version() else {}
    ours = {name: known for name, known in OWN.items() if name not in CONTROL_NAMES}
    brought = {**known_by_entry_point(), **known_by_file(), **REGISTERED}
    return {
        **ours,
        **{name: known for name, known in brought.items() if name not in OWN},
        **ATTENTION,
        **captum,
        **_CONTROLS,
    }


def check_methods(methods: Iterable[str]) -> None:
    """Raise UnknownNameError or InputError for the first that is not here, or has a parameter that it cannot have."""
    known = known_methods()
    for text in methods:
        spec = MethodSpec.of(text)
        if spec.name not in known:
            raise UnknownNameError(unknown_method(spec.name, known))
        check_parameters(spec, known[spec.name])


def canonical(methods: Iterable[str]) -> list[str]:
    """The words of methods as rows have them: parameters in the order of their names. Raises as check_methods does."""
    methods = list(methods)
    check_methods(methods)
    return list(dict.fromkeys(str(MethodSpec.of(text)) for text in methods))


def fault_of_method(text: str) -> str:
    """What is wrong with a method by its word, as one sentence; empty where it can be asked for here."""
    try:
        check_methods([text])
    except UnknownNameError:
        return _not_here(base_name(text), known_methods())
    except InputError as error:
        return str(error)
    return ""


def _not_here(name: str, known: Iterable[str]) -> str:
    if needs := _needs_captum(name):
        return needs
    hint = nearest(name, known).removeprefix("; ")
    return (
        f"method {name} is not here; install the package that brings it, name its file in METHODS_FILE, "
        f"or choose another{f' ({hint})' if hint else ''}"
    )


def unknown_method(name: str, known: Iterable[str]) -> str:
    """That a method is not here, and what to do."""
    if needs := _needs_captum(name):
        return needs
    names = list(known)
    hint = nearest(name, names).removeprefix("; ")
    return (
        f"unknown method {name}; choose from {', '.join(names)}{f' ({hint})' if hint else ''}; "
        "one of a package or file comes back when the package is installed, or METHODS_FILE names the file"
    )


def _needs_captum(name: str) -> str:
    if name not in CAPTUM or captum_version():
        return ""
    return (
        f"method {name} needs Captum, which is not installed here; pip install -r requirements-captum.txt, or blindsight[captum] "
        "(on a web host add --no-deps: it needs the name alone)"
    )
