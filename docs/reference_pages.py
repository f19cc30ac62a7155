"""Pages of reference that are made of what they are about: commands of their parsers, the protocol's keys of the modules that read
them, the API of its OpenAPI schema, Python of its docstrings. Each is a function that returns Markdown.
"""

import argparse
import inspect
import re
from collections.abc import Callable, Iterator
from importlib import import_module
from types import ModuleType
from typing import Any

from django.core.management import get_commands, load_command_class
from django.core.management.base import BaseCommand
from drf_spectacular.generators import SchemaGenerator

APPS = ("studies", "explain", "config")
# Which modules say in their docstrings what they read of a study.toml, in the order of the file.
READERS = {
    "The whole file": "studies.protocol.schema",
    "`[photos]`": "explain.selection.rules",
    "`[consent]`": "studies.protocol.consent",
    "`[requirements]`": "studies.protocol.requirements",
    "`[[questions]]`": "studies.protocol.questions",
    "`[[trial_questions]]`": "studies.protocol.trial_questions",
    "`[trial]`": "studies.trial_types.trial_page",
    "`[recruitment]`": "studies.protocol.recruitment",
    "`[analysis]`, `[looks]`, `[exclusions]`": "studies.protocol.analysis_plan",
}
PYTHON = {
    "explain.cam": ("Network", "explain", "METHODS", "find_method", "known_methods", "register", "Preprocessing", "CamError"),
    "studies.analysis.scores": ("choice_scores", "rating_scores"),
    "studies.analysis.contrasts": ("compare_arms",),
    "blindsight.client": ("Client", "SiteError"),
}  # fmt: skip


def commands() -> str:
    """Every command, with its arguments."""
    names = sorted(name for name, app in get_commands().items() if app in APPS)
    parts = [_command(name) for name in names]
    intro = (
        "Installed, a command is `blindsight NAME`; in a clone, `python manage.py NAME`. Those with `--json` print JSON on stdout and nothing else there. "
        "Django’s own (`migrate`, `createsuperuser`, `changepassword` …) are there as well."
    )
    return "\n\n".join(["# Commands", intro, *parts]) + "\n"


def _command(name: str) -> str:
    command = load_command_class(get_commands()[name], name)
    parser = command.create_parser("blindsight", name)
    own = [action for action in parser._actions if not _is_django(action)]
    shown = _in_lines([f"blindsight {name}", *map(_shown, own)])
    rows = [f"| `{_cell(', '.join(a.option_strings) or _metavar(a))}` | {_cell(_help(a))} |" for a in own]
    table = ["| argument | what it is |\n|---|---|\n" + "\n".join(rows)] if rows else []
    text = inspect.getdoc(inspect.getmodule(type(command))) or ""
    return "\n\n".join([f"## {name}", command.help or text, f"```\n{shown}\n```", *table])


_DJANGOS = {action.dest for action in BaseCommand().create_parser("", "")._actions}


def _is_django(action: argparse.Action) -> bool:
    return action.dest in _DJANGOS


def _metavar(action: argparse.Action) -> str:
    return str(action.metavar or action.dest.upper())


def _in_lines(words: list[str], width: int = 76) -> str:
    """Words one after another, in lines that fit beside the contents of a page."""
    lines = [""]
    for word in words:
        if lines[-1] and len(lines[-1]) + len(word) >= width:
            lines.append("    ")
        lines[-1] += f" {word}" if lines[-1].strip() else word
    return "\n".join(lines)


def _shown(action: argparse.Action) -> str:
    words = action.option_strings[:1]
    if not words or action.nargs != 0:
        words = [*words, _metavar(action) if not action.choices else "|".join(map(str, action.choices))]
    text = " ".join(words)
    return text if action.required else f"[{text}]"


def _help(action: argparse.Action) -> str:
    return str(action.help or "") % {**vars(action), "prog": "blindsight"}


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def protocol_keys() -> str:
    """What may stand in a study.toml, in the words of the modules that read it, and what each trial type adds."""
    parts = [
        "# Keys of a protocol",
        "A study is one file, `study.toml`. What no module names is refused, with the keys that there are. Whole files to begin with are in `docs/protocols/`; "
        "what the pages of the set-up store is the same file.",
    ]
    for title, module in READERS.items():
        parts.append(f"## {title}\n\n" + _as_toml(inspect.getdoc(import_module(module)) or ""))
    parts.append("## Trial types\n\nWhat `task` names, and what each reads besides.")
    from studies.trial_types import trial_types

    for kind in trial_types():
        asked = type(kind.asked).__module__
        texts = [inspect.getdoc(import_module(name)) or "" for name in (asked.rpartition(".")[0], asked)]
        parts.append(
            f"### {kind.name}\n\n" + "\n\n".join(_as_toml(text) for text in dict.fromkeys(texts) if text)
        )
    return "\n\n".join(parts) + "\n"


def _as_toml(text: str) -> str:
    """Lines that are TOML in a block of their own; the rest as it is."""
    lines, inside = [], False
    for line in text.splitlines():
        toml = bool(re.match(r"(\[.*\]|[\w.-]+ += .*|\s{8,}# .*)", line)) or (
            inside and line.startswith("    #")
        )
        if toml != inside and (toml or line.strip()):
            lines.append("```toml" if toml else "```")
            inside = toml
        lines.append(line)
    return "\n".join([*lines, "```"] if inside else lines)


def api() -> str:
    """Every address of the API with what it takes and gives, and the shapes of both."""
    schema = SchemaGenerator().get_schema(request=None, public=True)
    parts = [
        "# API",
        "As a site describes it at `/api/docs/`. Tokens, and a client in Python: [From a program](../programs.md).",
    ]
    for path, methods in schema["paths"].items():
        parts += [_operation(path, method, said) for method, said in methods.items() if "responses" in said]
    parts.append("## Shapes")
    parts += [_shape(name, said) for name, said in sorted(schema["components"]["schemas"].items())]
    return "\n\n".join(parts) + "\n"


def _operation(path: str, method: str, said: dict[str, Any]) -> str:
    lines = [
        f"## {method.upper()} {path}".replace("{", "\\{"),
        said.get("summary", ""),
        said.get("description", ""),
    ]
    if parameters := [one for one in said.get("parameters", []) if one["in"] != "path"]:
        rows = "\n".join(f"| `{p['name']}` | {_cell(p.get('description', ''))} |" for p in parameters)
        lines.append(f"| asked with | |\n|---|---|\n{rows}")
    for kind, body in said.get("requestBody", {}).get("content", {}).items():
        lines.append(f"Sent, as `{kind}`: {_type(body.get('schema', {}))}")
    answers = [
        f"| {code} | {_cell(one.get('description', ''))} | {_types(one)} |"
        for code, one in said["responses"].items()
    ]
    lines.append("| answer | when | what |\n|---|---|---|\n" + "\n".join(answers))
    return "\n\n".join(filter(None, lines))


def _types(answer: dict[str, Any]) -> str:
    return ", ".join(
        dict.fromkeys(_type(one.get("schema", {})) for one in answer.get("content", {}).values())
    )


def _type(said: dict[str, Any]) -> str:
    """A shape in a few words, those with a name as links."""
    if "$ref" in said:
        name = said["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    for word in ("oneOf", "anyOf", "allOf"):
        if word in said:
            return (" and " if word == "allOf" else " or ").join(map(_type, said[word]))
    if said.get("type") == "array":
        return f"list of {_type(said.get('items', {}))}"
    if "enum" in said:
        return " or ".join(f"`{value}`" for value in said["enum"])
    kind = said.get("type", "anything")
    return str(said.get("format") or (" or ".join(kind) if isinstance(kind, list) else kind))


def _shape(name: str, said: dict[str, Any]) -> str:
    needed = set(said.get("required", []))
    rows = [
        f"| `{key}`{'' if key in needed else ' (optional)'} | {_type(one)} | {_cell(one.get('description', ''))} |"
        for key, one in said.get("properties", {}).items()
    ]
    table = "| key | type | |\n|---|---|---|\n" + "\n".join(rows) if rows else _type(said)
    return "\n\n".join(filter(None, [f"### {name}", said.get("description", ""), table]))


def python() -> str:
    """Public names of Python, with their docstrings."""
    parts = ["# Python", "What programs may import. Everything else can change without notice."]
    for name, public in PYTHON.items():
        module = import_module(name)
        parts.append(f"## {name}\n\n{_docstring(module)}")
        parts += [part for one in public for part in _documented(name, one, getattr(module, one))]
    return "\n\n".join(parts) + "\n"


def _documented(module: str, name: str, thing: Any) -> Iterator[str]:
    if not (inspect.isclass(thing) or inspect.isfunction(thing)):
        yield f"### {module}.{name}\n\nA {type(thing).__name__}."
        return
    yield f"### {module}.{name}\n\n```python\n{_signature(name, thing)}\n```\n\n{_docstring(thing)}"
    if inspect.isclass(thing):
        for member, value in vars(thing).items():
            function = value.__func__ if isinstance(value, classmethod | staticmethod) else value
            if inspect.isfunction(function) and not member.startswith("_") and function.__doc__:
                yield f"#### {name}.{member}\n\n```python\n{_signature(member, function)}\n```\n\n{_docstring(function)}"


def _signature(name: str, thing: Callable) -> str:
    """With an argument a line where it is long."""
    try:
        said = inspect.signature(thing)
    except ValueError:  # an exception without a constructor of its own
        return name
    short = f"{name}{said}"
    if len(short) <= 76:
        return short
    arguments, had_star = [], False
    for one in said.parameters.values():
        if one.kind is one.KEYWORD_ONLY and not had_star:
            arguments.append("*")
            had_star = True
        arguments.append(str(one))
    back = (
        ""
        if said.return_annotation is said.empty
        else f" -> {inspect.formatannotation(said.return_annotation)}"
    )
    return f"{name}(\n    " + ",\n    ".join(arguments) + f",\n){back}"


def _docstring(thing: ModuleType | Callable) -> str:
    """A docstring as Markdown: sections as words in bold, names and what they are as lists, examples as code."""
    lines, code = [], False
    for line in _with_lists(inspect.getdoc(thing) or ""):
        is_code = line.startswith("    ")
        if is_code != code and (is_code or line.strip()):
            lines.append("```python" if is_code else "```")
            code = is_code
        lines.append(line.removeprefix("    ") if code else line)
    return "\n".join([*lines, "```"] if code else lines)


def _with_lists(text: str) -> Iterator[str]:
    """Its lines, where those that say what a name is (under “Args:”, or in columns) are items of a list."""
    section = columns = False
    for line in text.splitlines():
        if re.fullmatch(r"(Args|Returns|Raises|Attributes|Yields):", line):
            section = True
            yield from ("", f"**{line[:-1]}**", "")
            continue
        section = section and (not line or line.startswith(" "))
        named = re.match(r" {4}(\*{0,2}[\w, *]+): (.*)" if section else r"(\w[\w, /]*?) {2,}(\S.*)", line)
        if named:
            yield from ([] if columns or section else [""])
            columns = not section
            yield f"- `{named[1]}`: {named[2]}"
        elif section or (columns and line.startswith("      ")):
            yield f"  {line.strip()}" if line.strip() else ""
        else:
            columns = columns and not line
            yield line


PAGES = {
    "reference/commands.md": commands,
    "reference/protocol-keys.md": protocol_keys,
    "reference/api.md": api,
    "reference/python.md": python,
}
