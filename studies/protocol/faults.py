"""What is wrong with a protocol, as data: which key, what kind of fault, and the values that it is about.

The words are in fault_words.py, one table for the command line and one for the pages. Whoever asks what a fault is or
where it can be mended asks its key and its code, never its words. Imports no Django.
"""

from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

Key = tuple[str | int, ...]  # the way to a value in the file, rows counted from 1: ("arms", 2, "method")


class Code(StrEnum):
    """The kinds of fault. What each one's parameters are can be read from its words."""

    # A value by itself.
    MISSING = "missing"
    WRONG_KIND = "wrong kind"
    NOT_ALLOWED = "not allowed"
    LENGTH = "length"
    NUL = "nul"
    UNKNOWN_KEY = "unknown key"
    NO_PAIR = "no pair"
    NO_SUCH_NAME = "no such name"
    NO_HTTPS = "no https"
    NO_PUBLIC_KEY = "no public key"
    NO_SUCH_PLACE = "no such place"
    LABELS = "labels"
    TOO_MANY = "too many"
    NO_PARAMETER = "no parameter"
    SAID_TWICE = "said twice"
    # Values that do not go together.
    NOT_WITH = "not with another key"
    ONLY_WITH = "only with another key"
    ASKED_TWICE = "asked twice"
    ONE_NETWORK = "one network"
    SOME_TITLES = "some titles"
    ONE_CLASS = "one class"
    FEW_CLASSES = "few classes"
    MOST_CHECKS = "most checks"
    NOT_GROWING = "not growing"
    MORE_THAN_PEOPLE = "more than people"
    MORE_THAN_CHECKS = "more than checks"
    NO_PRACTICE = "no practice"
    NO_RULES = "no rules"
    ONE_PLACE = "one place"
    COMPARED_IN_TRIALS = "compared in trials"
    ONE_ARM = "one arm"
    NO_MULTIPLE = "no multiple"
    SAME_ARM = "same arm"
    SAME_NAME = "same name"
    SIGNS_DIFFER = "signs differ"
    CANNOT_SMOOTH = "cannot smooth"
    ARMS_EXACTLY = "arms exactly"
    ARMS_BETWEEN = "arms between"
    FEW_OPTIONS = "few options"
    NO_SUCH_OPTION = "no such option"
    SAME_QUESTION = "same question"
    ELIGIBLE_AFTER = "eligible after"
    LOOKS = "looks"
    LOOKS_AT_NOTHING = "looks at nothing"
    # The protocol and what is here.
    SLUG_TAKEN = "slug taken"
    NO_SET = "no set"
    NO_SET_NO_LIMIT = "no set, no limit"
    NO_NETWORK = "no network"
    NO_METHOD = "no method"
    NO_SUCH_CLASS = "no such class"
    NOT_SEEN = "not seen"
    NOBODY_TO_ASK = "nobody to ask"
    NO_PHOTO_LEFT = "no photo left"
    NETWORK_KNOWS_NOT = "network knows not"
    NO_BOXES = "no boxes"
    MAPS_MISSING = "maps missing"
    RUN_FIRST = "run first"
    BRING_FIRST = "bring first"
    TOO_FEW_PEOPLE = "too few people"
    # The file, or the study that it would change.
    NO_FILE = "no file"
    UNREADABLE = "unreadable"
    TOO_LARGE = "too large"
    NO_UTF_8 = "no utf-8"
    TOO_DEEP = "too deep"
    LONG_WORD = "long word"
    NO_TOML = "no toml"
    NO_DRAFT = "no draft"
    MADE_ALREADY = "made already"


class Kind(StrEnum):
    """What a value must be: the parameter `kind` of MISSING, WRONG_KIND and NOT_ALLOWED."""

    TEXT = "text"
    NAME = "name"
    DIGITS = "digits"
    METHOD = "method"
    PARAMETERS = "parameters"
    ONE_OF = "one of"
    NUMBER = "number"
    FLAG = "flag"
    SHARE = "share"
    SHARE_OR_ALL = "share or all"
    SHARES = "shares"
    BETWEEN = "between"
    PAIRS = "pairs"
    RANGE = "range"
    NUMBERS = "numbers"
    TEXTS = "texts"
    TEXTS_BY_NAME = "texts by name"
    TABLE = "table"
    TABLES = "tables"


# Not even a draft can hold these: the pages could not show them.
MISSHAPEN = frozenset({Code.WRONG_KIND, Code.NUL, Code.UNKNOWN_KEY, Code.NO_PAIR})


@dataclass(frozen=True)
class Fault:
    """What is wrong with one key of a protocol. The key is empty where the whole file or study is meant."""

    key: Key
    code: Code
    parameters: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @property
    def name(self) -> str:
        """The key as people write it: `arms[2].method`."""
        return name_of(self.key)


def name_of(key: Key) -> str:
    """A key as people write it.

    >>> name_of(("arms", 2, "method"))
    'arms[2].method'
    """
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in key).removeprefix(".")


def without_rows(key: Key) -> Key:
    """A key without the numbers of rows: the same for every arm and every question."""
    return tuple(part for part in key if isinstance(part, str))


def nearest(key: Key, known: Container[Key]) -> Key | None:
    """The key itself if it is known, or else the known one that is closest around it; None where there is none.

    >>> nearest(("arms", 2, "method"), [("arms",), ("arms", "method")])
    ('arms', 'method')
    >>> nearest(("arms", 2, "colour"), [("arms",), ("arms", "method")])
    ('arms',)
    """
    for end in range(len(key), 0, -1):
        for way in (key[:end], without_rows(key[:end])):
            if way in known:
                return way
    return None
