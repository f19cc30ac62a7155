"""The document as a file: HTML, Markdown or JSON, by the ending of its name."""

import json
from collections.abc import Callable

from django.template.loader import render_to_string

from .document import Preregistration
from .forms import FORMS


def written(document: Preregistration, ending: str) -> str:
    """The document as the text of a file. `ending`: one of FORMATS."""
    return FORMATS[ending](document)


def _html(document: Preregistration) -> str:
    return render_to_string("studies/preregistration/document.html", _context(document))


def _markdown(document: Preregistration) -> str:
    lines = [f"# {_plain(document.title)} (preregistration)", "", _made(document), ""]
    for form in FORMS:
        lines += [f"## {form.name}", ""]
        for section, questions in document.sections(form):
            lines += [f"### {section}", ""] if section else []
            for answered in questions:
                lines += [f"**{answered.heading}**", ""]
                lines += [part for said in answered.said for part in (_plain(said), "")]
                lines += [part for said in answered.to_fill_in for part in (f"> {_plain(said)}", "")]
    # A fence longer than any that the protocol's own texts could have.
    fence = "`" * (1 + max((len(run) for run in _runs(document.protocol)), default=2))
    return "\n".join([*lines, "## Protocol", "", f"{fence}toml", document.protocol.rstrip(), fence, ""])


def _runs(text: str) -> list[str]:
    """Every run of backticks, at least three long."""
    runs, run = ["``"], ""
    for letter in f"{text} ":
        if letter == "`":
            run += letter
        elif run:
            runs.append(run)
            run = ""
    return runs


def _plain(sentence: str) -> str:
    """A sentence in which nothing is read as a mark of Markdown or HTML."""
    escaped = sentence.replace("&", "&amp;").replace("<", "&lt;")
    return "".join(f"\\{letter}" if letter in "\\`*_[]#|~" else letter for letter in escaped)


def _json(document: Preregistration) -> str:
    return json.dumps(document.as_json(), indent=2, ensure_ascii=False) + "\n"


def _made(document: Preregistration) -> str:
    return f"Written from the protocol `{document.study}` on {document.made_at:%-d %B %Y, %H:%M} UTC by Blindsight {document.code_version}."


def _context(document: Preregistration) -> dict[str, object]:
    forms = [(form, document.sections(form)) for form in FORMS]
    return {"document": document, "forms": forms}


FORMATS: dict[str, Callable[[Preregistration], str]] = {"html": _html, "md": _markdown, "json": _json}
