"""Whether a method can have the parameters that are given. No torch here."""

from ..errors import InputError, nearest
from .known import SIGNS, Known
from .spec import MethodSpec, Value

SIGN = "sign"


def check_parameters(spec: MethodSpec, known: Known) -> None:
    """Raise InputError for a parameter that the method does not have, or a value of another kind than its default."""
    for key, value in spec.parameters.items():
        if key == SIGN:
            _check_sign(spec, known)
        elif known.parameters is not None:
            if key not in known.parameters:
                names = ", ".join(known.parameters) or "none"
                raise InputError(f"{known.name} has no parameter {key!r}; it has: {names}")
            check_value(known.name, key, value, known.parameters[key])


def check_value(name: str, key: str, value: object, default: Value) -> None:
    """Raise InputError where a parameter's value is of another kind than its default."""
    if isinstance(default, float) and type(value) is int:
        return
    if type(value) is not type(default):
        kind = {bool: "true or false", int: "a whole number", float: "a number"}.get(type(default), "a word")
        raise InputError(f"{name}: {key} is {value!r}; it must be {kind}, such as {default!r}")


def _check_sign(spec: MethodSpec, known: Known) -> None:
    sign = spec.parameters[SIGN]
    if not known.signed:
        raise InputError(
            f"{known.name} has no parameter 'sign': its maps are positive by definition; leave it out"
        )
    if sign not in SIGNS:
        hint = nearest(str(sign), SIGNS) or ";"
        raise InputError(f"{known.name}: sign is {sign!r}{hint} choose from {', '.join(SIGNS)}")
