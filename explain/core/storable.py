"""What a database of ours takes: texts that came out of a file may hold a NUL or half a character, which PostgreSQL refuses."""

import re
from typing import Any

UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
IN_ITS_PLACE = "\ufffd"


def storable(value: Any) -> Any:
    """The same value (a text, or what JSON holds, keys included), each character that no database takes replaced by U+FFFD."""
    if isinstance(value, str):
        return UNSTORABLE.sub(IN_ITS_PLACE, value)
    if isinstance(value, dict):
        return {storable(key): storable(held) for key, held in value.items()}
    if isinstance(value, list | tuple):
        return [storable(held) for held in value]
    return value
