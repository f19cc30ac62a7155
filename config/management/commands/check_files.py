"""Rows without files, and files without rows."""

from typing import Any

from django.core.management.base import CommandParser

from config.files import changed_files, check_files, delete_orphans
from explain.core.commands import Answer, AnswerCommand


class Command(AnswerCommand):
    help = "Find rows without their files, and files without a row that are older than an hour; with --bytes, files that changed."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--delete", action="store_true", help="delete the files without a row")
        parser.add_argument(
            "--bytes",
            action="store_true",
            dest="with_bytes",
            help="read every file, too: photos and the pictures of opened studies must be what they were",
        )

    def run(self, *, delete: bool, with_bytes: bool, **_: Any) -> Answer:
        checked = check_files()
        changed = list(changed_files()) if with_bytes else []
        deleted = delete_orphans(checked) if delete else 0
        notes = []
        if checked.orphans and not delete:
            notes.append("Delete the files without a row: manage.py check_files --delete")
        faults = [
            *([f"{len(checked.lost)} files are lost"] if checked.lost else []),
            *([f"{len(changed)} files are not what they were"] if changed else []),
        ]
        remedy = "restore them from a backup, or make the maps again"
        return Answer(
            data={
                "files": checked.rows,
                "lost": checked.lost,
                "orphans": checked.orphans,
                "deleted": deleted,
                **({"changed": changed} if with_bytes else {}),
            },
            header=["", "files"],
            rows=[
                ["that rows point to", checked.rows],
                ["of these not there", len(checked.lost)],
                *([["of these changed", len(changed)]] if with_bytes else []),
                ["without a row", len(checked.orphans)],
                ["deleted", deleted],
            ],
            notes=[
                *notes,
                *(f"not there: {name}" for name in checked.lost[:20]),
                *(f"changed: {name}" for name in changed[:20]),
            ],
            failed=f"{' and '.join(faults)}; {remedy}" if faults else "",
        )
