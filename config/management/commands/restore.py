"""A backup, put back."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from config.backup import restore
from explain.core.commands import Answer, AnswerCommand, Bar


class Command(AnswerCommand):
    help = "Check a backup and put it back into an empty site (only `migrate` has run on it)."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, metavar="FOLDER")

    def run(self, *, folder: Path, **_: Any) -> Answer:
        with Bar("files") as bar:
            kept = restore(folder, bar)
        return Answer(
            data={"folder": str(folder), "rows": kept.rows, "files": kept.files, "missing": kept.missing},
            header=["table", "rows"],
            rows=list(kept.rows.items()),
            notes=[f"{kept.files} files. All counts and hashes are those of the backup."],
        )
