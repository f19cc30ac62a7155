"""Who made the methods that a study compares, as BibTeX; and how the study itself is cited, as CITATION.cff. No Django."""

import json
import re
from collections.abc import Iterable
from pathlib import Path

from explain.cam.names import CONTROL_NAMES

from .facts import About

REFERENCES = Path(__file__).with_name("references.bib")
TYPES = {"inproceedings": "conference-paper", "article": "article", "misc": "generic"}


def bibtex(methods: Iterable[tuple[str, str]]) -> str:
    """An entry for each method that somebody published, in the order of their names.

    Args:
        methods: name and citation, as a study's arms have them. A reading of a method (`NAME/READING`) is cited as the method; one
            that references.bib does not have is cited in the words of its citation.
    """
    return "\n".join(_entries(methods))


def _entries(methods: Iterable[tuple[str, str]]) -> list[str]:
    known = {_key(entry): entry for entry in re.split(r"\n(?=@)", REFERENCES.read_text("utf-8"))}
    cited = {}
    for name, citation in sorted(set(methods)):
        base = name.partition("/")[0]
        if not citation or base in CONTROL_NAMES:
            continue
        if base in known:
            cited[base] = known[base].rstrip() + "\n"
        else:
            cited[name] = (
                f"@misc{{{_plain_key(name)},\n  title = {{{_escaped(name)}}},\n  note = {{{_escaped(citation)}}}\n}}\n"
            )
    return list(cited.values())


def _key(entry: str) -> str:
    return entry.partition("{")[2].partition(",")[0]


def _plain_key(name: str) -> str:
    """A key without the signs that BibTeX reads as its own."""
    return re.sub(r"[^\w+:/.-]", "-", name)


def _escaped(text: str) -> str:
    """Text in which nothing is read as a command."""
    signs = {"\\": r"\textbackslash{}", "{": r"\{", "}": r"\}"}
    return "".join(signs.get(sign, f"\\{sign}" if sign in "#$%&_" else sign) for sign in text)


def citation_cff(about: About, methods: Iterable[tuple[str, str]]) -> str:
    """CITATION.cff 1.2.0 of the study, with the published methods among its references."""
    lines = [
        "cff-version: 1.2.0",
        f"message: {_said('If you use these data, please cite them, and the methods that they compare (methods.bib).')}",
        "type: dataset",
        f"title: {_said(about.title)}",
        f"abstract: {_said(about.description)}",
        "authors:",
        f"  - name: {_said(about.author)}",
        f"date-released: {about.day}",
        f"keywords: {_said(list(about.keywords))}",
    ]
    if about.licence.name:
        lines.append(f"license: {about.licence.name}")
    references = [line for entry in _entries(methods) for line in _reference(entry)]
    return "\n".join([*lines, *(["references:", *references] if references else []), ""])


def _reference(entry: str) -> list[str]:
    """One BibTeX entry as an entry of `references`."""
    fields = {
        name: _unbraced(text) for name, text in re.findall(r"^  (\w+) = \{(.*)\},?$", entry, re.MULTILINE)
    }
    authors = fields["author"].split(" and ") if "author" in fields else [fields["note"]]
    return [
        f"  - type: {TYPES[entry[1:].partition('{')[0]]}",
        f"    title: {_said(fields['title'])}",
        "    authors:",
        *(f"      - name: {_said(_in_reading_order(author))}" for author in authors),
        *([f"    year: {fields['year']}"] if "year" in fields else []),
        *([f"    doi: {fields['doi']}"] if "doi" in fields else []),
    ]


def _in_reading_order(author: str) -> str:
    family, comma, given = author.partition(", ")
    return f"{given} {family}" if comma and ", " not in given else author


def _unbraced(text: str) -> str:
    return re.sub(r"\\(?=[#$%&_])|[{}]", "", text.replace(r"{\c{c}}", "ç").replace(r"\textbackslash{}", "\\"))


def _said(value: str | list[str]) -> str:
    """JSON, which YAML reads as it is."""
    return json.dumps(value, ensure_ascii=False)
