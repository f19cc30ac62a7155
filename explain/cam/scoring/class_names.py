"""What the class scores are of, and what of a network people would not expect."""

from collections.abc import Iterator, Sequence

from ..errors import CamError
from .output import Scored


def checked_names(spec: str, names: Sequence[str] | None, count: int, returned: Scored) -> list[str]:
    """One name for each of `count` class scores: numbers where nothing names them. One name of a single score is its upper side.

    Raises CamError for another number of names.
    """
    if names is None:
        return [str(index) for index in range(count)]
    if returned.is_single and len(names) == 1:
        return [f"not {names[0]}", names[0]]
    if len(names) != count:
        raise CamError(f"{spec} gives {count} class scores, but {len(names)} class names; give one name each")
    return list(names)


def notes_on(names: Sequence[str], returned: Scored, *, is_named: bool) -> Iterator[str]:
    """Sentences for people."""
    if returned.is_single:
        below, above = names
        yield f"It gives one score: above 0 it says {above}, below {below}."
    elif not is_named:
        yield f"Nothing names its {len(names)} classes: they are called 0 to {len(names) - 1}."
    if returned.ends_in:
        yield f"Its last step is {returned.ends_in}, so what is explained are probabilities and not class scores."
