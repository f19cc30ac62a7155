"""Rows without files, and files without rows."""

from typing import Any

from django.core.management.base import CommandParser

from config.files import check_files, delete_orphans
from explain.core.commands import Answer, AnswerCommand


class Command(AnswerCommand):
    help = "Find rows without their files, and files without a row that are older than an hour."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--delete", action="store_true", help="delete the files without a row")

    def run(self, *, delete: bool, **_: Any) -> Answer:
        checked = check_files()
        deleted = delete_orphans(checked) if delete else 0
        notes = []
        if checked.orphans and not delete:
            notes.append("Delete the files without a row: manage.py check_files --delete")
        lost = (
            f"{len(checked.lost)} files are lost; restore them from a backup, or make the maps again"
            if checked.lost
            else ""
        )
        return Answer(
            data={
                "files": checked.rows,
                "lost": checked.lost,
                "orphans": checked.orphans,
                "deleted": deleted,
            },
            header=["", "files"],
            rows=[
                ["that rows point to", checked.rows],
                ["of these not there", len(checked.lost)],
                ["without a row", len(checked.orphans)],
                ["deleted", deleted],
            ],
            notes=[*notes, *(f"not there: {name}" for name in checked.lost[:20])],
            failed=lost,
        )
