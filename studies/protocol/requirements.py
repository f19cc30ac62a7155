"""What a study needs of a device. `[requirements]` in study.toml, all of it optional:

min_width = 700                   # of the window, in CSS pixels
no_phone = true                   # not answered on a phone
keyboard = true                   # answered by keys

Whoever comes without it reads, before they agree, what is needed and where to open the study instead. That page is a courtesy:
a browser says of itself what it likes, and nobody's answers are refused for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .parser import Reader

REQUIREMENTS = "requirements"


@dataclass(frozen=True)
class Requirements:
    """0 and false where nothing is needed."""

    min_width: int = 0
    no_phone: bool = False
    keyboard: bool = False

    def __bool__(self) -> bool:
        return self != Requirements()


def read_requirements(reader: Reader) -> None:
    """Check what the protocol needs of devices; faults are noted in the reader."""
    table = reader.table(REQUIREMENTS, required=False)
    table.number("min_width", least=320, most=3000, default=None)
    for key in ("no_phone", "keyboard"):
        if not table.flag(key):
            table.taken[key] = None  # as if it were left out: protocols of before say the same


def requirements_of(protocol: Mapping[str, Any]) -> Requirements:
    """What a checked protocol needs of devices."""
    return Requirements(**protocol.get(REQUIREMENTS, {}))
