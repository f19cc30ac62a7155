"""Faults in words: one table for the command line, one for the pages, from shared words where both say the same.

Words are templates of a fault's parameters, or functions of them. Changing them changes nothing but what people read.
Pages leave commands out: whoever reads them has buttons. Imports no Django.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from string import Formatter
from typing import Any

from .faults import Code, Fault, Kind

Words = str | Callable[[Mapping[str, Any]], str]

KINDS: dict[Kind, str] = {
    Kind.TEXT: "a text",
    Kind.NAME: "letters a-z, digits, - and _, 100 at most",
    Kind.DIGITS: "64 digits of 0-9 and a-f, or left out",
    Kind.METHOD: "the name of a method, such as 'grad-cam'",
    Kind.PARAMETERS: "a table of numbers, words, true or false by the names of the method's parameters",
    Kind.ONE_OF: "{choices!o}",
    Kind.NUMBER: "a whole number from {least} to {most}",
    Kind.FLAG: "true or false",
    Kind.SHARE: "a number between 0 and 1",
    Kind.SHARE_OR_ALL: "a number above 0, at most 1",
    Kind.BETWEEN: "a number above {low:g} and below {high:g}",
    Kind.SHARES: "a list of numbers above 0 up to 1",
    Kind.PAIRS: "a list of pairs",
    Kind.RANGE: "two whole numbers, the least and the most",
    Kind.NUMBERS: "a list of whole numbers from {least} to {most}",
    Kind.TEXTS: "a list of texts",
    Kind.TEXTS_BY_NAME: "a table of texts by the name of a class",
    Kind.TABLE: "a table [{name}]",
    Kind.TABLES: "tables [[{name}]]",
}

# Said of the key: `design.seed: is 7.` on the command line, “This is 7.” at its field.
OF_THE_KEY: dict[Code, str] = {
    Code.MISSING: "is missing; it must be {allowed}",
    Code.WRONG_KIND: "is {value!r}; it must be {allowed}",
    Code.NOT_ALLOWED: "is {value!r}; it must be {allowed}",
    Code.LENGTH: "has {length} characters; it must have 1 to {most}",
    Code.NUL: "has a NUL character; take it out",
    Code.UNKNOWN_KEY: "is unknown; known keys are {known!c}",
    Code.NO_PAIR: "has {value!r}; each entry must be two different names",
    Code.NO_SUCH_NAME: "names {value!r}; there is {known!c}",
    Code.NO_HTTPS: "is {value!r}; it must begin with https://",
    Code.NO_PUBLIC_KEY: "holds no public RSA keys of 2,048 bits or more; put in what "
    "https://api.prolific.com/.well-known/study/jwks.json shows",
    Code.NO_SUCH_PLACE: "has a place {{{place}}} that nothing is put in for",
    Code.TOO_MANY: "has {count} entries; it must be {most} at most",
    Code.NO_PARAMETER: "names {value!r}; a parameter of a link has letters A-Z and a-z, digits, - and _, and is not called code",
    Code.SAID_TWICE: "is said twice, here and as {other}; leave one of them out",
    Code.LABELS: "has {count} entries; it must be {wanted}, from left to right",
    Code.NOT_WITH: "does not go with {other}; leave one of them out",
    Code.ONLY_WITH: "means nothing without {other}; set that too, or leave this out",
    Code.ASKED_TWICE: "asks how sure people are, which the answers say already ({words!c}); leave one of them out",
    Code.ONE_NETWORK: "names {networks!c}; a {task} study shows what one network says, so all arms that name a network must name the same",
    Code.SOME_TITLES: "has no title for {missing}, which the network says of some photo; give a title for every class that it says, or for "
    "none: else people would know its mistakes by the language",
    Code.ONE_CLASS: "has {arm}, whose maps are of one class each; a {task} study shows maps of several classes of the network: take arms "
    "that name a network and a method",
    Code.FEW_CLASSES: "is {wanted}; {network} knows {known} classes, so ask for no more than that",
    Code.MOST_CHECKS: "is more than half of trials_per_participant; ask for fewer",
    Code.NOT_GROWING: "is {value!r}; these numbers of answers for a photo must rise, and stay below responses_per_item ({each})",
    Code.MORE_THAN_PEOPLE: "is {value}, more than the {people} people planned; nobody is asked twice",
    Code.MORE_THAN_CHECKS: "is {value}, but design.attention_checks is {checks}",
    Code.NO_PRACTICE: "is true, but design.practice is not",
    Code.NO_RULES: "is {value!r}, but no rule leaves anybody out; give one, as exclusions.median_ms, or leave this out",
    Code.ONE_PLACE: "is {value}, but trials of a {task} study show one map, so everybody keeps to its place; leave it out",
    Code.COMPARED_IN_TRIALS: "is {value!r}, but trials of a {task} study compare arms side by side, so nobody meets one without the others; "
    "leave it out, or take a task whose trials show one map ({tasks!c})",
    Code.ONE_ARM: "is {value!r}, but there is one arm; give another, or leave this out",
    Code.NO_MULTIPLE: "is {value}; with design.comparison = {comparison!r} each photo needs equally many answers about each of the {arms} "
    "arms, so it must be a multiple of {arms}",
    Code.SAME_ARM: "has the same {keys!a} twice; each arm must be another {keys!p}",
    Code.SAME_NAME: "is the same for two arms; give each a name of its own",
    Code.SIGNS_DIFFER: "shows signed maps by more than one rule ({signs!c}); name one for all arms in design.sign",
    Code.CANNOT_SMOOTH: "is set, and {arms!c} shows finished pictures, which have no cells to average; leave it out, or bring maps",
    Code.ARMS_EXACTLY: "has {count} entries; a {task} study compares exactly {wanted!n}",
    Code.ARMS_BETWEEN: "has {count} entries; a {task} study compares {least} to {most}",
    Code.NO_SUCH_OPTION: "has {value!r}, which is not one of the options",
    Code.SAME_QUESTION: "is the same for two questions; give each a key of its own",
    Code.ELIGIBLE_AFTER: "is set, but the question is asked after the photos, when nobody is sent away any more; leave it out",
    Code.LOOKS: "is {value!r}; {why}",
}

# Whole sentences that both say.
SENTENCES: dict[Code, Words] = {
    Code.NO_METHOD: "{why}.",
    Code.MAPS_MISSING: "{missing} of {photos} {maps} are missing.",
    Code.TOO_FEW_PEOPLE: "this study needs at least {fewest} people, as one gives at most {trials} answers and an item "
    "needs {answers} people; ask more people, or raise design.trials_per_participant",
    Code.NO_FILE: "Choose a file: a study.toml.",
    Code.UNREADABLE: "{file}: cannot be read ({why}); give the path of a study.toml.",
    Code.TOO_LARGE: "{file}: is over {most} KiB, too large for a protocol; choose a study.toml, or shorten its texts.",
    Code.NO_UTF_8: "{file}: line {line} is not in UTF-8; save the file as UTF-8.",
    Code.TOO_DEEP: "{file}: line {line} goes deeper than {most} tables or brackets; a protocol needs three. Take them apart.",
    Code.LONG_WORD: "{file}: line {line} has a name or number of more than {most} characters; shorten it, or put a text in quotes.",
    Code.NO_TOML: "{file}: is no valid TOML ({why}); correct it there.",
    Code.NO_DRAFT: "{study}: is {state}, so its set-up cannot change now.",
    Code.MADE_ALREADY: "{study}: is {state} already.",
}


def knows_not(network: str, classes: Iterable[str]) -> str:
    """That a network does not know some classes, the first five of them by name."""
    names = sorted(classes)
    others = " and others" if len(names) > 5 else ""
    return f"{network} knows no class {', '.join(map(repr, names[:5]))}{others}"


def _boxes_missing(parameters: Mapping[str, Any]) -> str:
    wanted, boxed = parameters["wanted"], parameters["boxed"]
    have = "1 of the photos has" if boxed == 1 else f"{boxed or 'none'} of the photos have"
    return f"{wanted} are asked for, and {have} a box around the object. Upload photos with boxes, or ask for fewer."


ON_COMMAND_LINE: dict[Code, Words] = {
    **{code: f"{words}." for code, words in OF_THE_KEY.items()},
    **SENTENCES,
    Code.FEW_OPTIONS: "must be a list of two texts or more.",
    Code.LOOKS_AT_NOTHING: "needs [analysis] contrasts: a look judges contrasts that were declared.",
    Code.SLUG_TAKEN: "a study {slug!r} exists already; choose another slug.",
    Code.NO_SET: "{set!r} is no set of photos here (there is: {known!c}); bring it in: "
    "manage.py import_images PATH --set {set}",
    Code.NO_SET_NO_LIMIT: "{set!r} is no set of photos here, and without photos.limit nobody knows how many there will be; "
    "bring it in (manage.py import_images PATH --set {set}) or set a limit.",
    Code.NO_NETWORK: "{network!r} is no network here (there is: {known!c}); add it: "
    "manage.py add_network {network} --load …",
    Code.NO_SUCH_CLASS: "no photo is labelled {classes!q}.",
    Code.NOT_SEEN: "{network} has not looked at all photos of {set}; first run: {command}",
    Code.NOBODY_TO_ASK: "asks what networks say of the photos, and no arm names a network; take it out, or list the photos' "
    "classes with photos.classes.",
    Code.NO_PHOTO_LEFT: "no photo is left; ask for less, or bring in more photos.",
    Code.NETWORK_KNOWS_NOT: lambda parameters: (
        f"{knows_not(**parameters)}; leave such photos out with photos.classes."
    ),
    Code.NO_BOXES: "{wanted} are needed, and {boxed} of the photos have a box around their object. Bring the photos in with "
    "boxes (manage.py import_images … --boxes FILE), or set attention_checks = 0.",
    Code.RUN_FIRST: "First run: {command}",
    Code.BRING_FIRST: "Bring them in first: {command}",
}

ON_PAGE: dict[Code, Words] = {
    **{code: f"This {words}." for code, words in OF_THE_KEY.items()},
    **SENTENCES,
    Code.FEW_OPTIONS: "Must be a list of two texts or more.",
    Code.LOOKS_AT_NOTHING: "Needs [analysis] contrasts: a look judges contrasts that were declared.",
    Code.SLUG_TAKEN: "A study “{slug}” exists already; choose another name.",
    Code.NO_SET: "{set!r} is no set of photos here (there is: {known!c}).",
    Code.NO_SET_NO_LIMIT: "{set!r} is no set of photos here, and without photos.limit nobody knows how many there will be; "
    "bring it in or set a limit.",
    Code.NO_NETWORK: "{network!r} is no network here (there is: {known!c}).",
    Code.NO_SUCH_CLASS: "No photo is labelled {classes!q}.",
    Code.NOT_SEEN: "The network {network} has not looked at all photos of {set} yet; it does when the maps are made.",
    Code.NOBODY_TO_ASK: "Asks what networks say of the photos, and no arm names a network: choose photos by their class instead.",
    Code.NO_PHOTO_LEFT: "No photo is left; ask for less, or bring in more photos.",
    Code.NETWORK_KNOWS_NOT: lambda parameters: (
        f"The network {knows_not(**parameters)}. Choose another, or name the classes that it knows in the step Photos."
    ),
    Code.NO_BOXES: _boxes_missing,
    Code.RUN_FIRST: "Compute the maps: the last step has a button for it.",
    Code.BRING_FIRST: "They are not made here: somebody has to bring them in first.",
}


class _Format(Formatter):
    """Lists and small numbers as people write them: {known!c}, {classes!q}, {choices!o}, {keys!a}, {wanted!n}.

    {keys!p} is what an arm is by its keys: a pair of two, or one.
    """

    def convert_field(self, value: Any, conversion: Any) -> Any:
        if conversion == "c":
            return ", ".join(map(str, value)) or "none yet"
        if conversion == "q":
            return ", ".join(map(repr, value))
        if conversion == "o":
            return " or ".join(map(repr, value))
        if conversion == "a":
            return " and ".join(value)
        if conversion == "p":
            return "pair" if len(value) == 2 else "one"
        if conversion == "n":
            return {1: "one", 2: "two", 3: "three"}.get(value, value)
        return super().convert_field(value, conversion)


_format = _Format().format


def in_words(fault: Fault, table: Mapping[Code, Words]) -> str:
    """What a table says of a fault, without its key."""
    words, parameters = table[fault.code], dict(fault.parameters)
    if callable(words):
        return words(parameters)
    if "kind" in parameters:
        parameters["allowed"] = _format(KINDS[parameters["kind"]], **parameters)
    return _format(words, **parameters)


def _with_key(fault: Fault, text: str) -> str:
    return f"{fault.name}: {text}" if fault.key else text


def on_command_line(fault: Fault) -> str:
    """A line for the command line: the key, what is wrong with it, and what is allowed."""
    return _with_key(fault, in_words(fault, ON_COMMAND_LINE))


def on_page(fault: Fault) -> str:
    """A sentence to read at the field of the key."""
    return in_words(fault, ON_PAGE)


def on_page_with_key(fault: Fault) -> str:
    """The same where the page has no field for the key: the sentence names it."""
    return _with_key(fault, on_page(fault))


@dataclass(frozen=True)
class FaultOnPage:
    """A fault for a template: the key as people write it, and the sentence."""

    key: str
    text: str

    @classmethod
    def of(cls, fault: Fault) -> "FaultOnPage":
        return cls(fault.name, on_page(fault))
