"""What is known of a method without running it. No torch here."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from .spec import Value

SIGNS = ("positive", "absolute", "as-is")
"""What of a signed map is shown: values above zero; sizes without their signs; or all, from the lowest to the highest."""


@dataclass(frozen=True)
class Known:
    """A method by name.

    citation    who made it: a reference for a report
    words       a line for whoever chooses
    parameters  with their defaults; None: only running it tells
    signed      its maps have values below zero, and a sign rule says what of them is shown. Our own are positive by definition
    """

    name: str
    citation: str
    words: str = ""
    parameters: Mapping[str, Value] | None = field(default_factory=dict)
    signed: bool = False
