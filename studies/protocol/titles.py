"""What volunteers read for a class: its title in the study's language, where the protocol has one.

A class keeps its name everywhere else: in the photos' set, in results and in files. Titles are part of the wording
(`[wording.titles.de]`), so they are frozen, hashed and versioned with it. One protocol may hold those of several languages.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from studies.core import languages

from .parser import Reader

TITLES = "titles"
LONGEST = 200


class HasWording(Protocol):
    @property
    def wording(self) -> Any: ...
    @property
    def language(self) -> Any: ...


def read_titles(wording: Reader) -> dict[str, dict[str, str]]:
    """The titles of a protocol's `[wording]`, by language and class; only languages that have some."""
    tables = wording.table(TITLES, required=False)
    titles = {code: tables.texts_by_name(code, longest=LONGEST) for code in languages.codes()}
    return {code: by_class for code, by_class in titles.items() if by_class}


def class_title(study: HasWording, class_name: str) -> str:
    """What volunteers of a study read for a class; its name where the study's language has no title for it."""
    return titles_in(study.wording, study.language).get(class_name, class_name)


def titles_in(wording: Mapping[str, Any], language: str) -> dict[str, str]:
    return wording.get(TITLES, {}).get(language, {})


def untitled_classes(wording: Mapping[str, Any], language: str, classes: Iterable[str]) -> list[str]:
    """The classes whose English names volunteers of another language would read. Names in other letters are not English."""
    if language == languages.DEFAULT:
        return []
    titles = titles_in(wording, language)
    return sorted(name for name in set(classes) - set(titles) if name.isascii())


def untitled_remark(wording: Mapping[str, Any], language: str, classes: Iterable[str]) -> list[str]:
    """The same as a remark for whoever sets a study up; none where every class has a title."""
    names = untitled_classes(wording, language, classes)
    if not names:
        return []
    listed = ", ".join(names[:5]) + (" and others" if len(names) > 5 else "")
    return [
        f"Volunteers read {languages.name_of(language)}, and {len(names)} "
        f"{'class has' if len(names) == 1 else 'classes have'} no title in it, so they will read the class’s name: {listed}. "
        f"Give titles in the step Wording, or in the protocol under [wording.titles.{language}]."
    ]


def to_lines(titles: Mapping[str, str]) -> str:
    """Titles as people type them: `hammer = Hammer`, one class to a line."""
    return "\n".join(f"{name} = {title}" for name, title in titles.items())


def from_lines(text: str) -> dict[str, str]:
    """Titles that were typed so.

    Raises:
        ValueError: a line that is no `class = title`, quoted in the message.
    """
    titles = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        name, equals, title = (part.strip() for part in line.partition("="))
        if not (name and equals and title):
            raise ValueError(f"“{line}”: write a class, an equals sign and its title, as in: hammer = Hammer")
        titles[name] = title
    return titles


def with_titles(wording: dict[str, Any], language: str, titles: Mapping[str, str]) -> dict[str, Any]:
    """A wording with other titles of one language; those of other languages stay."""
    others = {code: by_class for code, by_class in wording.get(TITLES, {}).items() if code != language}
    kept = {**others, language: dict(titles)} if titles else others
    rest = {key: text for key, text in wording.items() if key != TITLES}
    return rest | {TITLES: kept} if kept else rest
