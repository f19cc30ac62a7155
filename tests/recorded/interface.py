"""What this code offers by name: addresses, commands and their options, Celery tasks, tables, migrations. Needs Django set up."""

import argparse
from collections.abc import Iterator
from typing import Any

from celery import current_app
from django.apps import apps
from django.conf import settings
from django.core.management import get_commands, load_command_class
from django.core.management.base import BaseCommand
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.urls import URLPattern, URLResolver, get_resolver

OURS = ("config", "explain", "studies")


def interface() -> dict[str, Any]:
    return {
        "addresses": addresses(),
        "commands": commands(),
        "tasks": tasks(),
        "tables": tables(),
        "migrations": migrations(),
    }


def addresses() -> dict[str, str | list[str]]:
    """Name of an address, with its name space -> its pattern, or its patterns in the order in which they are tried."""
    found: dict[str, list[str]] = {}
    for name, pattern in _patterns(get_resolver().url_patterns):
        found.setdefault(name, []).append(pattern)
    return {name: each[0] if len(each) == 1 else each for name, each in sorted(found.items())}


def _patterns(entries: list[Any], before: str = "", space: str = "") -> Iterator[tuple[str, str]]:
    for entry in entries:
        path = before + str(entry.pattern)
        if isinstance(entry, URLResolver):
            inner = f"{space}{entry.namespace}:" if entry.namespace else space
            yield from _patterns(entry.url_patterns, path, inner)
        elif isinstance(entry, URLPattern):
            yield f"{space}{entry.name or ''}", path


def commands() -> dict[str, dict[str, str]]:
    """Command -> its arguments -> what each takes."""
    names = sorted(name for name, app in get_commands().items() if app in OURS)
    everywhere = {action.dest for action in BaseCommand().create_parser("manage.py", "any")._actions}
    return {
        name: {
            " ".join(action.option_strings) or action.dest: _argument(action)
            for action in load_command_class(get_commands()[name], name)
            .create_parser("manage.py", name)
            ._actions
            if action.dest not in everywhere
        }
        for name in names
    }


def _argument(action: argparse.Action) -> str:
    if action.nargs == 0:
        return f"{action.dest}, a flag"
    facts = {
        "number": action.nargs,
        "one of": " ".join(map(str, action.choices)) if action.choices is not None else None,
        "by default": action.default,
        "shown as": action.metavar,
    }
    said = [f"{name} {value}" for name, value in facts.items() if value not in (None, "")]
    return ", ".join([action.dest, "required" if action.required else "optional", *said])


def tasks() -> list[str]:
    current_app.loader.import_default_modules()
    return sorted(name for name in current_app.tasks if not name.startswith("celery."))


def tables() -> dict[str, Any]:
    """Table -> its model, its columns with their types, its constraints and indexes by name."""
    found: dict[str, Any] = {}
    with connection.cursor() as cursor:
        for model in apps.get_models(include_auto_created=True):
            if model._meta.app_label not in OURS:
                continue
            name = model._meta.db_table
            columns = connection.introspection.get_table_description(cursor, name)
            constraints = connection.introspection.get_constraints(cursor, name)
            found[name] = {
                "model": model._meta.label,
                "columns": {column.name: _column(column) for column in columns},
                "constraints": {
                    key: _constraint(each)
                    for key, each in sorted(constraints.items())
                    if not key.startswith(("__", "fk_"))
                },
            }
    return dict(sorted(found.items()))


def _column(column: Any) -> str:
    return f"{column.type_code}{', or null' if column.null_ok else ''}"


def _constraint(each: dict[str, Any]) -> str:
    kinds = [kind for kind in ("primary_key", "unique", "check", "index", "foreign_key") if each[kind]]
    return f"{' '.join(kinds)}: {', '.join(map(str, each['columns'] or []))}"


def migrations() -> list[str]:
    loader = MigrationLoader(None)
    return sorted(f"{app} {name}" for app, name in loader.disk_migrations if app in OURS)


def where() -> dict[str, str]:
    """Folder -> what stands for it in a record."""
    return {str(settings.DATA_DIR): "<data>", str(settings.BASE_DIR): "<checkout>"}
